"""What one statement's counters prove of an interval."""

from __future__ import annotations

import math

import pytest

from collectors.postgres.entry import (
    Change,
    Entry,
    between,
    cut,
    key,
    key_of,
    owner_of,
    owners_of,
    since_birth,
    statement_of,
)
from collectors.postgres.sums import certain, summed, together
from headroom.bounds import Bounds
from headroom.evidence import Moments
from headroom.observation import Quality

from .simulation import record

RECORD = record(-42, 4, 10.0, 1.0, 4.0, 1.118033988749895, planning=2.0)


def entry(*milliseconds: float, born: int = 0, watched: int = 0) -> Entry:
    """Return the counters after these executions."""
    moments = Moments.of([took / 1000 for took in milliseconds])
    return Entry(
        len(milliseconds),
        moments.total,
        min(milliseconds) / 1000,
        max(milliseconds) / 1000,
        moments.squares,
        0.0,
        born,
        watched,
    )


def change(before: Entry, after: Entry, *, disturbed: bool = False) -> Change:
    """Return what happened between two readings, which must be something."""
    found = between(before, after, disturbed=disturbed)
    assert found is not None
    return found


def test_record_is_read() -> None:
    """Milliseconds become seconds, the deviation becomes the sum of squares."""
    read = Entry.read(RECORD, births=False)

    assert (read.calls, read.total, read.low, read.high) == (4, 0.01, 0.001, 0.004)
    assert read.squares == pytest.approx(5e-6)
    assert (read.planning, read.born, read.watched) == (0.002, 0, 0)
    born = Entry.read(record(1, 1, 1.0, 1.0, 1.0, 0.0, births=(7, 9)), births=True)
    assert (born.born, born.watched) == (7, 9)


def test_identity_is_what_a_record_begins_with() -> None:
    """Role, database and query are the identity; the same as words is what texts are told by."""
    assert statement_of(RECORD) == "10 5 -42"
    assert key("10 5 -42") == key_of(RECORD)
    assert owners_of(owner_of(RECORD)) == owners_of(RECORD) == (10, 5)


@pytest.mark.parametrize("statement", ["", "10 5", "10 5 x", "10 5 9223372036854775808", "-1 5 3", "1 2 3 4"])
def test_words_that_name_no_statement(statement: str) -> None:
    """What no server can have named has no identity."""
    with pytest.raises(ValueError, match=r"."):
        key(statement)


def test_records_are_cut() -> None:
    """Records lie one behind the other; a piece that is left over makes all of it doubtful."""
    other = record(7, 1, 1.0, 1.0, 1.0, 0.0)

    assert cut(RECORD + other, births=False) == {RECORD, other}
    assert cut(b"", births=True) == frozenset()
    with pytest.raises(ValueError, match="129 bytes are no records of 64 bytes"):
        cut(RECORD + other + b"x", births=False)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (record(1, -4, 10.0, 1.0, 4.0, 1.0), "an entry's counters are out of range"),
        (record(1, 4, math.nan, 1.0, 4.0, 1.0), "an entry's counters are out of range"),
        (record(1, 4, 10.0, math.nan, 4.0, 1.0), "an entry's counters are out of range"),
        (record(1, 4, 10.0, 1.0, 4.0, 1.0, planning=math.nan), "an entry's counters are out of range"),
        (record(1, 4, math.inf, 1.0, 4.0, 1.0), "an entry's counters are out of range"),
        (record(1, 4, 10.0, -1.0, 4.0, 1.0), "an entry's counters are out of range"),
        (record(1, 4, math.inf, -math.inf, 4.0, 1.0), "an entry's counters are out of range"),
        (record(1, 4, 10.0, 1.0, 4.0, math.nan), "an entry's deviation is out of range"),
        (record(1, 4, 10.0, 1.0, 4.0, 1e300), "an entry's deviation is out of range"),
    ],
)
def test_rubbish_is_refused(wrong: bytes, said: str) -> None:
    """What cannot be counters is not counted."""
    with pytest.raises(ValueError, match=said):
        Entry.read(wrong, births=False)


def test_difference_is_the_moments_of_what_ran() -> None:
    """Number, sum and spread are those of the executions in between."""
    found = change(entry(1, 9, 2), entry(1, 9, 2, 4, 5, 9.5))

    truth = Moments.of([0.004, 0.005, 0.0095])
    assert found.moments.n == 3
    assert found.moments.total == pytest.approx(truth.total)
    assert found.moments.squares == pytest.approx(truth.squares)
    assert found.moments.cap == 0.0095
    assert found.longest == 0.0095
    assert found.quality is Quality.EXACT


def test_old_maximum_caps_but_did_not_happen() -> None:
    """A maximum from before the interval bounds it, and is no slow call of the interval."""
    found = change(entry(1, 90), entry(1, 90, 2, 2))

    assert found.moments.cap == 0.09
    assert found.longest is None
    assert found.over(0.05).k_low == 0
    assert found.over(0.1) == Bounds(0.1, 2, 0, 0)


def test_new_maximum_is_one_slow_call_for_certain() -> None:
    """A maximum that rose was reached in the interval: at least one call was over."""
    quick = [1.0] * 200
    found = change(entry(*quick), entry(*quick, *quick, 90))

    assert found.moments.over(0.05).k_low == 0
    assert found.over(0.05).k_low == 1


def test_nothing_ran() -> None:
    """The same counters give nothing."""
    assert between(entry(1, 2), entry(1, 2), disturbed=True) is None


