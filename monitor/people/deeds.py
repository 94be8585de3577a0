"""What people did to one incident, as its story tells it: who silenced it, too, and what came to nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from headroom.history import Action
from headroom.history.actions import ACKNOWLEDGE, SILENCE, UNACKNOWLEDGE, UNSILENCE
from headroom.history.silence_body import AbsurdError, silence_of
from headroom.incidents import Incident, Transition, Why
from headroom.instances import printable
from headroom.people import notes, told
from headroom.silences import Maintenance
from monitor.people import asked
from monitor.people.printed import meant

_SILENCE = "silence "  # what the detail of a move begins with that a silence made
_PLANNED = "maintenance:"
_LONGEST = 500


def silences_of(incident: Incident, moves: Iterable[Transition]) -> list[str]:
    """Return the ids of the silences that took hold of an incident, each once, the first first."""
    held = [
        move.detail.removeprefix(_SILENCE)
        for move in moves
        if move.why is Why.SILENCED and move.detail.startswith(_SILENCE)
    ]
    return list(dict.fromkeys([*held, *([incident.silenced] if incident.silenced else [])]))


def deeds(actions: Sequence[Action], incident: Incident, moves: Sequence[Transition]) -> list[Action]:
    """Return the actions about an incident, oldest first: those too by which a pattern silenced it.

    Args:
        actions: of all kinds that are about alerts.
        incident: as it stands.
        moves: all of its moves.
    """
    held = set(silences_of(incident, moves))
    about = {id(one) for one in notes(actions, incident.id)}
    return [
        one
        for one in actions
        if id(one) in about or (one.kind in {SILENCE, UNSILENCE} and one.body.get("id", "") in held)
    ]


def said(
    done: Sequence[Action], incident: Incident, moves: Sequence[Transition], waiting: Collection[int]
) -> Iterator[tuple[datetime, str]]:
    """Yield what people did with when, in words that are harmless to print.

    Args:
        done: the answer of `deeds`.
        incident: as it stands.
        moves: all of its moves.
        waiting: the numbers of the actions that no cycle has applied yet.
    """
    idle = _idle(done, moves, waiting)
    for one in done:
        words = _silenced(one, incident.id)
        if one.number in idle:
            words += f": {idle[one.number]}, no effect"
        elif one.number in waiting:
            words += " (waits to be applied)"
        yield one.at, words


def planned(incident: Incident, moves: Iterable[Transition], works: Iterable[Maintenance]) -> dict[str, str]:
    """Return by the id of each time of planned work that took hold of an incident what to say of it."""
    comments = {work.name: work.comment for work in works}
    found = {}
    for ident in silences_of(incident, moves):
        if ident.startswith(_PLANNED):
            name = ident.removeprefix(_PLANNED).rsplit(":", 3)[0]  # behind it its beginning: HH:MM:SS
            comment = comments.get(name, "it is not in the budgets file any more")
            found[ident] = f"maintenance {printable(name)}" + (
                f": {printable(comment, _LONGEST)}" if comment else ""
            )
    return found


def _silenced(action: Action, incident: str) -> str:
    who = printable(action.person, 100) or "somebody"
    if action.kind == UNSILENCE:
        ident = action.body.get("id", "")
        named = printable(ident, _LONGEST) if ident.startswith(_PLANNED) else asked.short(ident)
        return f"{who} ended the silence {named}"
    if action.kind != SILENCE:
        return told(action)
    try:
        one = silence_of(action)
    except AbsurdError:
        return told(action)
    what = "it" if one.matcher.incident == incident else meant(one.matcher)
    comment = f": {printable(one.comment, _LONGEST)}" if one.comment else ""
    return f"{who} silenced {what} until {asked.stamp(one.ends)} (silence {asked.short(one.id)}){comment}"


def _idle(done: Sequence[Action], moves: Sequence[Transition], waiting: Collection[int]) -> Mapping[int, str]:
    """Return the actions that moved nothing, by their numbers, and why: somebody was quicker.

    Each move by hand names who made it; the first such action that is left is the one that did.
    """
    left = [move for move in moves if move.why in {Why.ACKNOWLEDGED, Why.UNACKNOWLEDGED}]
    holder, found = "", {}
    for one in done:
        if one.kind not in {ACKNOWLEDGE, UNACKNOWLEDGE} or one.number in waiting:
            continue
        taking = one.kind == ACKNOWLEDGE
        why = Why.ACKNOWLEDGED if taking else Why.UNACKNOWLEDGED
        who = printable(one.person, 100) or "somebody"
        by = f"{'acknowledged' if taking else 'let go'} by {who}"
        move = next((each for each in left if each.why is why and _by(each, by)), None)
        if move is not None:
            left.remove(move)
            holder = who if taking else ""
        elif taking:
            found[one.number] = f"{holder} had it already" if holder else "it did not fire any more"
        else:
            found[one.number] = "nobody had it"
    return found


def _by(move: Transition, by: str) -> bool:
    return move.detail == by or move.detail.startswith(f"{by}: ")
