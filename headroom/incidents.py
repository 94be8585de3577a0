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


class About(StrEnum):
    """What an incident is about; it is part of what identifies one."""

    BREACH = "breach"  # a limit is broken
    BLIND = "blind"  # nothing can be told of a budget: its own statistic says which row was seen first


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
    LOST_FOR_LONG = "firing, and it could not be told for long"
    FLAPPING = "it fires and recovers over and over"
    CALM = "it has been the same for long enough: no longer flapping"
    REMINDED = "it still fires, and nobody has acknowledged it"
    ESCALATED = "nobody acknowledged it in time"
    ACKNOWLEDGED = "somebody takes care of it"
    UNACKNOWLEDGED = "nobody takes care of it any more"
    SILENCED = "it is silenced"
    UNSILENCED = "its silence is over, and it still fires"
    CANNOT_SEE = "nothing can be told"  # pending begins, of what is about sight
    UNSEEN = "nothing could be told for long enough"  # it fires
    SEEN = "it can be told again"  # it ends


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
        source: the name of the source that its budget is judged by; empty where an old row does not say.
        acknowledged, acknowledged_by: since when somebody takes care of it, and who; a rise of its severity
            ends that.
        silenced: the id of the silence that keeps it quiet; empty where none does.
        flapping: kept open as one, and told of no more until it has been the same for long enough.
        rises: how often it fired or grew more severe lately, incidents of the same row before it included.
        steady_for: how long, while flapping, it has been the same.
        told_ago: since people were last told that it fires.
        unanswered_for: firing, neither acknowledged nor silenced.
        step: how many steps of escalation it has taken.
        lost_told: people were told that sight of it was lost, and not yet that it is back.
        untold: it fired, and a silence has kept that from everybody so far.
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
    about: About = About.BREACH
    source: str = ""
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    silenced: str = ""
    flapping: bool = False
    rises: int = 0
    steady_for: timedelta = timedelta(0)
    told_ago: timedelta = timedelta(0)
    unanswered_for: timedelta = timedelta(0)
    step: int = 0
    lost_told: bool = False
    untold: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """One move of an incident: appended, never changed.

    Attributes:
        severity: of the incident after the move.
    """

    incident: str
    at: datetime
    before: State | None
    after: State
    why: Why
    detail: str
    severity: Severity = Severity.CRITICAL


class NoticeStatus(StrEnum):
    """What a message tells its receiver."""

    FIRING = "firing"  # it began to fire, fires more severely, or fires when its silence ends
    RESOLVED = "resolved"
    REMINDER = "still firing"
    ESCALATED = "escalated"
    LOST_SIGHT = "lost sight"  # firing, and nothing can be told of it any more
    FLAPPING = "flapping"
    ACKNOWLEDGED = "acknowledged"
    SYSTEM = "headroom"  # of Headroom itself: no incident, but a broken channel, a sleep, a test


ALARMS = frozenset(
    {NoticeStatus.FIRING, NoticeStatus.ESCALATED, NoticeStatus.REMINDER, NoticeStatus.FLAPPING}
)
"""After these a receiver knows that an incident fires, and must hear of its end."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of an incident for one channel.

    Attributes:
        incident: the incident's id; empty for a message of Headroom itself.
        id: None until the outbox has it.
        key: the same for every attempt, for receivers to de-duplicate on.
        payload: the message as JSON; the channel only adds its envelope.
        attempts: how often delivery was tried.
        next_at: not before this moment.
        bundle: the key of the message in which it was told together with others; empty: alone. Receivers
            that know incidents by a key know this one by that.
        source, budget: what messages are grouped by when many wait.
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
    bundle: str = ""
    source: str = ""
    budget: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel sends at once: one notice, or several that are told together.

    Attributes:
        notices: in the order of the outbox, all of one channel and status, never empty.
    """

    notices: tuple[Notice, ...]

    @property
    def key(self) -> str:
        """What receivers de-duplicate on: that of the first notice."""
        return self.notices[0].key

    @property
    def status(self) -> NoticeStatus:
        """What it tells."""
        return self.notices[0].status
