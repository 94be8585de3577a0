"""What a pass over the keys allows to be said of one policy's keys, and how surely."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR

from headroom.audit.redis.facts import Census, Prefix, RedisFacts
from headroom.binomial import lower_limit, upper_limit
from headroom.budgets import Subject
from headroom.checks import State
from headroom.wording import between, share

ALPHA = 0.025
"""At each end of an interval of 95 %."""
Unknown = tuple[State, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """One policy's keys in the census."""

    facts: RedisFacts
    census: Census
    prefix: Prefix

    @property
    def exact(self) -> bool:
        """Whether every key was asked, so that counts are all that there is."""
        return self.census.complete and self.prefix.asked >= self.prefix.seen

    @property
    def subject(self) -> Subject:
        """What a finding about it is about."""
        return (("policy", self.prefix.policy.name), ("source", self.facts.source))

    def counted(self, count: int, among: int | None = None) -> str:
        """Return how many of the keys that were asked, and what that says of all: "3 of 40 keys (7.5%)".

        `among` is how many of them could be counted, where that is not all.
        """
        asked = self.prefix.asked if among is None else among
        if self.exact:
            return f"{count:,} of {asked:,} keys ({between(count / asked, count / asked)})"
        if not self.census.random:
            return f"at least {count:,} keys, of {asked:,} that were asked,"
        low, high = lower_limit(count, asked, ALPHA), upper_limit(count, asked, ALPHA)
        of_all = (
            f"{share(low, ROUND_FLOOR)} to {share(high, ROUND_CEILING)}"
            if low
            else f"at most {share(high, ROUND_CEILING)}"
        )
        return f"{count:,} of {asked:,} keys that were asked ({of_all} of all, at 95% confidence)"

    def coverage(self) -> str:
        """Return how much of the server was looked at, to end a sentence; empty where it was all."""
        if self.census.complete:
            return ""
        part = f"; so far {looked_at(self.census)}"
        if not self.census.random:
            part += ", which in a cluster is no sample of the rest"
        return part + (f"; it was stopped: {self.census.stopped}" if self.census.stopped else "")


def policies(facts: RedisFacts) -> Iterator[Seen]:
    """Yield the keys of each policy, in the order of the policies."""
    if facts.census is not None:
        for prefix in facts.census.prefixes:
            yield Seen(facts, facts.census, prefix)


def unknown(seen: Seen) -> Unknown | None:
    """Return why nothing can be said of the lives of a policy's keys; None where something can."""
    return none_seen(seen) or (
        None
        if seen.prefix.asked
        else (State.CANNOT_CHECK, f"{seen.prefix.seen:,} keys were seen{_refused(seen.facts, 'PTTL')}")
    )


def none_seen(seen: Seen) -> Unknown | None:
    """Return what is to be said where no key of a policy was seen; None where one was."""
    census = seen.census
    if seen.prefix.seen:
        return None
    if census.complete:
        return State.NOT_APPLICABLE, f"no key is of this policy; all {census.seen:,} were looked at"
    if not census.seen:
        why = census.stopped or "time was up before the first one was"
        return State.CANNOT_CHECK, f"no key was looked at: {why}"
    return State.CANNOT_CHECK, f"no key of this policy came by{seen.coverage()}"


def looked_at(census: Census) -> str:
    """Return how many keys of the server came by, as words."""
    if not census.keys:
        return f"{census.seen:,} keys were looked at"
    part = share(min(1.0, census.seen / census.keys), ROUND_FLOOR)
    return f"{census.seen:,} of {census.keys:,} keys were looked at ({part})"


def _refused(facts: RedisFacts, command: str) -> str:
    return "".join(f"; {one}" for one in facts.denied if f" {command}" in one)


def sizes_refused(facts: RedisFacts) -> str:
    """Return why sizes are not known, to end a sentence."""
    return _refused(facts, "MEMORY USAGE")
