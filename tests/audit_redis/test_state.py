"""What a pass keeps between audits: bounded, readable by its own version only, and never misread."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from collectors.redis.census.state import START, Pass, fresh, load
from collectors.redis.census.tally import MOST_SIZES, Tally

from .cases import HOUR, NOON, POLICY

POLICIES = (POLICY, replace(POLICY, name="rest", prefix=b""))


def _broken_off() -> Pass:
    so_far = fresh(POLICIES, NOON)
    so_far.role, so_far.cursors, so_far.seen, so_far.took = "master", {"run": "42"}, 3, 0.25
    so_far.tallies[0].seen = 3
    so_far.tallies[0].live([-1, 5_000, 7_200_000], 3_600_000)
    so_far.tallies[0].sizes = {0: 64, 5: 72}
    so_far.tallies[0].offered = 3
    return so_far


def test_there_and_back() -> None:
    """A pass that is broken off comes back as it was."""
    so_far = _broken_off()

    assert load(so_far.dump(), POLICIES) == so_far
    tally = so_far.tallies[0]
    assert (tally.asked, tally.without_expiry, tally.too_long) == (3, 1, 1)
    assert (tally.shortest, tally.longest) == (5_000, 7_200_000)


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"{}",
        b"[1]",
        b"rubbish",
        _broken_off().dump().replace(b'"format":1', b'"format":9'),
        _broken_off().dump().replace(b'"42"', b'"-1 OR 1"'),
        _broken_off().dump().replace(b'"offered"', b'"offer"'),
        _broken_off().dump()[:-40],
    ],
)
def test_what_cannot_be_read(data: bytes | None) -> None:
    """What another version wrote, or nobody, is no pass."""
    assert load(data, POLICIES) is None


def test_other_policies() -> None:
    """Sums by other prefixes or lives say nothing; a policy that is only called otherwise is the same."""
    data = _broken_off().dump()

    assert load(data, POLICIES[::-1]) is None
    assert load(data, (replace(POLICY, most=HOUR), POLICIES[1])) is None
    assert load(data, (replace(POLICY, name="else"), POLICIES[1])) is not None


def test_whose_pass_it_is() -> None:
    """A pass is of one run, one role, and one day."""
    so_far = _broken_off()

    assert so_far.same(["run"], "master")
    assert not so_far.same(["run", "another"], "master")
    assert not so_far.same(["run"], "slave")
    assert so_far.young(NOON + timedelta(days=1))
    assert not so_far.young(NOON + timedelta(days=1, seconds=1))
    assert not so_far.young(NOON - timedelta(seconds=1))


def test_nothing_to_go_on_from() -> None:
    """A pass that is over, or did not begin, leaves nothing."""
    so_far = _broken_off()
    so_far.cursors = {"run": "done"}

    assert so_far.dump() == b""
    begun = fresh(POLICIES, NOON)
    begun.cursors = {"run": START}
    assert begun.dump() == b""


def test_it_is_bounded() -> None:
    """A million keys of any lives take no more room than some thousands."""
    so_far = _broken_off()
    chance = Random(1)
    for _ in range(200):
        so_far.tallies[0].live((int(2 ** chance.uniform(0, 62)) for _ in range(500)), None)
        slots = so_far.tallies[0].chosen([b"k"] * 500, chance)
        so_far.tallies[0].sizes |= dict.fromkeys(slots, 2**60)

    assert len(so_far.tallies[0].sizes) == MOST_SIZES
    assert len(so_far.dump()) < 16_384


def test_the_choice_is_fair() -> None:
    """Each key has the same chance to be asked for its size, whenever it comes."""
    chance, taken = Random(7), [0] * 10
    for _ in range(300):
        tally = Tally()
        kept: dict[int, bytes] = {}
        for step in range(10):
            kept |= tally.chosen([bytes([step])] * 100, chance)
        assert len(kept) == MOST_SIZES
        for key in kept.values():
            taken[key[0]] += 1

    assert sum(taken) == 300 * MOST_SIZES
    assert all(abs(count - 6_000) < 400 for count in taken)  # five deviations


def test_the_middle() -> None:
    """The middle of lives is known to five percent, and lies between the ends."""
    tally = Tally()
    tally.live(range(1_000, 101_000, 10), None)
    middle = tally.prefix(POLICY).middle

    assert middle is not None
    assert abs(middle - 51) < 51 * 0.06
    alone = Tally()
    alone.live([90_000], None)
    assert alone.prefix(POLICY).middle == 90.0
