"""What a pass keeps of one policy's keys: counts, a coarse histogram of lives, and some sizes. No key."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from statistics import fmean, stdev
from typing import Any

from headroom.audit.redis.facts import Prefix
from headroom.policies import KeyPolicy

MOST_SIZES = 200
NEVER = -1  # what PTTL answers for a key that does not expire
_STEPS = 8  # of the histogram to each doubling: the middle is known to 5 %
_BUCKETS = 63 * _STEPS


@dataclass(slots=True)
class Tally:
    """The sums of one policy, over all audits of a pass. Lives are milliseconds, sizes bytes.

    Attributes:
        lives: how many of the lives fall into each step of the histogram.
        offered: keys that could have been chosen for their size.
        sizes: of a random choice of those, by the slot of the choice.
    """

    seen: int = 0
    asked: int = 0
    without_expiry: int = 0
    too_long: int = 0
    short: int = 0
    shortest: int | None = None
    longest: int | None = None
    lives: dict[int, int] = field(default_factory=dict)
    offered: int = 0
    sizes: dict[int, int] = field(default_factory=dict)

    def live(self, answers: Iterable[int], most: int | None, brief: int | None = None) -> None:
        """Add what keys answered to PTTL.

        `most` is the longest life that is allowed; those with less than `brief` left are counted as short.
        """
        for answer in answers:
            self.asked += 1
            if answer == NEVER:
                self.without_expiry += 1
                continue
            self.too_long += most is not None and answer > most
            self.short += brief is not None and answer < brief
            self.shortest = answer if self.shortest is None else min(self.shortest, answer)
            self.longest = answer if self.longest is None else max(self.longest, answer)
            step = min(_BUCKETS, int(math.log2(max(1, answer)) * _STEPS))
            self.lives[step] = self.lives.get(step, 0) + 1

    def chosen(self, keys: Sequence[bytes], chance: Random) -> dict[int, bytes]:
        """Return which of these keys to ask for their size, by the slot that each takes.

        Every key of the pass has the same chance (Vitter 1985, algorithm R).
        """
        found: dict[int, bytes] = {}
        for key in keys:
            slot = self.offered if self.offered < MOST_SIZES else chance.randrange(self.offered + 1)
            self.offered += 1
            if slot < MOST_SIZES:
                found[slot] = key
        return found

    def forget_lives(self) -> None:
        """Drop what is known of lives."""
        self.asked = self.without_expiry = self.too_long = self.short = 0
        self.shortest = self.longest = None
        self.lives = {}

    def forget_sizes(self) -> None:
        """Drop what is known of sizes."""
        self.offered, self.sizes = 0, {}

    def prefix(self, policy: KeyPolicy) -> Prefix:
        """Return the sums as facts."""
        sizes = [*self.sizes.values()]
        return Prefix(
            policy,
            seen=self.seen,
            asked=self.asked,
            without_expiry=self.without_expiry,
            too_long=self.too_long,
            shortest=_seconds(self.shortest),
            middle=self._middle(),
            longest=_seconds(self.longest),
            measured=len(sizes),
            bytes_mean=fmean(sizes) if sizes else 0.0,
            bytes_deviation=stdev(sizes) if len(sizes) > 1 else 0.0,
            short=self.short,
        )

    def _middle(self) -> float | None:
        if self.shortest is None or self.longest is None:
            return None
        half, passed = sum(self.lives.values()) / 2, 0
        step = 0
        for step in sorted(self.lives):
            passed += self.lives[step]
            if passed >= half:
                break
        return min(max(2 ** ((step + 0.5) / _STEPS), self.shortest), self.longest) / 1000

    def record(self) -> dict[str, Any]:
        """Return the sums for JSON."""
        return {name: getattr(self, name) for name in _PLAIN} | {
            "lives": sorted(self.lives.items()),
            "sizes": sorted(self.sizes.items()),
        }


_PLAIN = ("seen", "asked", "without_expiry", "too_long", "short", "shortest", "longest", "offered")
_MAY_LACK = frozenset({"shortest", "longest"})


def tally(record: Mapping[str, Any]) -> Tally:
    """Return recorded sums; ValueError, TypeError or KeyError where they are not such."""
    plain = {
        name: None if name in _MAY_LACK and record[name] is None else int(record[name]) for name in _PLAIN
    }
    lives, sizes = ({int(one): int(other) for one, other in record[name]} for name in ("lives", "sizes"))
    return Tally(**plain, lives=lives, sizes=sizes)  # type: ignore[arg-type]  # those two may be None


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
