"""Keys that should expire and never do, policy by policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from headroom.audit.finding import Finding
from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.seen import Seen, policies, unknown
from headroom.checks import State

_RULE = "caching.expiry"
_GUIDE = "Cache Implementation: set(key, value, ttlSeconds): every entry has a time to live"


def expiry(case: RedisCase) -> Iterator[Finding]:
    """Yield one finding for each policy of keys."""
    for seen in policies(case.facts):
        state, found = unknown(seen) or _judged(seen)
        most = seen.prefix.policy.most
        fix = given(most) if state is State.FAIL and most is not None else ""
        yield Finding(_RULE, seen.subject, state, _GUIDE, found, fix)


def _judged(seen: Seen) -> tuple[State, str]:
    prefix = seen.prefix
    count, end = prefix.without_expiry, seen.coverage()
    if prefix.policy.most is None:
        return State.PASS, f"no longest life is declared; {seen.counted(count)} have no expiry{end}"
    if count:
        return State.FAIL, f"{seen.counted(count)} have no expiry: they stay until they are evicted{end}"
    if seen.exact:
        return State.PASS, f"all {prefix.asked:,} keys expire"
    if seen.census.random:
        return State.PASS, f"{seen.counted(0)} have no expiry{end}"
    return State.CANNOT_CHECK, f"none of the {prefix.asked:,} keys that were asked lacks an expiry{end}"


def given(most: timedelta) -> str:
    """Return how a key is stored with a life, in the words of those who may have got it wrong."""
    seconds = most // timedelta(seconds=1)
    if not seconds:
        milliseconds = most // timedelta(milliseconds=1)
        return f"SET key value PX {milliseconds}; EXPIRE counts in seconds, PEXPIRE in milliseconds"
    return (
        f"SET key value EX {seconds}; cache-manager 4: set(key, value, {{ ttl: {seconds} }}), in seconds; "
        f"from 5 on: set(key, value, {seconds * 1000}), in milliseconds, and {{ ttl }} is not read"
    )
