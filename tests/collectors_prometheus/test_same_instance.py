"""Several targets under one job and instance, told apart by another label: no better than their worst."""

from __future__ import annotations

import pytest

from collectors.prometheus.scrapes import scrapes_of
from collectors.prometheus.snapshot import PrometheusSnapshot, Scrape
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    NOON,
    STARTED,
    WINDOW,
    Answer,
    absent,
    read,
    requests,
    seen,
    snapshot,
    told,
    up,
)

TARGET = ("erp", "a:80")


def of(cluster: str, health: Answer) -> Answer:
    """Return scrapes of the target of one cluster."""
    for series in health:
        series["metric"]["cluster"] = cluster
    return health


def joined(*health: Answer) -> Scrape:
    """Return the one scrape that stands for all."""
    (scrape,) = scrapes_of([series for each in health for series in each], NOON + 20, WINDOW).values()
    return scrape


def at(moment: float, *, well: bool) -> PrometheusSnapshot:
    """Return a reading of two clusters, of which the western one is scraped well up to noon."""
    counters = requests(moment, 0, 0, 100, path="/x", method="GET", cluster="east")
    counters += requests(moment if well else NOON, 0, 0, 100, cluster="west")
    health = of("east", up(moment)) + of("west", up(moment, well=well))
    return snapshot(moment + 1, counters=counters, health=health)


def test_the_health_of_one_does_not_make_the_others_series_gone() -> None:
    """The logins are in the west, whose scrapes fail: neither met nor idle, but blind."""
    reading = read(at(NOON, well=True), at(LATER, well=False))

    assert seen(reading, LOGIN) == ()
    assert absent(reading, LOGIN) == (
        "no data",
        "the scrape of erp (a:80) fails: see Status > Targets of Prometheus at prom:9090",
    )


def test_one_that_is_scraped_later_does_not_make_the_others_series_gone() -> None:
    """Both are well, and scraped at different moments, as any two targets."""

    def both(east: float, west: float, slow: int) -> PrometheusSnapshot:
        counters = requests(east, 0, 0, 100, path="/x", method="GET", cluster="east")
        counters += requests(west, 0, 0, 0, 0, 0, slow, cluster="west")
        return snapshot(east + 1, counters=counters, health=of("east", up(east)) + of("west", up(west)))

    reading = read(both(NOON, NOON - 7, 50), both(LATER, NOON - 7, 50))

    assert told(reading, LOGIN) == []


def test_all_must_be_well_and_the_oldest_counts() -> None:
    """One start for both is a start; two are none."""
    both = joined(of("east", up(NOON + 9, started=STARTED)), of("west", up(NOON, started=STARTED)))
    assert (both.at, both.up, both.ok_at, both.every, both.started) == (NOON + 9, True, NOON, 15.0, STARTED)
    other = joined(of("east", up(NOON + 9, started=STARTED)), of("west", up(NOON, started=STARTED + 5)))
    assert (other.started, other.steady) == (None, False)
    one_failed = joined(of("east", up(NOON + 9)), of("west", up(NOON, well=False)))
    assert (one_failed.up, one_failed.ok_at) == (False, NOON - 15)
    never = of("west", up(NOON, well=False))
    never[0]["values"] = [[NOON, "0"]]
    one_never = joined(of("east", up(NOON + 9)), never)
    assert (one_never.up, one_never.ok_at, one_never.every) == (False, None, None)


@pytest.mark.parametrize("label", ["exported_job", "exported_instance"])
def test_a_federated_scrape_is_not_of_this_target(label: str) -> None:
    """It is that of an origin, at its own time."""
    federated = up(NOON + 12, well=False, started=NOON)
    for series in federated:
        series["metric"][label] = "origin"

    scrape = joined(up(NOON + 9), federated)

    assert (scrape.target, scrape.at, scrape.up, scrape.ok_at) == (TARGET, NOON + 9, True, NOON + 9)
