"""From when to when an incident is told at which severity: what its own moves say, and nothing else.

Nothing of it is kept: after a restart the same moves give the same stretches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from headroom.budgets import Severity
from headroom.incidents import Incident, State, Transition, Why
from headroom.routing import Route, Told, channels_for

_ENDS = frozenset({State.RESOLVED, State.DROPPED})


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which an incident fires at one severity; `ends` is None while it does."""

    severity: Severity
    begins: datetime
    ends: datetime | None = None


Opens = Callable[[str, Incident, Severity, datetime], datetime | None]
"""From a channel, an incident, a severity and the moment at which it fired: when the channel may be told of
it, or None where it is not."""


def by_routes(routes: Iterable[Route], owner: Callable[[str], str]) -> Opens:
    """Return what decides by the routes of the file; `owner` gives that of a budget by its id."""
    kept = tuple(routes)

    def opens(channel: str, incident: Incident, severity: Severity, at: datetime) -> datetime | None:
        told = Told(incident.budget, severity, owner(incident.budget), incident.source)
        return channels_for(kept, told, at).get(channel)

    return opens


def stretches(incident: Incident, moves: Sequence[Transition]) -> tuple[Stretch, ...]:
    """Return the stretches in which an incident fired and was not silenced when they began.

    A silence keeps a stretch from beginning and ends none: an alert that is not re-sent any more counts as
    resolved, and that would be a lie.
    """
    if incident.fired is None or incident.untold:
        return ()
    found: list[Stretch] = []
    quiet = False
    silenced = {move.at for move in moves if move.why is Why.SILENCED}
    for move in moves:
        quiet = (quiet or move.why is Why.SILENCED) and move.why is not Why.UNSILENCED
        # What happens in the moment in which a silence takes hold is written down before it.
        begins = move.after is State.FIRING and not quiet and move.at not in silenced
        going_on = bool(found) and found[-1].ends is None
        if begins and going_on and found[-1].severity is move.severity:
            continue
        if going_on and (begins or move.after in _ENDS):
            found[-1] = _ended(found[-1], move.at)
        if begins:
            found.append(Stretch(move.severity, move.at))
    return _as_it_is(found, incident)


def heard(
    found: Sequence[Stretch],
    opens: Callable[[Severity, datetime], datetime | None],
    now: datetime,
    *,
    already: bool = False,
) -> tuple[Stretch, ...]:
    """Return the stretches that a channel hears of.

    Of which it hears first is for its route to say; after that it hears the story to its end.

    Args:
        found: all of them, in order.
        opens: from a severity and when it began, when the channel may be told; None: not at all.
        now: our clock. It may have been set back behind what has been told:
        already: the channel has heard of it, whatever time it is.
    """
    for index, stretch in enumerate(found):
        at = opens(stretch.severity, stretch.begins)
        if at is None or (stretch.ends is not None and at >= stretch.ends > stretch.begins):
            continue
        if already or at <= max(now, stretch.begins):
            return tuple(found[index:])
    return ()


def _as_it_is(found: list[Stretch], incident: Incident) -> tuple[Stretch, ...]:
    """Return the stretches so that they agree with the incident, of which old moves told less."""
    if not found and not incident.silenced and incident.fired is not None:
        found = [Stretch(incident.severity, incident.fired)]
    if not found:
        return ()
    last = found[-1]
    if incident.ended is not None and last.ends is None:
        last = _ended(last, incident.ended)
    if not incident.silenced and incident.ended is None and last.severity is not incident.severity:
        last = replace(last, severity=incident.severity)
    return (*found[:-1], last)


def _ended(stretch: Stretch, at: datetime) -> Stretch:
    return replace(stretch, ends=max(at, stretch.begins))  # a clock that was set back ends nothing too early
