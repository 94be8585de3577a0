"""What had to be told by the moves that the history holds, against what arrived: counted, not believed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headroom.history import Delivery, DeliveryState, History
from headroom.incidents import Incident, Transition, Why

_TOLD = {
    Why.HELD: "firing",
    Why.WORSE: "firing",
    Why.RECOVERED: "resolved",
    Why.BUDGET_CHANGED: "resolved",
}


@dataclass(frozen=True)
class Ledger:
    """One channel's account.

    Attributes:
        moves: by incident, what its moves had to tell: status and severity, in order.
        queued: by incident, what stands in the outbox: key, status and what became of it, in order.
        arrived: by incident, the keys in the order of their first arrivals.
        duplicates: arrivals beyond the first of a key.
        changed: keys that came with another incident or status when they came again.
    """

    moves: Mapping[str, list[tuple[str, str]]]
    queued: Mapping[str, list[tuple[str, str, DeliveryState]]]
    arrived: Mapping[str, list[str]]
    duplicates: int
    changed: tuple[str, ...]

    @property
    def transitions(self) -> int:
        """How many moves had to be told."""
        return sum(len(moves) for moves in self.moves.values())

    @property
    def needless(self) -> int:
        """How many were never tried before the incident ended, so that nobody had to hear of them."""
        return sum(state is DeliveryState.SUPERSEDED for rows in self.queued.values() for *_, state in rows)

    def faults(self) -> list[str]:
        """Return what is lost, invented, or out of order, as sentences."""
        found = [f"{key} came again with something else" for key in self.changed]
        for incident, moves in self.moves.items():
            rows = self.queued.get(incident, [])
            arrived = self.arrived.get(incident, [])
            if [status for status, _ in moves] != [status for _, status, _ in rows]:
                found.append(f"{incident}: moves {moves}, outbox {rows}")
            sent = [key for key, _, state in rows if state is DeliveryState.SENT]
            if arrived != sent:
                found.append(f"{incident}: sent {sent}, arrived {arrived}")
            found += [
                f"{incident}: {status} was left {state.value}"
                for _, status, state in rows
                if state not in (DeliveryState.SENT, DeliveryState.SUPERSEDED)
            ]
            # Needless is only what began an incident that has ended, or the end of what nobody heard of.
            if any(state is DeliveryState.SUPERSEDED for *_, state in rows) and rows[-1][1] != "resolved":
                found.append(f"{incident}: left out while it fires: {rows}")
        found += [f"{incident} was told, and never moved" for incident in self.arrived.keys() - self.moves]
        return found


def ledger(history: History, channel: str, arrivals: Sequence[Mapping[str, Any]]) -> Ledger:
    """Return the account of a channel; an arrival has the fields incident, status and key."""
    moves = {
        one.id: told
        for one in history.incidents(limit=100_000)
        if (told := _to_tell(one, history.transitions(one.id)))
    }
    queued: dict[str, list[tuple[str, str, DeliveryState]]] = defaultdict(list)
    for one in _of(channel, history.deliveries(limit=100_000)):
        queued[one.notice.incident].append((one.notice.key, one.notice.status.value, one.state))
    arrived: dict[str, list[str]] = defaultdict(list)
    seen: dict[str, tuple[str, str]] = {}
    changed = []
    for body in arrivals:
        key, what = body["key"], (body["incident"], body["status"])
        if key not in seen:
            arrived[body["incident"]].append(key)
        elif seen[key] != what:
            changed.append(key)
        seen[key] = what
    counts = Counter(body["key"] for body in arrivals)
    duplicates = sum(counts.values()) - len(counts)
    return Ledger(moves, queued, arrived, duplicates, tuple(changed))


def _to_tell(incident: Incident, moves: Sequence[Transition]) -> list[tuple[str, str]]:
    if incident.fired is None:
        return []
    return [(_TOLD[move.why], move.severity.value) for move in moves if move.why in _TOLD]


def _of(channel: str, deliveries: Sequence[Delivery]) -> list[Delivery]:
    return [one for one in deliveries[::-1] if one.notice.channel == channel and one.notice.incident]
