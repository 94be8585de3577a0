"""The audit of one Redis: facts read live, keys looked at where nothing speaks against it, and the rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from headroom.audit.finding import Finding
from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.facts import Census, Prefix, RedisFacts
from headroom.audit.redis.kept import Kept
from headroom.budgets import Kind, Outcome
from headroom.config import Config
from headroom.history import OK, Poll, Standing
from headroom.sources import Source
from headroom.wording import span

CENSUS = 60.0
"""Seconds for which one audit looks at keys at most."""
SLOW = timedelta(milliseconds=100)
"""A poll that takes longer: the server has other things to do."""
_YOUNG = timedelta(minutes=10)
"""What was judged before that may be otherwise by now."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What is known of a source's keys before the audit.

    Attributes:
        kept: what the last recorded audit left.
        collecting: another process looks at the keys; this one must not, for it could not tell the other
            process which look-ups are its own.
        not_now: why no key should be looked at; empty where nothing speaks against it.
    """

    kept: Kept = field(default_factory=Kept)
    collecting: bool = False
    not_now: str = ""


async def read(source: Source, config: Config, keys: Keys, now: datetime) -> tuple[RedisFacts, bytes]:
    """Read all facts and, beside them, from where the next audit goes on; SourceError as the reader's."""
    # Drivers are loaded where a source of their kind is there.
    from collectors.redis import audited  # noqa: PLC0415

    policies = () if keys.collecting else config.policies.keys
    facts, resume = await audited.read(
        source,
        policies,
        now,
        deadline=CENSUS,
        resume=keys.kept.resume or None,
        not_now=keys.not_now,
        **_full(source, config),
    )
    if not keys.collecting:
        return facts, resume
    census = keys.kept.census or _none_yet(source, config, now)
    return replace(facts, census=census), keys.kept.resume


def _full(source: Source, config: Config) -> dict[str, float]:
    """Return the lowest share of its memory at which a budget of a source is over; nothing without one."""
    limits = [
        limit.threshold
        for budget in config.budgets
        if (budget.measure.source, budget.measure.kind) == (source.name, Kind.MEMORY_LIMIT)
        for limit in budget.limits
    ]
    return {"full": min(limits)} if limits else {}


def findings(facts: RedisFacts, keys: Keys, config: Config) -> tuple[Finding, ...]:
    """Return what all rules find; of keys that were looked at earlier it is said when."""
    from headroom.audit.redis.rules import REDIS  # noqa: PLC0415 as above

    case = RedisCase(facts, config.policies, config.budgets)
    found = [one for rule in REDIS for one in rule(case)]
    if keys.collecting and keys.kept.census is not None and facts.census is not None and facts.census.seen:
        ago = span(max(timedelta(0), facts.at - facts.census.ended))
        said = f" (the collecting process looked at the keys {ago} ago)"
        found = [replace(one, found=one.found + said) if of_keys(one) else one for one in found]
    return tuple(found)


def _none_yet(source: Source, config: Config, now: datetime) -> Census | None:
    """Return a census that saw nothing; None where there is no policy to look by."""
    prefixes = tuple(Prefix(one) for one in config.policies.keys if one.source == source.name)
    why = "the collecting process does it once an hour, and has not done it yet"
    return (
        Census(now, now, complete=False, keys=0, seen=0, random=False, prefixes=prefixes, stopped=why)
        if prefixes
        else None
    )


def of_keys(one: Finding) -> bool:
    """Tell whether a finding is about what the keys showed."""
    return one.rule.startswith("caching.")


def not_now(source: str, polls: Iterable[Poll], standings: Iterable[Standing], now: datetime) -> str:
    """Return why nobody should look at the keys of a source now; empty where nothing speaks against it.

    Args:
        source: its name.
        polls: its latest ones.
        standings: the latest verdicts, of any source.
        now: our clock, UTC.
    """
    for poll in polls:
        if poll.result != OK:
            ago = span(max(timedelta(0), now - poll.at))
            return f"a poll failed {ago} ago ({poll.result}): its keys are left alone"
        if poll.duration > SLOW:
            took = span(poll.duration)
            return f"a poll took {took}, over {span(SLOW)}: the server is slow, and its keys are left alone"
    over = sorted(
        {
            one.verdict.budget
            for one in standings
            if one.verdict.source == source
            and one.verdict.outcome is Outcome.OVER
            and now - one.verdict.at <= _YOUNG
        }
    )
    return f"{', '.join(over)} is over: the keys are left alone until it is met again" if over else ""
