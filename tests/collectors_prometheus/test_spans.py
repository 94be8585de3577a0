"""How far back is asked: less of what is well, and never less than what the whole span would tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, sleep

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Gauge as ClientGauge
from prometheus_client import Histogram as ClientHistogram

from collectors.prometheus.asked import Asked, Target
from collectors.prometheus.difference import difference
from collectors.prometheus.fetch import Reader
from collectors.prometheus.snapshot import PrometheusSnapshot, Scrape
from collectors.prometheus.spans import MOST_LATE, Span, span_of
from collectors.prometheus.wire.address import Address
from headroom.evidence import Histogram
from headroom.sources import Secret, Source, SourceKind
from tests import servers
from tests.collectors_prometheus.figures import LOGIN, METRIC, NOON, READ, RULES, seen
from tests.collectors_prometheus.real import PERIOD
from tests.collectors_prometheus.real import Target as Served

WINDOW = 35.0
GIVES = frozenset({METRIC})
EVERY = 2.0
WELL = NOON - 1.5
"""When a target that is well was scraped last, every 2 s."""


def scrape(
    name: str,
    ok_at: float | None = WELL,
    *,
    job: str = "erp",
    steady: bool = True,
    every: float | None = 2.0,
) -> Scrape:
    """Return how a target fares."""
    return Scrape((job, name), NOON, ok_at is not None, ok_at, every, None, steady=steady)


def told(*scrapes: Scrape, gave: dict[Target, frozenset[str]] | None = None) -> Span:
    """Return the span for these scrapes, all of which gave the metric earlier unless told otherwise."""
    known = dict.fromkeys((one.target for one in scrapes), GIVES) if gave is None else gave
    return span_of(METRIC, {one.target: one for one in scrapes}, known, NOON, WINDOW)


def test_targets_that_are_well_are_asked_for_their_newest_scrape() -> None:
    """Two periods of the slowest hold it."""
    assert told(*(scrape(name) for name in "abc")) == Span(4.0)
    assert told(scrape("a"), scrape("b", every=5.0), scrape("c")) == Span(10.0)


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(scrape("z", NOON - 4.0), id="at the edge, which some servers leave out"),
        pytest.param(scrape("z", NOON - 20.0), id="failing for a while"),
        pytest.param(scrape("z", steady=False), id="restarted, or does not tell its start"),
        pytest.param(scrape("z", job="new", steady=False), id="of a job that nothing is known of"),
    ],
)
def test_whose_last_samples_may_be_older_is_asked_over_the_whole_span(late: Scrape) -> None:
    """What its process counted at the end must not be missed, and stays the start of the next interval."""
    well = [scrape(name) for name in "abc"]

    assert told(*well, late, gave=dict.fromkeys((one.target for one in well), GIVES)) == Span(
        4.0, (late.target,)
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(scrape("z", None), id="without a good scrape there are no samples"),
        pytest.param(scrape("z", job="node", steady=False), id="its job is known to give something else"),
    ],
)
def test_who_has_nothing_to_give_is_not_asked(other: Scrape) -> None:
    """One question is enough."""
    well = [scrape(name) for name in "abc"]
    gave = dict.fromkeys((one.target for one in well), GIVES) | {other.target: frozenset[str]()}

    assert told(*well, other, gave=gave) == Span(4.0)


def test_where_too_little_is_known_the_whole_span_is_asked_for() -> None:
    """Nobody gave the metric so far, or some period is not known, or it is as long as the span."""
    assert told(scrape("a"), gave={}) == Span(WINDOW)
    assert told(scrape("a"), scrape("b", every=None)) == Span(WINDOW)
    assert told(scrape("a", every=20.0)) == Span(WINDOW)


def test_in_a_rollout_one_question_is_asked() -> None:
    """Half of the targets, or many of them, have older samples: asked twice, they would be told twice."""
    well, late = [scrape(f"{n}") for n in range(50)], [scrape(f"old{n}", steady=False) for n in range(30)]

    assert told(*well[:2], *late[:2]) == Span(WINDOW)
    assert told(*well, *late[:MOST_LATE]).near == 4.0
    assert told(*well, *late[: MOST_LATE + 1]) == Span(WINDOW)


@dataclass
class World:
    """One Prometheus that scrapes five instances of one job, ten times between two polls."""

    place: str
    targets: list[Served]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start everything once, and wait until all of it was scraped for as long as a reading looks back."""
    with ExitStack() as stack:
        targets = [stack.enter_context(Served()) for _ in range(5)]
        for number, target in enumerate(targets):
            serve(target, NOON + number, logins=3, reads=5)
        scrapes = servers.scraping({"erp": [target.address for target in targets]})
        folder = tmp_path_factory.mktemp("spans")
        place = stack.enter_context(servers.prometheus(folder, scrapes, period=PERIOD))
        one = World(place, targets)
        deadline = monotonic() + 20
        while len(reader(one).read().histograms[METRIC].sets) < 2 * len(targets):
            assert monotonic() < deadline, "prometheus has not scraped everything within 20 s"
            sleep(PERIOD)
        yield one


