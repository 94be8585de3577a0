"""What a process counted at its end, and the next one from its beginning: neither is taken for the other."""

from __future__ import annotations

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
    """A label set that the new process has not got was counted on by the old one, before the restart."""
    old = requests(NOON, 3) + requests(NOON, 5, path="/x", method="GET")
    left = requests(NOON + 5, 9, path="/x", method="GET")
    before, after = pair(old, requests(LATER, 1) + left, started=(STARTED, NOON + 8))

    reading = read(before, after)

    (reads,), (logins,) = seen(reading, READ), seen(reading, LOGIN)
    assert isinstance(reads.evidence, Histogram)
    assert isinstance(logins.evidence, Histogram)
    assert (reads.evidence.n, reads.quality) == (4, Quality.EXACT)
    assert (logins.evidence.n, logins.quality) == (1, Quality.RESET)


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
    assert part.detail == "its counters are gone since a restart, and what they counted last is lost"
