"""What is read of a Redis for a measure: the command, a line to paste, and what is made of the answer."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from headroom import evicting
from headroom.budgets import Kind, Measure, Unit
from headroom.sources import Source
from headroom.units import format_value

_RULES = {
    Kind.EVICTIONS: "1,000 x what {0} rose by / what {1} rose by, less Headroom's own commands",
    Kind.HIT_RATE: "what {0} rose by / what {0} and {1} rose by, less what Headroom's own audit looked up",
}
_FIGURES = {
    Kind.MEMORY_LIMIT: ("used", "uncounted", "maxmemory"),
    Kind.EVICTIONS: ("evicted", "commands"),
    Kind.HIT_RATE: ("hits", "misses"),
}


def redis(source: Source, place: str, measure: Measure) -> tuple[tuple[str, ...], str, Iterator[str]]:
    """Return what is sent, the line to paste and the rules; `place` is host:port or a socket's path."""
    from collectors.redis import info  # noqa: PLC0415 drivers are loaded where a source of their kind is there

    host, _, port = place.rpartition(":")
    reach = f"-h {shlex.quote(host)} -p {shlex.quote(port)}" if host else f"-s {shlex.quote(place)}"
    if measure.kind is Kind.COMMANDS:
        name = "" if measure.of == "all" else f" {measure.of.upper()}"
        sent = f"LATENCY HISTOGRAM{name}"
        rule = (
            "what each bucket rose by since it was last read, which is every fourth poll: calls by the "
            "microseconds that executing them took, without waiting in line and without the network; "
            "before 7.0, calls and usec of INFO commandstats, which have no percentiles"
        )
        return (sent,), "" if source.url is None else f"redis-cli {reach} {sent}", iter((rule,))
    names = _FIGURES[measure.kind]
    fields = [info.FIGURES[name].decode() for name in names]
    rule = (
        _RULES[measure.kind].format(*fields) if measure.kind in _RULES else _memory(source, measure, fields)
    )
    wanted = "|".join([*fields, "used_memory_rss", "maxmemory_policy"])
    paste = "" if source.url is None else f"redis-cli {reach} INFO | grep -E '^({wanted}):'"
    return (f"INFO {' '.join(info.SECTIONS)}",), paste, iter((rule,))


def _memory(source: Source, measure: Measure, fields: list[str]) -> str:
    used, uncounted, limit = fields
    inside = f"({used} - {uncounted})/{limit}: the share that eviction goes by"
    if source.memory_limit is None:
        return inside
    given = format_value(source.memory_limit, Unit.BYTES)
    outside = f"used_memory_rss/{given}, which is the memory_limit of the file"
    if measure == evicting.container(measure):
        return outside
    return f"the larger of {inside}, and {outside}"
