"""How full a Redis is, of which limit, and whether that may be judged at all. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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
_EVICTING = "maxmemory-policy is {policy}, under which a full cache is healthy"
_PROVEN = "keys were evicted since the last reading, though INFO gives no usable maxmemory_policy"
_REPLICA = "a replica ignores maxmemory: declare memory_limit, or watch the primary"
_UNTOLD = "INFO gives no usable maxmemory_policy: this server, or something between, leaves it out"
_REFUSED = "{count:,} writes were refused since the last reading for lack of memory (OOM)"
_UNREACHABLE = "maxmemory is more than memory_limit: it can never be reached"

_THROWING = ("allkeys-", "volatile-")
_FEW = 10  # percent of the keys


@dataclass(frozen=True, slots=True)
class Memory:
    """What one server says.

    Attributes:
        place: host:port of a node of a cluster.
        share: used of the limit that ends it first; None where there is none, or it is not told.
        detail: the figures behind it.
        outside: resident memory of what its container gives it; None where either is unknown.
        unseen: the sentence why `outside` is unknown although the container's limit is declared.
        why: the reason why `share` is none, or is not to be judged.
        because: a sentence on that.
    """

    place: str = ""
    share: float | None = None
    detail: str = ""
    outside: float | None = None
    unseen: str = ""
    why: Reason | None = None
    because: str = ""


def known(policy: str) -> bool:
    """Tell whether a maxmemory-policy was told, and is one that can be judged by."""
    return policy == "noeviction" or policy.startswith(_THROWING)


def evicts(policy: str, figures: Mapping[str, int]) -> bool:
    """Tell whether keys are thrown away under a maxmemory-policy; one that is not told is no excuse.

    Args:
        policy: as the server names it.
        figures: see `info.figures`; without `keys` there are none, and so none that cannot be thrown away.
    """
    return policy.startswith(_THROWING) and not few_expire(policy, figures)


def few_expire(policy: str, figures: Mapping[str, int]) -> str:
    """Return how few keys volatile-* may throw away where it is as good as noeviction; or nothing."""
    keys, expiring = figures.get("keys", 0), figures.get("expiring", 0)
    if not policy.startswith("volatile-") or 100 * expiring >= _FEW * keys:
        return ""
    nothing = "hardly anything" if expiring else "nothing"
    have = "has" if expiring == 1 else "have"
    return f"{policy}, and {expiring:,} of {keys:,} keys {have} an expiry: {nothing} can be evicted"


def memory(after: RedisSnapshot, container: int | None, refused: int, evicted: int = 0) -> Memory:
    """Return how full a server is.

    Without a policy that evicts, the larger share of its two limits counts: of maxmemory what eviction would
    go by (used_memory less mem_not_counted_for_evict), and of the container what it was given
    (used_memory_rss). A write that was refused proves that maxmemory was reached, whatever the policy and
    whatever was deleted since; a key that was evicted proves a policy that nobody told.

    Args:
        after: the server at this poll.
        container: bytes; None where nobody declared it.
        refused: writes refused for lack of memory since the last reading.
        evicted: keys evicted since the last reading.
    """
    place, figures = after.place, after.figures
    rss = figures.get("rss")
    outside = rss / container if container and rss is not None else None
    unseen = lacking(["rss"]) if container and rss is None else ""
    alone = Memory(place, outside=outside, unseen=unseen)
    if after.words.get("role") == "slave" and not refused:
        return _by_container(alone, rss, container, "a replica ignores maxmemory", _REPLICA)
    wanted = ("used", "maxmemory") if figures.get("maxmemory") or not container else ("maxmemory", "rss")
    if missing := [name for name in wanted if name not in figures]:
        return _broken(alone, lacking(missing))
    limit = figures["maxmemory"]
    if not limit:
        return _by_container(alone, rss, container, "maxmemory is 0", _UNLIMITED)
    details = []
    if container:
        details += [_outside(rss, container)] if rss is not None else []
        details += [_UNREACHABLE] if limit > container else []
    used = max(0, figures["used"] - figures.get("uncounted", 0))
    details.insert(0, f"{_mib(used, limit)}{' of maxmemory' if container else ''}")
    if refused:
        details.append(_REFUSED.format(count=refused))
        return replace(alone, share=max(1.0, used / limit, outside or 0.0), detail="; ".join(details))
    return _by_policy(alone, after, used / limit, details, evicted)


def _by_policy(
    alone: Memory, after: RedisSnapshot, share: float, details: Sequence[str], evicted: int
) -> Memory:
    """Return the memory of a server that has a limit and refused nothing."""
    told, few = known(after.policy), few_expire(after.policy, after.figures)
    if evicts(after.policy, after.figures) or (evicted > 0 and not told):
        because = _EVICTING.format(policy=after.policy) if told else _PROVEN
        return replace(alone, share=share, detail="; ".join(details), why=Reason.POLICY, because=because)
    if not told or alone.unseen:
        return _broken(alone, alone.unseen if told else _UNTOLD)
    detail = "; ".join(filter(None, (*details, few)))
    return replace(alone, share=max(share, alone.outside or 0.0), detail=detail)


def _broken(alone: Memory, because: str) -> Memory:
    return replace(alone, why=Reason.BROKEN_INSTRUMENTATION, because=because)


def _by_container(
    alone: Memory, rss: int | None, container: int | None, since: str, otherwise: str
) -> Memory:
    """Return the memory of a server that nothing ends but its container."""
    if not container:
        return replace(alone, why=Reason.NO_LIMIT, because=otherwise)
    if rss is None:
        return _broken(alone, alone.unseen)
    return replace(alone, share=alone.outside, detail=f"{since}; {_outside(rss, container)}")


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
        container = Series(series.source, recorded.OUTSIDE)
        blind = next((one for one in servers if _container_unseen(one)), None)
        told = [one for one in servers if one.outside is not None]
        if blind is not None:
            because = f"{blind.place}: {blind.unseen}"
            yield Absence(container, Reason.BROKEN_INSTRUMENTATION, because)
        elif told:
            fullest = max(told, key=lambda one: one.outside or 0.0)
            yield _observed(container, fullest.outside or 0.0, _named(fullest, servers), between)


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
    outside = Series(series.source, recorded.OUTSIDE, series.subject)
    if one.outside is not None:
        yield _observed(outside, one.outside, one.detail, between)
    elif _container_unseen(one):
        yield Absence(outside, Reason.BROKEN_INSTRUMENTATION, one.unseen)


def _container_unseen(one: Memory) -> bool:
    """Tell whether the container is all that is judged of a memory, and cannot be."""
    return one.unseen != "" and one.why is Reason.POLICY


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
