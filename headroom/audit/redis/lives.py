"""How long keys still live, and how long their policy lets them.

What is left of one key proves only too long a life; of many keys it shows too short ones as well, by how
many are nearly over.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from headroom.audit.finding import Finding
from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.expiry import given
from headroom.audit.redis.facts import BRIEF, Prefix
from headroom.audit.redis.seen import ALPHA, Seen, policies, unknown
from headroom.binomial import lower_limit
from headroom.checks import State
from headroom.policies import KeyPolicy
from headroom.units import format_duration

_RULE = "caching.keys"
_ENOUGH = 10
"""Lives that tell whether they were set too short: ten that came evenly are all past half once in 1,024."""
_HALF = 0.5
_MOSTLY = 0.5
_TWICE = 2 / BRIEF
"""Shares with less than 1/BRIEF of the shortest life left: where keys come evenly it is 1/BRIEF at most."""
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
    if prefix.longest is None:
        return State.NOT_APPLICABLE, f"none of the {prefix.asked:,} keys that were asked expires{end}"
    kept, short = _least(seen)
    rest = f"; {_left(prefix)}{end}"
    if count and most is not None:
        found = f"{seen.counted(count)} have more than {format_duration(most)} left{_far(prefix, most)}"
        return State.FAIL, f"{found}{f'; {short}' if kept is State.WARN else ''}{rest}"
    if kept is State.WARN:
        return State.WARN, f"{short}{rest}"
    state, words = State.PASS, "no longest life is declared"
    if most is not None:
        state, words = _none_beyond(seen, format_duration(most))
    return (state if kept is State.PASS else kept), f"{words}{f'; {short}' if short else ''}{rest}"


def _none_beyond(seen: Seen, limit: str) -> tuple[State, str]:
    if seen.exact:
        return State.PASS, f"none of {seen.prefix.asked:,} keys has more than {limit} left"
    if seen.census.random:
        return State.PASS, f"{seen.counted(0)} have more than {limit} left"
    found = f"none of the {seen.prefix.asked:,} keys that were asked has more than {limit} left"
    return State.CANNOT_CHECK, found


def _least(seen: Seen) -> tuple[State, str]:
    """Return whether keys seem to be set to the shortest life at least, and what shows it.

    A key that was set to it has less than a tenth of it left for a tenth of its life. Of keys that come
    evenly one in ten is there, of those that are set to more fewer; so where most are, they were set to less,
    or hardly any came lately.
    """
    prefix, least = seen.prefix, seen.prefix.policy.least
    lives = prefix.asked - prefix.without_expiry
    if least is None or not lives or prefix.shortest is None or prefix.longest is None:
        return State.PASS, ""
    set_to = format_duration(least)
    if seen.exact and prefix.shortest >= least.total_seconds():
        return State.PASS, f"all that expire have at least {set_to} left"
    if lives < _ENOUGH:
        few = f"{lives} key{' is' if lives == 1 else 's are'} too few to tell"
        return State.CANNOT_CHECK, f"{few} whether they are set to at least {set_to}"
    if not (seen.exact or seen.census.random):
        return State.CANNOT_CHECK, f"whether they are set to at least {set_to} cannot be told of them"
    return _nearly_over(seen, lives, least, prefix.longest)


def _nearly_over(seen: Seen, lives: int, least: timedelta, longest: float) -> tuple[State, str]:
    prefix, set_to = seen.prefix, format_duration(least)
    part = lower_limit(prefix.short, lives, ALPHA)
    tenth, since = _time(least.total_seconds() / BRIEF), _time(least.total_seconds() * (1 - 1 / BRIEF))
    counted = f"{seen.counted(prefix.short, lives)} have less than {tenth} left"
    there = f"where keys set to {set_to} spend a tenth of their life"
    if part > _MOSTLY:
        return State.WARN, (
            f"{counted}, {there}: unless hardly any was stored in the last {since}, they were given less, as "
            "where seconds are taken for milliseconds"
        )
    if longest < _HALF * least.total_seconds():
        return State.WARN, (
            f"of {lives:,} keys none has even half of the shortest life, {set_to}, left: unless nothing was "
            "stored lately, they were given less, as where seconds are taken for milliseconds"
        )
    if part > _TWICE:
        return State.CANNOT_CHECK, (
            f"{counted}, {there}: some were given less, or few were stored in the last {since}"
        )
    return State.PASS, f"{counted}, {there}" if prefix.short else ""


def _left(prefix: Prefix) -> str:
    """Return what is left of the lives of those keys that expire."""
    if prefix.shortest is None or prefix.middle is None or prefix.longest is None:
        return "none expires"
    low, middle, high = map(_time, (prefix.shortest, prefix.middle, prefix.longest))
    return f"what is left is {low} to {high}, for half of them less than about {middle}"


def _far(prefix: Prefix, most: timedelta) -> str:
    far = prefix.longest is not None and prefix.longest > _FAR * most.total_seconds()
    return ", as where milliseconds are taken for seconds" if far else ""


def _time(seconds: float) -> str:
    return format_duration(max(_FORWARD, timedelta(seconds=min(seconds, 86_400 * 10**6))))
