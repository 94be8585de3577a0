"""How full a Redis is, of which limit, and whether that may be judged at all. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from collectors.redis import info
from collectors.redis.snapshot import RedisSnapshot
from headroom import recorded
from headroom.budgets import Reason, Subject
from headroom.evidence import Gauge
from headroom.observation import ASIDE, Absence, Observation, Part, Series
from headroom.span import Span

_UNLIMITED = (
    "maxmemory is 0: Redis has no limit and grows until the machine or the container stops it; set maxmemory"
)
_EVICTING = "maxmemory-policy is {policy}, under which a full cache is healthy: it is judged by its evictions"
_REFUSED = "{count:,} writes were refused since the last reading for lack of memory (OOM)"
_UNREACHABLE = "maxmemory is more than memory_limit: it can never be reached"


@dataclass(frozen=True, slots=True)
class Memory:
    """What one server says.

    Attributes:
        place: host:port of a node of a cluster.
        share: used of the limit that ends it first; None where there is none, or it is not told.
        detail: the figures behind it.
        outside: resident memory of what its container gives it; None where either is unknown.
        why: the reason why `share` is none, or is not to be judged.
        because: a sentence on that.
    """

    place: str = ""
    share: float | None = None
    detail: str = ""
    outside: float | None = None
    why: Reason | None = None
    because: str = ""


def evicts(policy: str) -> bool:
    """Tell whether keys are thrown away under a maxmemory-policy; one that is not told is no excuse."""
    return policy.startswith(("allkeys-", "volatile-"))


def memory(after: RedisSnapshot, container: int | None, refused: int) -> Memory:
    """Return how full a server is.

    Without a policy that evicts, the larger share of its two limits counts: of maxmemory what eviction would
    go by (used_memory less mem_not_counted_for_evict), and of the container what it was given
    (used_memory_rss). A write that was refused proves that maxmemory was reached, whatever the policy and
    whatever was deleted since.

    Args:
        after: the server at this poll.
        container: bytes; None where nobody declared it.
        refused: writes refused for lack of memory since the last reading.
    """
    place, figures = after.place, after.figures
    rss = figures.get("rss")
    outside = rss / container if container and rss is not None else None
    wanted = ("used", "maxmemory") if figures.get("maxmemory") or not container else ("maxmemory", "rss")
    if missing := [name for name in wanted if name not in figures]:
        broken = Reason.BROKEN_INSTRUMENTATION
        return Memory(place, outside=outside, why=broken, because=lacking(missing))
    limit = figures["maxmemory"]
    if not limit:
        if outside is None or not container:
            return Memory(place, why=Reason.NO_LIMIT, because=_UNLIMITED)
        detail = f"maxmemory is 0; {_outside(rss, container)}"
        return Memory(place, outside, detail, outside)
    used = max(0, figures["used"] - figures.get("uncounted", 0))
    share, details = used / limit, [f"{_mib(used, limit)}{' of maxmemory' if container else ''}"]
    if container:
        details += [_outside(rss, container)] if rss is not None else []
        details += [_UNREACHABLE] if limit > container else []
    if refused:
        details.append(_REFUSED.format(count=refused))
        return Memory(place, max(1.0, share, outside or 0.0), "; ".join(details), outside)
    if evicts(after.policy):
        because = _EVICTING.format(policy=after.policy)
        return Memory(place, share, "; ".join(details), outside, Reason.POLICY, because)
    return Memory(place, max(share, outside or 0.0), "; ".join(details), outside)


def tell(
    series: Series, servers: Sequence[Memory], between: Span, *, whole: bool, named: bool
) -> Iterator[Observation | Absence]:
    """Yield the memory of a server, or of each primary of a cluster and of the worst for all.

    `whole` tells that every primary answered; without one of them, nobody knows which is the worst. `named`
    tells that each is told by itself too.
    """
    if len(servers) == 1 and not servers[0].place:
        yield from _of_one(series, servers[0], between)
        return
    for one in servers if named else ():
        yield from _of_one(Series(series.source, series.measure, node(one.place)), one, between)
    if whole and servers:
        yield from _of_one(series, _worst(servers), between)
        known = [one for one in servers if one.outside is not None]
        if known:
            fullest = max(known, key=lambda one: one.outside or 0.0)
            yield _observed(
                Series(series.source, recorded.OUTSIDE),
                fullest.outside or 0.0,
                _named(fullest, servers),
                between,
            )


def _worst(servers: Sequence[Memory]) -> Memory:
    """Return the memory that speaks for all: one whose share cannot be told before any that can."""
    untold = next((one for one in servers if one.share is None), None)
    if untold is not None:
        return Memory(why=untold.why, because=f"{untold.place}: {untold.because}")
    # Where some evict and others do not, only those others can be full.
    judged = [one for one in servers if one.why is None] or list(servers)
    worst = max(judged, key=lambda one: one.share or 0.0)
    return Memory(share=worst.share, detail=_named(worst, servers), why=worst.why, because=worst.because)


def _named(one: Memory, servers: Sequence[Memory]) -> str:
    return f"the worst of {len(servers)} primaries: {one.place}, {one.detail}"


def _of_one(series: Series, one: Memory, between: Span) -> Iterator[Observation | Absence]:
    if one.share is not None:
        measure = series.measure
        if one.why is Reason.POLICY:
            # In a series of its own: a full cache that is healthy must never be judged as memory that is
            # full, not after a failed poll or a restart either, when nobody remembers the policy.
            measure = f"{measure}{ASIDE}"
        yield _observed(Series(series.source, measure, series.subject), one.share, one.detail, between)
    if one.why is not None:
        yield Absence(series, one.why, one.because)
    if one.outside is not None:
        outside = Series(series.source, recorded.OUTSIDE, series.subject)
        yield _observed(outside, one.outside, one.detail, between)


def _observed(series: Series, share: float, detail: str, between: Span) -> Observation:
    detail = "; ".join(filter(None, (detail, between.detail)))
    gauge = Gauge.sample(share, between.seconds)
    return Observation(series, (Part(between.start, between.end, gauge, between.quality, detail=detail),))


def node(place: str) -> Subject:
    """Return the subject of one primary of a cluster."""
    return (("node", place),)


def lacking(names: Sequence[str]) -> str:
    """Return the sentence on fields that INFO does not hold, or not as figures."""
    fields = " and ".join(info.FIGURES[name].decode() for name in names)
    return f"INFO gives no usable {fields}: this server, or something between, leaves it out"


def _outside(rss: int | None, container: int) -> str:
    return f"RSS {_mib(rss or 0, container)} of memory_limit"


def _mib(part: int, whole: int) -> str:
    return f"{part / 2**20:.1f} of {whole / 2**20:.1f} MiB"
