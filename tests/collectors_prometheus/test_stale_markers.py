"""Stale markers, which VictoriaMetrics tells as NaN and Prometheus hides."""

from __future__ import annotations

from typing import Any

import pytest

from collectors.prometheus.nodes import machines_of
from collectors.prometheus.samples import StrangeAnswerError, living
from collectors.prometheus.scrapes import scrapes_of
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    METRIC,
    NOON,
    Answer,
    absent,
    node,
    pair,
    read,
    requests,
    snapshot,
    up,
)


def ended(answer: Answer, at: float) -> Answer:
    """Return an answer with a stale marker at the end of each of its series."""
    return [{**one, "values": [*one["values"], [at, "NaN"]]} for one in answer]


def test_a_failing_scrape_is_no_broken_counter() -> None:
    """The counters end with NaN at the scrape that failed; what is wrong is the scrape."""
    before = snapshot(NOON + 1, counters=requests(NOON, 3, 1), health=up(NOON))
    after = snapshot(LATER + 1, counters=ended(requests(NOON, 3, 1), LATER), health=up(LATER, well=False))

    assert absent(read(before, after), LOGIN) == (
        "no data",
        "the scrape of erp (a:80) fails: see Status > Targets of Prometheus at prom:9090",
    )


def test_a_label_set_that_is_gone_is_not_broken() -> None:
    """Its target was scraped well without it; that nothing else is known of it is a matter of silence."""
    before, after = pair(requests(NOON, 3), ended(requests(NOON, 3), LATER))

    reading = read(before, after)

    assert reading.absences == ()
    assert after.histograms[METRIC].sets[0].at == NOON


def test_a_counter_that_is_nothing_but_nan_is_broken() -> None:
    """Somebody counts NaN; no stale marker comes without a sample before it."""
    spoilt = requests(LATER, 3)
    spoilt[0]["values"] = [[LATER - 5, "NaN"], [LATER, "NaN"]]

    reading = read(*pair(requests(NOON, 3), spoilt))

    assert absent(reading, LOGIN) == (
        "broken instrumentation",
        f"{METRIC} of POST /auth/login of erp (a:80): a count of NaN; counts are whole numbers",
    )


def test_targets_and_machines_end_with_their_last_sample() -> None:
    """A target taken out of the configuration does not fail, and a machine that is off is not broken."""
    (scrape,) = scrapes_of(ended(up(NOON), LATER), LATER, 60.0).values()
    cpu = ended(node(NOON, "node_cpu_seconds_total", 7, cpu="0", mode="user"), LATER)
    (machine,) = machines_of(cpu, LATER, 60.0).seen

    assert (scrape.at, scrape.up) == (NOON, True)
    assert (machine.at, machine.broken, machine.cpus) == (NOON, {}, {"0": (7.0, 7.0)})


@pytest.mark.parametrize("earlier", [[], "ab", {}, 5, ["noon", "1"], [NOON, 1], [NOON, None]])
def test_what_stands_before_a_marker_is_checked(earlier: Any) -> None:
    """The newest sample alone is checked otherwise; here, an older one takes its place."""
    with pytest.raises(StrangeAnswerError, match="samples of another time or type than was asked for"):
        living([earlier, [NOON, "NaN"]])  # type: ignore[list-item]
