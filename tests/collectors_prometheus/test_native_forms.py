"""Native histograms beside classic ones, and over time: first readings, births, resets, layouts."""

from __future__ import annotations

from collectors.prometheus.native.forms import edges_of
from collectors.prometheus.snapshot import PrometheusSnapshot, load
from headroom.bounds import Bounds
from headroom.evidence import Histogram
from headroom.observation import Part, Quality, Reading
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    METRIC,
    NOON,
    STARTED,
    Answer,
    absent,
    joined,
    pair,
    read,
    requests,
    seen,
    snapshot,
    up,
)
from tests.collectors_prometheus.natives import custom, exponential, series

DURATIONS = (0.02, 0.18, 0.195, 0.3)
"""Beside 200 ms, schema 3 has bounds at 193 and 210 ms, schema 2 at 177 and 210 ms."""
GUIDE = ("0.01", "0.05", "0.1", "0.5", "1", "5", "+Inf")
GOOD = ("0.1", "0.2", "0.5", "+Inf")


def classic(at: float, *counts: int, bounds: tuple[str, ...] = GUIDE) -> Answer:
    """Return the logins as a classic histogram."""
    return requests(at, *counts, bounds=bounds)


def native(at: float, *durations: float, instance: str = "a:80") -> Answer:
    """Return the logins as a native histogram of schema 3."""
    return series(at, exponential(durations, 3), instance=instance)


def only(reading: Reading) -> tuple[Part, Histogram]:
    """Return the one part of the logins."""
    (part,) = seen(reading, LOGIN)
    assert isinstance(part.evidence, Histogram)
    return part, part.evidence


def test_both_forms_are_counted_once() -> None:
    """The guide's buckets have no bound at 200 ms: of two forms of the same events the native one decides."""
    before = joined([classic(NOON, 0, 1), native(NOON, 0.02)])
    after = joined([classic(LATER, 0, 2, 0, 3), native(LATER, 0.02, *DURATIONS)])

    part, counted = only(read(*pair(before, after)))

    assert counted.n == 4
    assert part.bounds == (Bounds(0.2, 4, 1, 2), Bounds(0.5, 4, 0, 0))


def test_the_classic_form_counts_where_it_has_all_thresholds() -> None:
    """With bounds at 200 and 500 ms nothing is closer."""
    before = joined([classic(NOON, bounds=GOOD), native(NOON)])
    after = joined([classic(LATER, 1, 2, 1, bounds=GOOD), native(LATER, *DURATIONS)])

    part, counted = only(read(*pair(before, after)))

    assert counted.bounds == (0.1, 0.2, 0.5)
    assert part.bounds == (Bounds(0.2, 4, 1, 1), Bounds(0.5, 4, 0, 0))


def test_a_broken_form_gives_way_to_the_other() -> None:
    """NaN in the native one; the classic one goes on, though it is the coarser."""
    spoilt = [series(at, {"count": "5", "sum": "NaN"}) for at in (NOON, LATER)]

    part, _ = only(
        read(*pair(joined([classic(NOON), spoilt[0]]), joined([classic(LATER, 0, 1, 0, 3), spoilt[1]])))
    )

    assert part.bounds == (Bounds(0.2, 4, 0, 3), Bounds(0.5, 4, 0, 0))


def test_a_switch_of_the_form_is_a_first_reading() -> None:
    """Neither a reset nor a birth: what a native histogram has counted in all is not of this interval."""
    switched = joined([classic(NOON, 0, 9), native(LATER, *[0.02] * 9, *DURATIONS)])
    back = joined([native(NOON, 0.02), classic(LATER, 0, 2, 0, 3)])

    for answer, before in ((switched, classic(NOON, 0, 9)), (back, native(NOON, 0.02))):
        reading = read(*pair(before, answer, started=(STARTED, STARTED)))
        assert seen(reading, LOGIN) == ()
        assert absent(reading, LOGIN) == ("no data", "one reading so far; a difference needs two")


