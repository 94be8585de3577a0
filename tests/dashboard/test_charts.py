"""Figures: what is drawn, in whose time, and in colours that hold on both themes."""

from __future__ import annotations

from datetime import UTC, timedelta, tzinfo
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest

from dashboard.charts import figure, takeaway, zone_name
from dashboard.trace import MOST, Bin, Span
from headroom.budgets import Outcome
from tests.summary.builders import NOW, latency, resource

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
SPANS = [
    Span(NOW - HOUR, NOW - 2 * QUARTER, Outcome.MET),
    Span(NOW - 2 * QUARTER, NOW - QUARTER, Outcome.OVER),
    Span(NOW - QUARTER, NOW, Outcome.MET),
]


def intervals(count: int, **changed: float) -> list[Bin]:
    """Return intervals that fill the last hour."""
    size = HOUR / count
    shape = {"low": 0.02, "high": 0.04, "n": 100, **changed}
    return [
        Bin(
            NOW - HOUR + i * size, NOW - HOUR + (i + 1) * size, shape["low"], shape["high"], n=int(shape["n"])
        )
        for i in range(count)
    ]


def drawn(bins: list[Bin], limits: int = 0, zone: tzinfo = UTC) -> go.Figure:
    """Return the chart of a percentile, or with two limits of a resource."""
    promised = resource().limits if limits else latency().limits[:1]
    return figure(bins, SPANS, promised, since=NOW - HOUR, until=NOW, zone=zone)


def test_slow_shares_are_a_band_below_the_allowed_share() -> None:
    """The band spans what is certain, and the line says what is allowed."""
    chart = drawn(intervals(4))

    band, line, traffic, strip = chart.data
    assert set(band.y) == {0.02, 0.04, None}
    assert set(line.y) == {0.04, None}
    assert list(traffic.customdata) == [100] * 4
    assert list(strip.base) == [span.start.replace(tzinfo=None) for span in SPANS]
    assert [note.text for note in chart.layout.annotations] == ["at most 5% slower than 200 ms"]


def test_a_resource_has_a_line_for_each_limit_and_no_traffic() -> None:
    """Target solid, alert dashed, both named."""
    chart = drawn([Bin(NOW - HOUR, NOW, 0.5, 0.6, 0.55)], limits=2)

    lines = [shape for shape in chart.layout.shapes if shape.type == "line"]
    assert [(line.y0, line.line.dash) for line in lines] == [(0.7, "solid"), (0.8, "dash")]
    assert [note.text for note in chart.layout.annotations] == ["target 70%", "alert 80%"]
    assert len(chart.data) == 3


def test_periods_over_the_limit_are_shaded() -> None:
    """From the moment it was over to the moment it was not."""
    shaded = [shape for shape in drawn(intervals(4)).layout.shapes if shape.type == "rect"]

    assert [(shape.x0, shape.x1) for shape in shaded] == [
        ((NOW - 2 * QUARTER).replace(tzinfo=None), (NOW - QUARTER).replace(tzinfo=None))
    ]


@pytest.mark.parametrize(
    ("zone", "title", "last"),
    [
        (UTC, "time (UTC)", "2026-11-22T14:00:00"),
        (ZoneInfo("Europe/Berlin"), "time (Europe/Berlin, UTC+01:00)", "2026-11-22T15:00:00"),
        (ZoneInfo("America/St_Johns"), "time (America/St_Johns, UTC-03:30)", "2026-11-22T10:30:00"),
    ],
)
def test_times_are_the_visitors_and_say_so(zone: tzinfo, title: str, last: str) -> None:
    """Converted here: Plotly would draw the wall time of whatever zone it was given."""
    chart = drawn(intervals(4), zone=zone)

    assert chart.layout.xaxis3.title.text == title
    assert chart.layout.xaxis.range[1].isoformat() == last
    assert max(moment for moment in chart.data[1].x if moment).isoformat() == last


