"""How long keys still live, and how long their policy lets them; what is left proves only too long a life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from headroom.audit.finding import Finding
from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.expiry import given
from headroom.audit.redis.facts import Prefix
from headroom.audit.redis.seen import Seen, policies, unknown
from headroom.checks import State
from headroom.policies import KeyPolicy
from headroom.units import format_duration

_RULE = "caching.keys"
_ENOUGH = 100
_HALF = 0.5
_FAR = 100
_FORWARD = timedelta(milliseconds=1)


def lives(case: RedisCase) -> Iterator[Finding]:
    """Yield one finding for each policy of keys."""
    for seen in policies(case.facts):
        policy = seen.prefix.policy
        state, found = unknown(seen) or _judged(seen)
        fix = given(policy.most or policy.least or timedelta(0)) if state in (State.WARN, State.FAIL) else ""
        yield Finding(_RULE, seen.subject, state, _guide(policy), found, fix)


def _guide(policy: KeyPolicy) -> str:
    place, least, most = policy.guide or "Caching Strategy", policy.least, policy.most
    if least is not None and least == most:
        return f"{place}: keys live {format_duration(least)}"
    if least is None or most is None:
        end = "at most" if least is None else "at least"
        return f"{place}: keys live {end} {format_duration(least or most or timedelta(0))}"
    return f"{place}: keys live {format_duration(least)} to {format_duration(most)}"


def _judged(seen: Seen) -> tuple[State, str]:
    prefix, end = seen.prefix, seen.coverage()
    most, count = prefix.policy.most, prefix.too_long
    short = _short(prefix)
    if count and most is not None:
        found = f"{seen.counted(count)} have more than {format_duration(most)} left{_far(prefix, most)}"
        return State.FAIL, f"{found}; {_left(prefix)}{end}"
    if short:
        return State.WARN, f"{short}; {_left(prefix)}{end}"
    if prefix.longest is None:
        return State.NOT_APPLICABLE, f"none of the {prefix.asked:,} keys that were asked expires{end}"
    state, words = State.PASS, "no longest life is declared"
    if most is not None:
        state, words = _none_beyond(seen, format_duration(most))
    return state, f"{words}; {_left(prefix)}{end}"


def _none_beyond(seen: Seen, limit: str) -> tuple[State, str]:
    if seen.exact:
        return State.PASS, f"none of {seen.prefix.asked:,} keys has more than {limit} left"
    if seen.census.random:
        return State.PASS, f"{seen.counted(0)} have more than {limit} left"
    found = f"none of the {seen.prefix.asked:,} keys that were asked has more than {limit} left"
    return State.CANNOT_CHECK, found


def _left(prefix: Prefix) -> str:
    """Return what is left of the lives of those keys that expire."""
    if prefix.shortest is None or prefix.middle is None or prefix.longest is None:
        return "none expires"
    low, middle, high = map(_time, (prefix.shortest, prefix.middle, prefix.longest))
    return f"what is left is {low} to {high}, for half of them less than about {middle}"


def _short(prefix: Prefix) -> str:
    """Return why lives look as if they were set too short; what is left of one alone never proves it.

    Of many keys that were stored at different times, some were stored lately.
    """
    lives = prefix.asked - prefix.without_expiry
    least = prefix.policy.least
    if prefix.longest is None or least is None or lives < _ENOUGH:
        return ""
    if prefix.longest >= _HALF * least.total_seconds():
        return ""
    return (
        f"of {lives:,} keys none has even half of the shortest life, {format_duration(least)}, left: unless "
        "nothing was stored lately, they were given less, as where seconds are taken for milliseconds"
    )


def _far(prefix: Prefix, most: timedelta) -> str:
    far = prefix.longest is not None and prefix.longest > _FAR * most.total_seconds()
    return ", as where milliseconds are taken for seconds" if far else ""


def _time(seconds: float) -> str:
    return format_duration(max(_FORWARD, timedelta(seconds=min(seconds, 86_400 * 10**6))))
