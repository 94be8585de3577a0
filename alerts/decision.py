"""What a decision on an incident says, and how long what must hold for one. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from headroom.alerting import Flapping, Step
from headroom.budgets import Severity
from headroom.incidents import Incident, NoticeStatus, State, Transition, Why

A_MOMENT = timedelta.resolution
NEVER = timedelta(0)

Silenced = str | Callable[[Severity], str]
"""The id of the silence in force, empty for none; or what tells it by how loud an incident is."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a judgement must hold before an incident moves, and when who is told again.

    Attributes:
        pending_for: over for this long, and surely enough, fires.
        recover_for: met for this long resolves.
        doubted_after: a pending incident that cannot be told for this long, and for `pending_for` at least,
            is dropped: what was over so long ago is no reason to wake somebody.
        remind: what was told so long ago, and is acknowledged by nobody, is told again; zero: never.
        steps: of escalation, by their time.
        flapping: when an incident counts as flapping; None: never.
        lost_after: sight of a firing incident lost for so long is told, once.
    """

    pending_for: timedelta
    recover_for: timedelta
    doubted_after: timedelta = timedelta(minutes=5)
    remind: timedelta = NEVER
    steps: tuple[Step, ...] = ()
    flapping: Flapping | None = None
    lost_after: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Decision:
    """What one judgement of a row, or one person, does to an incident.

    Attributes:
        incident: as it is now, to be kept; None where there is none.
        transition: the move, to be appended; None where it stays.
        why: the reason of what is told; where nothing is, of the move; where it stays, of that.
        notify: what receivers must be told; None for nothing.
        also: further moves of the same moment, to be appended behind `transition`.
    """

    incident: Incident | None
    transition: Transition | None
    why: Why
    notify: NoticeStatus | None = None
    also: tuple[Transition, ...] = ()

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """All moves, in order."""
        return (self.transition, *self.also) if self.transition else ()


def moved(
    before: Incident | None,
    after: Incident,
    why: Why,
    *,
    at: datetime,
    detail: str,
    notify: NoticeStatus | None = None,
) -> Decision:
    """Return the decision that an incident moves, or that something of it is recorded."""
    return Decision(after, move(before.state if before else None, after, why, at, detail), why, notify)


def move(before: State | None, after: Incident, why: Why, at: datetime, detail: str) -> Transition:
    """Return the transition to an incident as it is now."""
    return Transition(after.id, at, before, after.state, why, detail, after.severity)


def ending(incident: Incident) -> NoticeStatus | None:
    """Return what is told of the end of an incident: nothing where nobody heard of its beginning."""
    heard = incident.state is State.FIRING and not incident.untold
    return NoticeStatus.RESOLVED if heard else None