def test_a_full_chart_stays_within_1500_points() -> None:
    """More would make every drawing slow in the browser."""
    chart = drawn(intervals(MOST))

    assert sum(len(trace.x) for trace in chart.data) <= 1500


def test_no_line_is_drawn_over_a_gap() -> None:
    """Where nothing was measured for more than a minute there is no line."""
    first, *_, last = intervals(12)

    assert list(drawn([first, last]).data[1].y) == [0.04, 0.04, None, 0.04, 0.04, None]


def outline(bins: list[Bin]) -> list[tuple[float | None, float | None]]:
    """Return the band's points: seconds before the end of the chart, and height."""
    band = drawn(bins).data[0]
    end = NOW.replace(tzinfo=None)
    return [
        (None if x is None else (x - end).total_seconds(), y) for x, y in zip(band.x, band.y, strict=True)
    ]


def seconds(start: float, end: float, high: float | None) -> Bin:
    """Return an interval by its seconds before the end of the chart."""
    low = None if high is None else 0.0
    return Bin(NOW + timedelta(seconds=start), NOW + timedelta(seconds=end), low, high, n=9)


@pytest.mark.parametrize("between", [[], [seconds(-30, -15, None)]], ids=["a poll that failed", "no traffic"])
def test_the_band_ends_at_a_gap_of_one_interval(between: list[Bin]) -> None:
    """Drawn as one, the band would run aslant through what was not measured."""
    assert outline([seconds(-45, -30, 0.1), *between, seconds(-15, 0, 0.5)]) == [
        (-45, 0.1), (-30, 0.1), (-30, 0.0), (-45, 0.0), (None, None),
        (-15, 0.5), (0, 0.5), (0, 0.0), (-15, 0.0), (None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("start", [-17.0, -10.0])
def test_intervals_that_jitter_are_joined_upright(start: float) -> None:
    """Polls come a little early or late; neither a break nor a slanted edge is in the evidence."""
    assert outline([seconds(-30, -15, 0.1), seconds(start, 0, 0.5)]) == [
        (-30, 0.1), (-15, 0.1), (-15, 0.5), (0, 0.5),
        (0, 0.0), (-15, 0.0), (-15, 0.0), (-30, 0.0), (None, None),
    ]  # fmt: skip


def test_a_resource_read_once_between_gaps_is_seen() -> None:
    """One point alone would draw no line."""
    line = drawn([Bin(NOW - QUARTER, NOW, 0.5, 0.6, 0.55)], limits=2).data[1]

    assert list(line.y) == [0.55, 0.55, None]


def test_every_colour_is_said() -> None:
    """Plotly's own black would be invisible on the dark theme."""
    chart = drawn(intervals(4))

    assert all(shape.fillcolor or shape.line.color for shape in chart.layout.shapes)
    assert chart.data[0].fillcolor
    assert all(trace.line.color or trace.line.width == 0 for trace in chart.data[:2])
    assert all(trace.marker.color for trace in chart.data[2:])


def test_the_takeaway_is_a_sentence() -> None:
    """For those who do not see the chart: how much of the time, and what now."""
    said = takeaway("Log-in p95", SPANS, since=NOW - HOUR, until=NOW)
    half = takeaway("Log-in p95", SPANS[2:], since=NOW - HOUR, until=NOW)
    none = takeaway("Log-in p95", [], since=NOW - HOUR, until=NOW)

    assert said == "Log-in p95: of the time shown met 75%, over 25%; now met"
    assert half == "Log-in p95: of the time shown met 25%, not judged 75%; now met"
    assert none == "Log-in p95: nothing was judged in this period"


def test_an_empty_chart_can_be_drawn() -> None:
    """A class without traffic has outcomes and no evidence."""
    empty = [Bin(NOW - HOUR, NOW, None, None)]

    assert len(drawn(empty).data) == 3
    assert zone_name(ZoneInfo("Asia/Tokyo"), NOW) == "Asia/Tokyo, UTC+09:00"
