"""The memory of a Redis beside all that limits it, as HTML. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from math import isclose

from dashboard.columns import length
from dashboard.growth import told
from dashboard.markup import NOTHING
from headroom import recorded
from headroom.budgets import Unit
from headroom.trend import Trend
from headroom.units import format_value

_ROOM = 0.75
"""As in `monitor.doctor.redis`."""


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a Redis at its newest poll, in bytes; None where it was not told.

    Attributes:
        used, rss, maxmemory: of a cluster those of all primaries together; maxmemory is 0 without a limit.
        evicts: whether it is known to evict by policy.
        container: what the container of one server gives it, as declared.
        outside: the share of that which the fullest server has taken.
        at: when that poll was; None where nothing was recorded.
    """

    used: float | None = None
    rss: float | None = None
    maxmemory: float | None = None
    evicts: bool = False
    container: int | None = None
    outside: float | None = None
    at: datetime | None = None

    @property
    def several(self) -> bool:
        """Whether several servers have a container each: their sum is no share of one."""
        if not self.container or self.rss is None or self.outside is None:
            return False
        return not isclose(self.rss / self.container, self.outside, rel_tol=1e-6)


def table(memory: Memory, growth: Mapping[str, Trend | None], policy: str, *, judged: bool) -> str:
    """Return used, maxmemory, RSS, container and policy below each other, on one scale.

    Args:
        memory: at the newest poll.
        growth: by measure; of what was never recorded there is none.
        policy: maxmemory-policy; empty where it is not known.
        judged: whether a budget has limits for a memory that evicts.
    """
    if memory.at is None:
        return (
            '<p class="hr-said" data-empty="memory">Nothing recorded yet: it takes two polls. '
            "<code>headroom run</code> polls; <code>headroom doctor</code> tells what hinders it.</p>"
        )
    limit = memory.maxmemory
    used = f"{memory.used / limit:.0%} of maxmemory" if memory.used is not None and limit else ""
    inside, several = memory.container, memory.several
    rss = f"{memory.rss / inside:.0%} of the container's" if memory.rss is not None and inside else ""
    if several and memory.outside is not None:
        rss = f"{memory.outside:.0%} of its container's, at the fullest primary"
    reached = (limit, "maxmemory") if limit else None
    ended = (float(inside), "its container's limit") if inside and not several else None
    never = ""
    if limit and inside and limit > inside and not several:
        never = "it can never be reached: the container's limit is lower"
    lines = (
        ("used", memory.used, _words(used, _growth(growth, recorded.USED, reached)), NOTHING),
        ("maxmemory", limit or None, never, "not told" if limit is None else "no limit"),
        ("RSS", memory.rss, _words(rss, _growth(growth, recorded.RSS, ended)), NOTHING),
        ("container", inside, "of each primary" if several else "", "no limit declared"),
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
        f"<tbody>{rows}</tbody></table>{_policy(memory, policy, judged=judged)}</section>"
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


def _policy(memory: Memory, policy: str, *, judged: bool) -> str:
    """Return what the policy makes of a full memory; nothing where it is not known."""
    if memory.maxmemory == 0:
        fix = "How much it may be follows from memory_limit of the source, once that is declared."
        if memory.container:
            size = int(memory.container * _ROOM)
            told = f"{size // 2**20}mb" if size >= 2**20 else f"{size}b"
            fix = (
                f"{_ROOM:.0%} of the container's leave room to save: <code>CONFIG SET maxmemory {told}</code>"
            )
        return (
            "<p>maxmemory is 0: Redis grows until the machine or the container stops it, and no share of it "
            f"can be told. {fix}</p>"
        )
    if not memory.evicts:
        return ""
    name = f"maxmemory-policy is {escape(policy)}: " if policy else "By its maxmemory-policy "
    by = (
        ", and is judged by what it throws away and by how often it has what is asked for"
        if judged
        else ": limits on its memory are not judged, and no budget has any under <code>evicting:</code>"
    )
    return f"<p>{name}keys are thrown away when it is full, so a full cache is healthy here{by}.</p>"
