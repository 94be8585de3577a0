"""The memory of a Redis beside all that limits it, as HTML. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape

from dashboard.columns import length
from dashboard.growth import told
from dashboard.markup import NOTHING
from headroom import recorded
from headroom.budgets import Unit
from headroom.trend import Trend
from headroom.units import format_value


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a Redis at its newest poll, in bytes; None where it was not told.

    Attributes:
        maxmemory: None where there is none, or it was not told.
        evicts: whether it evicts by policy; None where that is not known, as without maxmemory.
        container: what its container gives it, as declared.
        at: when that poll was; None where nothing was recorded.
    """

    used: float | None = None
    rss: float | None = None
    maxmemory: float | None = None
    evicts: bool | None = None
    container: int | None = None
    at: datetime | None = None


def table(memory: Memory, growth: Mapping[str, Trend | None], policy: str) -> str:
    """Return used, maxmemory, RSS, container and policy below each other, on one scale.

    Args:
        memory: at the newest poll.
        growth: by measure; of what was never recorded there is none.
        policy: maxmemory-policy; empty where it is not known.
    """
    if memory.at is None:
        return (
            '<p class="hr-said" data-empty="memory">Nothing recorded yet: it takes two polls. '
            "<code>headroom run</code> polls; <code>headroom doctor</code> tells what hinders it.</p>"
        )
    limit = memory.maxmemory
    used = f"{memory.used / limit:.0%} of maxmemory" if memory.used is not None and limit else ""
    inside = memory.container
    rss = f"{memory.rss / inside:.0%} of the container's" if memory.rss is not None and inside else ""
    reached = None if limit is None else (limit, "maxmemory")
    ended = None if inside is None else (float(inside), "its container's limit")
    never = "it can never be reached: the container's limit is lower"
    lines = (
        ("used", memory.used, _words(used, _growth(growth, recorded.USED, reached)), NOTHING),
        ("maxmemory", limit, never if limit and inside and limit > inside else "", "no limit told"),
        ("RSS", memory.rss, _words(rss, _growth(growth, recorded.RSS, ended)), NOTHING),
        ("container", inside, "", "no limit declared"),
    )
    whole = max((value for _, value, _, _ in lines if value is not None), default=1.0)
    rows = "".join(
        f'<tr data-memory="{name}"><td data-head="memory">{name}{_meaning(name)}</td>'
        f'<td data-head="now">{_shown(value, without)}</td>'
        f"<td>{length(value / whole) if value is not None and whole else ''}</td>"
        f'<td data-head="said">{escape(said)}</td></tr>'
        for name, value, said, without in lines
    )
    return (
        f'<section class="hr-table hr-memory"><table><thead><tr><th scope="col">memory</th>'
        '<th scope="col">now</th><th scope="col"></th><th scope="col"></th></tr></thead>'
        f"<tbody>{rows}</tbody></table><p>{_policy(memory, policy)}</p></section>"
    )


_MEANINGS = {
    "used": "what Redis counts, keys and buffers",
    "maxmemory": "what it may count",
    "RSS": "what the system gave it",
    "container": "memory_limit of the source",
}


def _meaning(name: str) -> str:
    return f"<small>{_MEANINGS[name]}</small>"


def _shown(value: float | None, without: str) -> str:
    return escape(without if value is None else format_value(value, Unit.BYTES))


def _growth(growth: Mapping[str, Trend | None], measure: str, limit: tuple[float, str] | None) -> str:
    return told(growth[measure], Unit.BYTES, limit) if measure in growth else ""


def _words(*sentences: str) -> str:
    return "; ".join(sentence for sentence in sentences if sentence)


def _policy(memory: Memory, policy: str) -> str:
    name = f"maxmemory-policy is {escape(policy)}: " if policy else "By its maxmemory-policy "
    if memory.evicts is None:
        return (
            "No maxmemory was told: Redis grows until the machine or the container stops it. "
            "Set it: <code>CONFIG SET maxmemory 512mb</code>"
        )
    if memory.evicts:
        return (
            f"{name}keys are thrown away when it is full, so a full cache is healthy here, and is "
            "judged by what it throws away and by how often it has what is asked for."
        )
    return f"{name}nothing is thrown away: when it is full, writes are refused."
