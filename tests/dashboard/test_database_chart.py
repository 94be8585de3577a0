"""The chart of a statement: steps with gaps, the limit where it is, and debt where there is any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest

from dashboard.statement_chart import figure, takeaway
from dashboard.statement_trace import Stretch, Whole, stretches
from headroom.evidence import Moments
from headroom.history import StoredPart
from headroom.observation import Part, Quality
from tests.dashboard.sample import moments

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERY = timedelta(seconds=15)
HOUR = timedelta(hours=1)


def of(*found: Moments | None, threshold: float | None = 0.01, doubted: int | None = None) -> list[Stretch]:
    """Return the stretches of so many polls; None is one at which it did not run."""
    stored = []
    for k, each in enumerate(found):
        if each is not None:
            quality = Quality.SUSPECT if k == doubted else Quality.EXACT
            at = START + (k + 1) * EVERY
            stored.append(StoredPart(k, at, Part(at - EVERY, at, each, quality)))
    return stretches(stored, threshold, HOUR, EVERY)


def drawn(found: list[Stretch], limit: float | None = 0.01) -> go.Figure:
    """Return the chart of an hour, as somebody in Berlin sees it."""
    return figure(found, limit, since=START, until=START + HOUR, zone=ZoneInfo("Europe/Berlin"))


def said(chart: go.Figure) -> list[str]:
    """Return what is written into a chart."""
    return [note.text for note in chart.layout.annotations]


FAST, SLOW = moments(10, 0.002, 0.001, 0.004), moments(10, 0.02, 0.001)


def test_the_line_is_broken_where_it_did_not_run() -> None:
    """Each interval is a step in the visitor's time; one that stands alone is a dot."""
    line = drawn(of(FAST, FAST, None, None, SLOW)).data[1]

    assert line.y == pytest.approx((0.002, 0.002, 0.002, 0.002, None, 0.02, 0.02, None), nan_ok=True)
    assert line.x[0] == datetime(2026, 11, 22, 13, 0, 0)  # noqa: DTZ001 Plotly draws wall times
    assert line.marker.size == (0, 0, 0, 0, 0, 5, 5, 5)
    assert line.customdata[0].startswith("mean 2 ms<br>P95 between ")


def test_a_limit_in_reach_is_a_line_and_one_far_above_is_told() -> None:
    """Else everything would lie on the axis."""
    near, far = drawn(of(SLOW)), drawn(of(FAST, threshold=5.0), 5.0)

    assert said(near) == ["limit 10 ms"]
    assert [shape.y0 for shape in near.layout.shapes] == [0.01]
    assert said(far) == ["↑ limit 5 s, far above"]
    assert not far.layout.shapes
    assert far.layout.yaxis.range[1] < 0.02


def test_debt_is_drawn_where_there_is_any() -> None:
    """What is certain in full colour and what is possible above it, for each second."""
    low, high = drawn(of(SLOW)).data[-2:]
    assert low.y == pytest.approx((10 * 0.01 / 15,))
    assert low.y[0] < low.y[0] + high.y[0] < 0.2 / 15
    assert high.marker.pattern.shape == "/"

    for chart in (drawn(of(FAST, threshold=5.0), 5.0), drawn(of(SLOW, threshold=None), None)):
        assert "yaxis3" not in chart.to_plotly_json()["layout"]


def test_what_is_left_out_is_marked() -> None:
    """A cross on the axis, with the reason; it is in no figure."""
    found = of(FAST, SLOW, FAST, doubted=1)
    crosses = [one for one in drawn(found).data if one.type == "scatter" and one.mode == "markers"]

    assert [one.customdata for one in crosses] == [("1 suspect",)]
    assert Whole.of(found).moments == FAST + FAST


def test_the_chart_in_a_sentence() -> None:
    """For those who do not see it."""
    whole = Whole.of(of(SLOW))
    assert takeaway(whole, 0.01, "1h") == (
        "10 calls in the last 1h, on average 20 ms, where the limit is 10 ms; debt 99.9 to 101 ms"
    )
    assert takeaway(Whole.of(of(SLOW, threshold=None)), None, "1h").endswith("; its class has no limit")
    assert takeaway(Whole.of(of(SLOW, doubted=0)), 0.01, "1h") == "No calls in the last 1h"


def test_a_long_period_has_few_stretches() -> None:
    """At most 240, each the sum of its polls."""
    found = of(*[SLOW] * 2_000)
    many = stretches(
        [StoredPart(k, one.end, Part(one.start, one.end, one.moments)) for k, one in enumerate(found)],
        0.01,
        timedelta(days=2),
        EVERY,
    )

    assert len(found) == 2_000
    assert len(many) < 240 / 5
    assert sum(one.moments.n for one in many) == 20_000
    assert all(one.over is not None and one.over.n == one.moments.n for one in many)
