"""The life of an alert, as records: what `alerts.decide` decides, the history keeps and people read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from headroom.budgets import Severity, Statistic, Subject


class State(StrEnum):
    """Where an incident stands; "resolved" and "dropped" are its two ends."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"
    DROPPED = "dropped"  # it never fired: the limit was met again before `for` had passed


class Why(StrEnum):
    """Why an incident moved, or why it stayed."""

    OVER = "over"  # pending begins
    HELD = "over for long enough"  # pending becomes firing
    NOT_FIRM = "over, but not surely enough to wake somebody"
    WAITING = "over, but not for long enough"
    FROZEN = "cannot be told: the clock of the pending incident stands still"
    DOUBTED = "cannot be told for too long"  # pending is dropped
    MET_EARLY = "met before it fired"  # pending is dropped
    STILL_OVER = "still over"
    WORSE = "severity rose"
    BETTER = "severity fell"
    LOST_SIGHT = "firing, and it cannot be told any more"
    SAW_AGAIN = "firing, and it can be told again"
    RECOVERING = "met, but not for long enough"
    RECOVERED = "met for long enough"
    BUDGET_CHANGED = "the budget was changed or removed"
    SUBJECT_GONE = "its source answers and gives nothing of it any more"
    QUIET = "nothing is over"


@dataclass(frozen=True, slots=True)
class Incident:
    """The life of an alert for one row (budget and statistic) and subject.

    Attributes:
        id: unique for ever; what receivers de-duplicate on.
        severity: of the loudest limit that is over, or was last.
        limit: the name of that limit.
        opened: when it became pending; fired: when it fired; ended: when it resolved or was dropped.
        over_for, met_for: how long it has been over, or met, without a break, by our monotonic clock:
            wall clocks step.
        blind: firing, while nothing can be told.
        budget_digest: identifies the wording of the budget that opened it.
        worst: the value furthest over, as text for people, with its evidence.
    """

    id: str
    budget: str
    statistic: Statistic
    subject: Subject
    state: State
    severity: Severity
    limit: str
    opened: datetime
    fired: datetime | None = None
    ended: datetime | None = None
    over_for: timedelta = timedelta(0)
    met_for: timedelta = timedelta(0)
    unclear_for: timedelta = timedelta(0)
    blind: bool = False
    budget_digest: str = ""
    worst: str = ""


@dataclass(frozen=True, slots=True)
class Transition:
    """One move of an incident: appended, never changed."""

    incident: str
    at: datetime
    before: State | None
    after: State
    why: Why
    detail: str


class NoticeStatus(StrEnum):
    """What a message tells its receiver."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of an incident for one channel.

    Attributes:
        id: None until the outbox has it.
        key: the same for every attempt, for receivers to de-duplicate on.
        payload: the message as JSON; the channel only adds its envelope.
        attempts: how often delivery was tried.
        next_at: not before this moment.
    """

    incident: str
    channel: str
    status: NoticeStatus
    key: str
    payload: str
    created: datetime
    next_at: datetime
    attempts: int = 0
    id: int | None = None
