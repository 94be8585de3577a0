"""What a process counted at its end, and the next one from its beginning: neither is taken for the other."""

from __future__ import annotations

import pytest

from headroom.evidence import Histogram
from headroom.observation import Quality
from tests.collectors_prometheus.figures import (
    LATER,
    LOGIN,
    NOON,
    READ,
    STARTED,
    pair,
    read,
    requests,
    seen,
    snapshot,
    up,
)


def test_a_process_whose_clock_is_ahead_has_restarted_all_the_same() -> None:
    """Its start lies in the future of Prometheus' clock, and is another than before."""
    before, after = pair(requests(NOON, 1), requests(LATER, 9), started=(STARTED, LATER + 60))

    (part,) = seen(read(before, after), LOGIN)

    assert part.quality is Quality.SUSPECT


def test_the_end_of_a_process_is_not_counted_as_the_life_of_the_next() -> None:
    """A label set that the new process has not got: its own counters fell, those of the end did not."""
    old = requests(NOON, 3) + requests(NOON, 5, path="/x", method="GET")
    left = requests(NOON + 5, 9, path="/x", method="GET")
    before, after = pair(old, requests(LATER, 1) + left, started=(STARTED, NOON + 8))

    reading = read(before, after)

    (logins,) = seen(reading, LOGIN)
    assert isinstance(logins.evidence, Histogram)
    assert (logins.evidence.n, logins.quality) == (1, Quality.RESET)
    (reads,) = seen(reading, READ)
    assert isinstance(reads.evidence, Histogram)
    assert (reads.evidence.n, reads.quality) == (4, Quality.SUSPECT)
    assert reads.detail == (
        "erp (a:80): it restarted, and maybe more than once, so that a reset before 12:00:05 UTC cannot be "
        "ruled out"
    )


def test_a_life_between_two_restarts_is_not_taken_for_the_end_of_the_one_before() -> None:
    """In a crash loop the middle process has overtaken the first one's counts, 300 slow ones too."""
    before, after = pair(
        requests(NOON, 0, 0, 0, 0, 0, 300),
        requests(LATER - 5, 0, 0, 400, 0, 0, 300),
        started=(STARTED, LATER - 3),
    )

    (part,) = seen(read(before, after), LOGIN)

    assert part.quality is Quality.SUSPECT


def test_a_life_between_two_restarts_whose_counts_fell_counts_from_zero() -> None:
    """That the middle process is another one is certain."""
    before, after = pair(requests(NOON, 9), requests(NOON + 5, 4), started=(STARTED, NOON + 8))

    (part,) = seen(read(before, after), LOGIN)

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.n, part.quality) == (4, Quality.RESET)


def test_an_end_at_which_nothing_was_counted_is_certain() -> None:
    """The same counts with the same sum of durations: no other process came to those by chance."""
    before, after = pair(requests(NOON, 9), requests(NOON + 5, 9), started=(STARTED, NOON + 8))

    (part,) = seen(read(before, after), LOGIN)

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.n, part.quality) == (0, Quality.EXACT)


def test_an_end_told_by_a_clock_ahead_is_none() -> None:
    """The start is the same before and after, however late it seems: nothing restarted."""
    started = LATER + 60
    before, after = pair(requests(NOON, 5), requests(NOON + 5, 9), started=(started, started))

    (part,) = seen(read(before, after), LOGIN)

    assert part.quality is Quality.EXACT


@pytest.mark.parametrize("old", [1, 5])
def test_a_label_set_that_a_later_process_has_again_counts_from_zero(old: int) -> None:
    """Its old sample is of the process before: 3 were served, not 2, and nothing fell in this interval."""
    others = [requests(at, 7, path="/x", method="GET") for at in (NOON, LATER)]
    health = [up(at, started=NOON - 20) for at in (NOON, LATER)]
    before = snapshot(NOON + 1, counters=requests(NOON - 30, old) + others[0], health=health[0])
    after = snapshot(LATER + 1, counters=requests(LATER, 3) + others[1], health=health[1])
    reading = read(before, after)

    (logins,), (reads,) = seen(reading, LOGIN), seen(reading, READ)

    assert isinstance(logins.evidence, Histogram)
    assert (logins.evidence.n, logins.quality, reads.quality) == (3, Quality.FIRST_SEEN, Quality.EXACT)


def test_two_processes_that_answer_in_turn_under_one_name_are_not_judged() -> None:
    """Each has a start of its own and the counts of a whole life; none of it is of the interval."""
    first, second = STARTED, STARTED - 5000
    for old, new, starts, began in (
        (requests(NOON, 9000), requests(LATER, 5000, 100), (first, second), "09:36:40"),
        (requests(NOON, 5000, 100), requests(LATER, 9000, 100), (second, first), "11:00:00"),
        (requests(NOON, 9, path="/x", method="GET"), requests(LATER, 5000), (first, second), "09:36:40"),
    ):
        (part,) = seen(read(*pair(old, new, started=starts)), LOGIN)

        assert part.quality is Quality.SUSPECT
        assert part.detail == (
            f"erp (a:80): another process answers under the same name, which began at {began} UTC, before "
            "the one that was seen last was gone; two of them behind one address?"
        )


