"""What the keys of each policy take, from the sizes of a few of them; nothing is promised of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from headroom.audit.finding import Finding
from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.seen import Seen, none_seen, policies, sizes_refused
from headroom.audit.redis.told import size
from headroom.binomial import lower_limit, student_t, upper_limit
from headroom.checks import State

_RULE = "caching.memory"
_GUIDE = "Redis Configuration: maxmemory 1gb: what each part of the cache takes of it"
_EACH = 0.0125
"""At each end of each of two intervals, so that both together hold at 95 %."""
_UNEVEN = 2  # times the mean: a deviation beyond it comes of few, very large keys


def sizes(case: RedisCase) -> Iterator[Finding]:
    """Yield one finding for each policy of keys, for information only."""
    for seen in policies(case.facts):
        state, found = none_seen(seen) or _told(seen)
        yield Finding(_RULE, seen.subject, state, _GUIDE, found)


def _told(seen: Seen) -> tuple[State, str]:
    prefix = seen.prefix
    if prefix.measured < 2:  # noqa: PLR2004 a spread needs two
        found = (
            f"{prefix.seen:,} keys; their sizes were not asked{sizes_refused(seen.facts)}{seen.coverage()}"
        )
        return State.CANNOT_CHECK, found
    low, keys, high = _keys(seen)
    error = student_t(_EACH, prefix.measured - 1) * prefix.bytes_deviation / math.sqrt(prefix.measured)
    if seen.census.complete and prefix.measured < prefix.seen:
        error *= math.sqrt(1 - prefix.measured / prefix.seen)  # Cochran 1977, 2.6: what was seen is certain
    elif seen.census.complete:
        error = 0.0
    least = low * max(0.0, prefix.bytes_mean - error)
    most = high * (prefix.bytes_mean + error)
    mean = prefix.bytes_mean
    number = f"{keys:,.0f}" if low == high else f"about {keys:,.0f}"
    about = f"{number} keys of {size(mean)} on average take about {size(keys * mean)}"
    if least < most:
        about += f" ({size(least)} to {size(most)}, at about 95% confidence, by {prefix.measured:,} of them)"
    if prefix.bytes_deviation > _UNEVEN * mean:
        about += "; a few are far larger than the rest, so it may well be more"
    which = "" if seen.census.complete or seen.census.random else "those that came by: "
    return State.PASS, f"{which}{about}{seen.coverage()}"


def _keys(seen: Seen) -> tuple[float, float, float]:
    """Return how many keys the policy has: at least, about, at most."""
    count, census = seen.prefix.seen, seen.census
    if census.complete or not census.random:
        return count, count, count
    all_keys = max(census.keys, census.seen)
    low, high = lower_limit(count, census.seen, _EACH), upper_limit(count, census.seen, _EACH)
    return max(count, low * all_keys), count / census.seen * all_keys, high * all_keys
