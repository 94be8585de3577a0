"""What is recorded of a Redis and judged by no budget. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from collectors.redis.counters import Counted
from collectors.redis.snapshot import RedisSnapshot
from headroom import recorded
from headroom.budgets import Subject
from headroom.evidence import Evidence, Gauge, Ratio
from headroom.observation import Observation, Part, Series
from headroom.span import Span


def tell(
    source: str, servers: Sequence[RedisSnapshot], between: Span, counted: Counted | None
) -> Iterator[Observation]:
    """Yield what stands beside the measures, of all servers together; nothing of what is not told."""
    for measure, value in _gauges(servers):
        yield _observed(_series(source, measure), Gauge.sample(value, between.seconds), between)
    if counted is None:
        return
    for measure, subject, ratio in _ratios(counted):
        yield _observed(_series(source, measure, subject), ratio, counted.span)


def _gauges(servers: Sequence[RedisSnapshot]) -> Iterator[tuple[str, float]]:
    for measure, name in ((recorded.USED, "used"), (recorded.RSS, "rss")):
        if all(name in one.figures for one in servers):
            yield measure, float(sum(one.figures[name] for one in servers))
    limits = [one.figures.get("maxmemory") for one in servers]
    if None not in limits:
        yield recorded.MAXMEMORY, float(sum(limit for limit in limits if limit)) if all(limits) else 0.0
    if all("clients" in one.figures for one in servers):
        most = sum(one.figures.get("maxclients", 0) for one in servers)
        if most:
            yield recorded.CLIENTS, sum(one.figures["clients"] for one in servers) / most


def _ratios(counted: Counted) -> Iterator[tuple[str, Subject, Ratio]]:
    rose = counted.rose
    if "commands" in rose:
        commands = rose["commands"]
        for measure, name in ((recorded.EXPIRED, "expired"), (recorded.ERRORS, "failures")):
            if name in rose:
                yield measure, (), Ratio(rose[name], commands)
        for kind, count in counted.errors.items():
            yield recorded.ERRORS, (("error", kind),), Ratio(count, commands)
    if "rejected" in rose and "connections" in rose:
        # Those that were rejected are not among the connections that were received.
        yield recorded.REJECTED, (), Ratio(rose["rejected"], rose["connections"] + rose["rejected"])
    if counted.busy is not None:
        yield recorded.MAIN_THREAD, (), counted.busy


@lru_cache(maxsize=4096)
def _series(source: str, measure: str, subject: Subject = ()) -> Series:
    """Return what is the same at every poll."""
    return Series(source, measure, subject)


def _observed(series: Series, evidence: Evidence, span: Span) -> Observation:
    return Observation(series, (Part(span.start, span.end, evidence, span.quality, detail=span.detail),))