@pytest.mark.parametrize(
    "after",
    [
        entry(1.5),
        entry(0.1, 0.2, 0.3),
        Entry(9, 0.03, 0.002, 0.006, 1.0),
        Entry(9, 0.03, 0.001, 0.005, 1.0),
        entry(1, 3),
        Entry(6, 0.0171, 0.001, 0.006, 1e-9),
    ],
    ids=["calls fell", "time fell", "minimum rose", "maximum fell", "same calls, other time", "spread fell"],
)
def test_another_life_counts_from_its_birth(after: Entry) -> None:
    """Counters that cannot have grown out of the old ones began again, and count from zero."""
    found = change(entry(1, 6) if after.calls != 6 else entry(1, 2, 6), after)

    assert found.quality is Quality.RESET
    assert found.moments.n == after.calls
    assert found.moments.total == after.total
    assert found.longest == after.high


def test_growth_after_evictions_must_prove_its_identity() -> None:
    """Where entries were thrown away, larger counters with new extremes may be another life's."""
    before = entry(2, 5)

    assert change(before, entry(2, 5, 6), disturbed=True).quality is Quality.EXACT
    assert change(before, entry(2, 5, 1), disturbed=True).quality is Quality.EXACT
    assert change(before, entry(1, 7, 3), disturbed=True).quality is Quality.SUSPECT
    assert change(before, entry(1, 7, 3)).quality is Quality.EXACT


def test_birth_decides_where_it_is_told() -> None:
    """From extension 1.11 on an entry says since when it counts, and no growth is doubted."""
    before = entry(2, 5, born=100, watched=100)
    same = entry(1, 7, 2, 5, born=100, watched=100)
    other = entry(1, 2, 5, 7, born=200, watched=200)

    assert change(before, same, disturbed=True).quality is Quality.EXACT
    assert change(before, same, disturbed=True).moments.n == 2
    assert change(before, other).quality is Quality.RESET
    assert change(before, other).moments.n == 4


def test_maximum_that_was_reset_alone_is_no_cap() -> None:
    """A maximum that began again within the interval says nothing of the calls before that."""
    before = entry(2, 50, born=100, watched=100)
    after = Entry(4, before.total + 0.041, 0.001, 0.001, before.squares + 1e-3, 0.0, 100, 300)
    found = change(before, after)

    assert found.moments.cap is None
    assert found.longest == 0.001
    assert since_birth(after, Quality.RESET).moments.cap is None


def test_last_digits_are_not_leaned_on() -> None:
    """After 10^12 s of calls the sum is known to a tenth of a millisecond only; bounds allow for that."""
    before = Entry(10**9, 1e12, 0.001, 2e6, 1e12)
    after = Entry(10**9 + 1, math.nextafter(1e12 + 0.01, math.inf), 0.001, 2e6, 1e12 + 1e6)
    found = change(before, after)

    assert found.blur > 1e-4
    assert found.over(0.01) == Bounds(0.01, 1, 0, 1)


def test_rounding_does_not_put_the_mean_above_the_maximum() -> None:
    """The difference of two large sums may exceed what n calls of the largest time can take."""
    before = Entry(10**6, 1e9, 0.001, 1000.0, 1.0)
    found = change(before, Entry(10**6 + 1, 1e9 + 1000.0000002, 0.001, 1000.0, 1.0))

    assert found.moments.total == 1000.0
    assert found.over(1000.0) == Bounds(1000.0, 1, 0, 0)


def test_planning_is_told_apart() -> None:
    """Planning is no part of the execution, in the interval or since the birth."""
    before, after = entry(1, 2)._replace(planning=0.5), entry(1, 2, 3)._replace(planning=0.75)

    assert change(before, after).planning == 0.25
    assert change(before, after).total == pytest.approx(0.003)
    assert since_birth(after, Quality.FIRST_SEEN).planning == 0.75


def test_sum_is_that_of_a_chain_of_additions() -> None:
    """Moments of disjoint sets add up to the moments of all; one without a cap leaves the sum without."""
    sets = [[1, 2, 9], [500], [4] * 7]
    changes = [since_birth(entry(*values), Quality.FIRST_SEEN) for values in sets]
    truth = Moments.of([value / 1000 for values in sets for value in values])
    found = summed(changes)

    assert (found.n, found.cap) == (truth.n, 0.5)
    assert found.total == pytest.approx(truth.total)
    assert found.squares == pytest.approx(truth.squares)
    assert summed([*changes, changes[0]._replace(cap=None)]).cap is None
    assert summed([*changes, changes[0]._replace(n=0, total=0.0, squares=0.0, cap=None)]) == found
    assert summed([]) == Moments(0, 0.0, 0.0)
    assert summed(changes[:1]) == changes[0].moments


def test_certain_bounds_are_added_over_the_statements() -> None:
    """Merged, the slow statement would blur the quick ones: added, each proves what is its own."""
    quick, slow = change(entry(1), entry(*[1.0] * 101)), change(entry(90), entry(*[90.0] * 11))

    assert certain([quick, slow], (0.05, 0.5)) == (Bounds(0.05, 110, 10, 10), Bounds(0.5, 110, 0, 0))
    assert certain([], (0.05,)) == (Bounds(0.05, 0, 0, 0),)
    assert certain([quick], ()) == ()


def test_twins_are_one_entry() -> None:
    """What two entries count together is what one would have counted."""
    whole = entry(1, 9, 2, 4)
    found = together([entry(1, 9)._replace(planning=0.5), entry(2, 4)._replace(planning=0.25)])

    assert (found.calls, found.low, found.high, found.planning) == (4, 0.001, 0.009, 0.75)
    assert found.total == pytest.approx(whole.total)
    assert found.squares == pytest.approx(whole.squares)
    assert together([Entry(0, 0.0, 0.0, 0.0, 0.0), entry(3)]) == entry(3)