def test_a_birth_counts_from_zero_and_a_reset_since_it() -> None:
    """As of classic ones; a new process is known by a bucket that fell, or doubted by its start alone."""
    born = read(*pair([], native(LATER, *DURATIONS)))
    fell = read(*pair(native(NOON, 0.02, 0.02), native(LATER, 0.02, 0.3, 0.3)))
    doubted = read(*pair(native(NOON, 0.02), native(LATER, 0.02, 0.3), started=(STARTED, NOON + 3)))

    assert [(only(one)[0].quality, only(one)[1].n) for one in (born, fell, doubted)] == [
        (Quality.FIRST_SEEN, 4),
        (Quality.RESET, 3),
        (Quality.SUSPECT, 1),
    ]


def test_an_older_form_that_lingers_is_not_read() -> None:
    """After a switch the classic series stay in the window with their old time stamp, and are no events."""
    lingering = classic(NOON - 15, 0, 9)

    reading = read(
        *pair(joined([lingering, native(NOON, 0.02)]), joined([lingering, native(LATER, 0.02, 0.3)]))
    )

    assert only(reading)[1].n == 1


def test_a_coarser_schema_is_no_reset_and_no_doubt() -> None:
    """A library halves its resolution when buckets are many; nothing is known of the start of its process."""
    before = series(NOON, exponential((0.02, 0.18), 3))
    after = series(LATER, exponential((0.02, 0.18, *DURATIONS), 2))

    part, counted = only(read(*pair(before, after)))

    assert (part.quality, counted.n) == (Quality.EXACT, 4)
    assert part.bounds[0] == Bounds(0.2, 4, 1, 3)


def test_a_finer_schema_may_be_another_process() -> None:
    """Nothing becomes finer in one life; where nothing is known of the process's start, that is doubtful."""
    before = series(NOON, exponential((0.02, 0.18), 2))
    after = series(LATER, exponential((0.02, 0.18, *DURATIONS), 3))

    part, _ = only(read(*pair(before, after)))

    assert part.quality is Quality.SUSPECT


def test_label_sets_without_events_share_the_layout_of_their_target() -> None:
    """So that they are one part with the others, and a mean needs no second layout."""
    other = exponential((0.3,), 3)
    before = joined([native(NOON), series(NOON, other, table="users")])
    after = joined([native(LATER), series(LATER, other, table="users")])

    _, counted = only(read(*pair(before, after)))

    assert counted.n == 0
    assert 0.25 in counted.bounds


def test_custom_bounds_that_show_up_later_are_exact_from_their_first_event() -> None:
    """Nothing lay in an unseen bucket before; without the start of the process that is no doubt either."""
    bounds = (0.1, 0.2, 0.5, 1.0)
    before = series(NOON, custom((0.15,), bounds))
    after = series(LATER, custom((0.15, 0.15, 0.3, 0.7, 3.0), bounds))

    part, counted = only(read(*pair(before, after)))

    assert (counted.bounds, counted.counts, part.quality) == (bounds, (0, 1, 1, 1, 1), Quality.EXACT)
    assert part.bounds == (Bounds(0.2, 4, 3, 3), Bounds(0.5, 4, 2, 2))


def test_custom_bounds_that_look_like_a_schema_are_told_by_the_others_of_the_target() -> None:
    """From 0.5 to 1 is a bucket of schema 0; that a neighbour has one from 0.1 to 0.5 tells what it is."""
    bounds = (0.1, 0.5, 1.0)
    before, after = (
        joined([series(at, custom((0.7,) * n, bounds)), series(at, custom((0.3,), bounds), path="/other")])
        for at, n in ((NOON, 1), (LATER, 3))
    )

    _, counted = only(read(*pair(before, after)))

    assert (counted.bounds, counted.counts) == (bounds, (0, 0, 2, 0))


def test_custom_bounds_once_seen_are_remembered() -> None:
    """A dumped snapshot tells them, too, and what nobody has as a layout is forgotten."""
    taken = snapshot(NOON, counters=series(NOON, custom((0.15, 0.3), (0.1, 0.2, 0.5))), health=up(NOON))
    loaded = load(taken.dump())
    crowd = joined(
        series(NOON, custom((k / 1000,), tuple(n / 1000 for n in range(1, 700))), table=str(k))
        for k in range(1, 700)
    )

    assert isinstance(loaded, PrometheusSnapshot)
    assert loaded == taken
    assert edges_of(loaded.histograms[METRIC].sets) == {"erp": frozenset({0.1, 0.2, 0.5})}
    assert edges_of(snapshot(NOON, counters=crowd).histograms[METRIC].sets) == {}
