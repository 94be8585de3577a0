"""By how much the counters of a server rose between two polls, less what Headroom itself did. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from collectors.redis import info
from collectors.redis.snapshot import RedisSnapshot
from headroom.evidence import Ratio
from headroom.observation import Quality
from headroom.span import Span, worst

_UPTIME = 1.0  # seconds: uptime is told in whole ones
_RESTARTED = "the server was started anew; what this interval held before that is lost"
_RESET = "the counters were reset; what this interval held before that is lost"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Counted:
    """By how much each counter rose that both polls tell, and over which part of the interval.

    Attributes:
        rose: by the names of `info.COUNTERS`.
        errors: answers that were errors, by kind; those that rose.
        busy: seconds that the main thread worked, of seconds; None where not told.
    """

    rose: Mapping[str, int]
    errors: Mapping[str, int]
    busy: Ratio | None
    span: Span


def counted(before: RedisSnapshot, after: RedisSnapshot, between: Span) -> Counted | None:
    """Return what the counters say of the interval; None where they are another server's.

    After a restart, and after CONFIG RESETSTAT, they count from zero: what they show is the part since then.
    """
    now = {name: after.figures[name] for name in info.COUNTERS if name in after.figures}
    if after.run != before.run:
        uptime = after.figures.get("uptime")
        if uptime is None or uptime > between.seconds + _UPTIME:
            return None
        start = max(between.start, between.end - timedelta(seconds=uptime))
        rose, since = _less_polls(now, before, after, since_zero=True), _since(between, start, _RESTARTED)
        return Counted(rose, _risen(after.errors), _busy(0, after, since), since)
    busy = _busy(before.figures.get("busy"), after, between)  # no reset touches it
    if any(now[name] < before.figures.get(name, 0) for name in now):
        rose = _less_polls(now, before, after, since_zero=True)
        return Counted(rose, _risen(after.errors), busy, _since(between, between.start, _RESET))
    rose = {name: count - before.figures[name] for name, count in now.items() if name in before.figures}
    # One that was not among the most frequent kinds before may be an old one.
    full = len(before.errors) >= info.MOST_ERRORS
    errors = {
        kind: count - before.errors.get(kind, 0)
        for kind, count in after.errors.items()
        if not full or kind in before.errors
    }
    if info.UNREAD in before.words:
        errors = {}  # all of them would seem new
    return Counted(_less_polls(rose, before, after, since_zero=False), _risen(errors), busy, between)


def together(places: Sequence[str], all_counted: Sequence[Counted], between: Span) -> Counted:
    """Return the sums over the primaries of a cluster; each says which counters it has."""
    assert all_counted
    names = set.intersection(*(set(one.rose) for one in all_counted))
    errors: Counter[str] = Counter()
    for one in all_counted:
        errors.update(one.errors)
    busy = [one.busy for one in all_counted if one.busy is not None]
    details = [
        f"{place}: {one.span.detail}"
        for place, one in zip(places, all_counted, strict=True)
        if one.span.quality is Quality.RESET
    ]
    quality = worst(between.quality, *(one.span.quality for one in all_counted))
    detail = "; ".join(filter(None, (between.detail, *details[:_NAMED])))
    return Counted(
        {name: sum(one.rose[name] for one in all_counted) for name in names},
        dict(errors.most_common(info.MOST_ERRORS)),
        sum(busy[1:], busy[0]) if len(busy) == len(all_counted) else None,
        replace(between, quality=quality, detail=detail),
    )


def less_probes(found: Counted, before: RedisSnapshot, after: RedisSnapshot) -> Counted:
    """Take out what this process did at the source besides polling; nothing falls below zero."""
    if after.probes is None:
        return found
    earlier, now = before.probes, after.probes
    known = earlier is not None and earlier.process == now.process
    if earlier == now:
        return found
    rose = dict(found.rose)
    for name in ("commands", "hits", "misses"):
        did = getattr(now, name) - (getattr(earlier, name) if known else 0)
        if name in rose and did > 0:
            rose[name] = max(0, rose[name] - did)
    return replace(found, rose=rose)


def _since(between: Span, start: datetime, detail: str) -> Span:
    gap = between.quality is Quality.GAP
    return replace(
        between,
        start=start,
        quality=Quality.GAP if gap else Quality.RESET,
        detail=f"{between.detail}; {detail}" if gap else detail,
    )


def _less_polls(
    rose: Mapping[str, int], before: RedisSnapshot, after: RedisSnapshot, *, since_zero: bool
) -> dict[str, int]:
    """Take this collector's own commands out of the number of commands.

    What the earlier poll asked was counted after its counters were read; counters that began again do not
    hold it.
    """
    if after.visitor == before.visitor:
        own = after.sent - (before.done if since_zero else before.sent)
    else:
        own = after.sent + (0 if since_zero else before.done - before.sent)
    commands = rose.get("commands")
    return {**rose} if commands is None else {**rose, "commands": max(0, commands - own)}


def _risen(errors: Mapping[str, int]) -> dict[str, int]:
    return {kind: count for kind, count in errors.items() if count > 0}


def _busy(before: int | None, after: RedisSnapshot, between: Span) -> Ratio | None:
    now = after.figures.get("busy")
    seconds = (between.end - between.start).total_seconds()
    if before is None or now is None or now < before or seconds <= 0:
        return None
    return Ratio((now - before) / 1e6, seconds)