@pytest.mark.parametrize(("began", "quality"), [(-2.1, Quality.SUSPECT), (-2.0, Quality.RESET)])
def test_a_process_may_begin_two_seconds_before_the_last_sample_of_the_other(
    began: float, quality: Quality
) -> None:
    """Two clocks are compared; more than that is another process."""
    before, after = pair(requests(NOON, 9), requests(LATER, 4), started=(STARTED, NOON + began))

    (part,) = seen(read(before, after), LOGIN)

    assert part.quality is quality


def test_counters_that_fall_without_a_restart_are_not_judged() -> None:
    """One of several workers whose counts are added up was replaced: those of the others are lifetimes."""
    old = requests(NOON, 1000) + requests(NOON, 4, path="/x", method="GET")
    new = requests(LATER, 760, 0, 0, 0, 0, 300) + requests(LATER, 5, path="/x", method="GET")
    reading = read(*pair(old, new, started=(STARTED, STARTED)))

    (logins,), (reads,) = seen(reading, LOGIN), seen(reading, READ)

    assert (logins.quality, reads.quality) == (Quality.SUSPECT, Quality.SUSPECT)
    assert logins.detail == "erp (a:80): its counters fell though its process did not restart"
    assert reads.detail == "erp (a:80): other counters of it fell though its process did not restart"


def test_a_start_that_is_no_number_is_no_start() -> None:
    """It is the same at every scrape, and says nothing of a restart."""
    before, after = pair(requests(NOON, 9), requests(LATER, 4), started=(0.0, 0.0))

    (part,) = seen(read(before, after), LOGIN)

    assert part.quality is Quality.RESET


RELABELLED = (
    "erp (a:80): label sets vanished and others appeared at once: relabelled? what the new ones counted "
    "before is among their counts"
)


@pytest.mark.parametrize("started", [None, STARTED])
@pytest.mark.parametrize("lingers", [True, False])
def test_label_sets_that_take_the_place_of_others_are_not_judged(
    started: float | None, lingers: bool
) -> None:
    """A label was added to the target: all its counters are new by name, and years old."""
    old, new = requests(NOON, 100_000), requests(LATER, 100_000, 0, 0, 0, 0, 300, env="prod")
    before, after = pair(old, new + old * lingers, started=(started, started))

    (part,) = seen(read(before, after), LOGIN)

    assert (part.quality, part.detail) == (Quality.SUSPECT, RELABELLED)


@pytest.mark.parametrize(
    ("started", "survivor", "quality"),
    [
        ((STARTED, NOON + 5), 9, Quality.FIRST_SEEN),
        ((None, None), 2, Quality.FIRST_SEEN),
        ((None, None), 9, Quality.SUSPECT),
        ((STARTED, STARTED), 9, Quality.SUSPECT),
        ((STARTED, STARTED), 2, Quality.SUSPECT),
    ],
)
def test_a_known_restart_is_no_relabelling(
    started: tuple[float | None, float | None], survivor: int, quality: Quality
) -> None:
    """A new process has other label sets than the one before; its start tells, or a counter that fell."""
    old = requests(NOON, 5, path="/x", method="GET") + requests(NOON, 5, path="/y", method="GET")
    new = requests(LATER, survivor, path="/x", method="GET") + requests(LATER, 3)

    (part,) = seen(read(*pair(old, new, started=started)), LOGIN)

    assert part.quality is quality


def test_a_label_set_that_lived_between_two_polls_is_counted() -> None:
    """Born after one poll and gone with its process before the next: its last sample is still there."""
    lived = requests(NOON + 5, 2, path="/x", method="GET")
    before, after = pair(requests(NOON, 3), requests(LATER, 1) + lived, started=(STARTED, NOON + 8))

    (part,) = seen(read(before, after), READ)

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.n, part.quality) == (2, Quality.FIRST_SEEN)


def test_a_label_set_that_vanished_from_all_samples_leaves_its_class_idle_with_a_loss() -> None:
    """It is not even among the older samples any more; it was given until the poll before."""
    before = snapshot(
        NOON + 1, counters=requests(NOON, 5) + requests(NOON, 5, path="/x", method="GET"), health=up(NOON)
    )
    after = snapshot(LATER + 1, counters=requests(LATER, 6, path="/x", method="GET"), health=up(LATER))

    (part,) = seen(read(before, after), LOGIN)

    assert isinstance(part.evidence, Histogram)
    assert (part.evidence.n, part.quality) == (0, Quality.RESET)
    assert part.detail == "its counters are no longer given, and what they counted last is lost"