def serve(target: Served, started: float, *, logins: int, reads: int) -> None:
    """Let an instance expose what a process that began at `started` has counted."""
    registry = CollectorRegistry()
    labels = ("method", "path", "status")
    histogram = ClientHistogram(METRIC, "Durations.", labels, buckets=(0.1, 0.2, 1), registry=registry)
    ClientGauge("process_start_time_seconds", "Start.", registry=registry).set(started)
    for number in range(logins + reads):
        request = ("POST", "/auth/login", "200") if number < logins else ("GET", "/bookings", "200")
        histogram.labels(*request).observe(0.05)
    target.text = generate_latest(registry).decode()


def wanted(place: str) -> Asked:
    """Return what is asked for."""
    return Asked("metrics", place, EVERY, dict.fromkeys((LOGIN, READ), (0.2,)), RULES)


def reader(world: World) -> Reader:
    """Return a reader of the world's Prometheus that knows nothing yet, and so asks for the whole span."""
    url = Secret(f"http://{world.place}")
    source = Source("metrics", SourceKind.PROMETHEUS, url, timedelta(seconds=EVERY))
    return Reader(Address.of(source), wanted(world.place), 5.0)


def figures(snapshot: PrometheusSnapshot) -> dict[str, object]:
    """Return all that was counted within the span that a poll is about, by label set."""
    counters = snapshot.histograms[METRIC]
    assert counters.refused is None, counters.refused
    since = snapshot.now - (2.2 * EVERY + PERIOD)
    return {
        one.key: (one.target, one.method, one.at, one.counts, one.total)
        for one in counters.sets
        if one.at > since
    }


def same(world: World, short: Reader) -> PrometheusSnapshot:
    """Poll with a reader that asks for little and with one that asks for all until no scrape is in between.

    Returns the snapshot of the first, after checking that it holds what the other does.
    """
    deadline = monotonic() + 5
    while True:
        before, little, after = reader(world).read(), short.read(), reader(world).read()
        # A scrape may come between two queries of one poll, too.
        still = {key: one for key, one in figures(after).items() if key in figures(before)}
        still = still == {key: one for key, one in figures(before).items() if key in still}
        if still and _newest(before) == _newest(little) == _newest(after):
            assert figures(little) == {
                key: one
                for key, one in figures(after).items()
                if key in figures(little) or key in figures(before)
            }
            assert figures(little).keys() >= figures(after).keys() & figures(before).keys()
            return little
        assert monotonic() < deadline, "no two polls without a scrape in between within 5 s"


def _newest(snapshot: PrometheusSnapshot) -> dict[Target, float]:
    return {target: one.at for target, one in snapshot.scrapes.items()}


def test_less_is_read_and_nothing_else_is_told(world: World) -> None:
    """The newest sample of every series, in a fraction of the bytes."""
    short = reader(world)
    short.read()
    whole = short._session.received
    sleep(2.2 * EVERY)

    little = same(world, short)

    assert len(little.histograms[METRIC].sets) == 2 * len(world.targets)
    fresh = reader(world)
    fresh.read()
    assert short._session.received < fresh._session.received / 2, whole


def test_what_failed_or_restarted_is_told_like_everything_else(world: World) -> None:
    """The last samples of a process that is gone, and of one that cannot be scraped, are not missed."""
    short = reader(world)
    short.read()
    before = short.read()
    failing, restarting = world.targets[:2]
    serve(failing, NOON, logins=4, reads=5)
    serve(restarting, NOON + 1, logins=3, reads=9)
    sleep(3 * PERIOD)
    failing.text = None
    serve(restarting, NOON + 500, logins=1, reads=0)
    sleep(4 * PERIOD)

    after = same(world, short)
    reading = difference(before, after, wanted(world.place))
    sleep(2.2 * EVERY)
    serve(failing, NOON, logins=6, reads=5)
    sleep(3 * PERIOD)
    later = same(world, short)

    reads = [part.evidence.n for part in seen(reading, READ) if isinstance(part.evidence, Histogram)]
    assert sum(reads) == 4
    logins = [part.evidence.n for part in seen(reading, LOGIN) if isinstance(part.evidence, Histogram)]
    assert sum(logins) == 1 + 1
    assert len(later.histograms[METRIC].sets) == 2 * len(world.targets) - 1
