"""What the history takes and gives back, as frozen records, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from headroom.audit.finding import Finding
from headroom.budgets import Outcome, Reason, Subject, Verdict
from headroom.incidents import Incident, Notice, Transition
from headroom.observation import Observation, Part
from headroom.statements import Statement

OK = "ok"
"""The result of a poll that gave a snapshot; every other result is the value of a `Reason`."""


class HistoryError(Exception):
    """The history cannot be used; the text is a sentence for people: what happened, why, what to do."""


class HistoryLocked(HistoryError):  # noqa: N818 a state to wait out or to route around, not a defect
    """Another process collects into this history."""


class HistoryGone(HistoryError):  # noqa: N818 a state that ends when the file is back, not a defect
    """The file was deleted or moved while this process collects into it."""


@dataclass(frozen=True, slots=True)
class Poll:
    """One attempt to read a source.

    Attributes:
        epoch: the identity of the source's run; None where the source did not answer.
        at: our clock, UTC, when the poll began.
        result: "ok", or the value of the `Reason` why it gave nothing.
        detail: the sentence behind another result than "ok".
    """

    source: str
    epoch: str | None
    at: datetime
    duration: timedelta
    result: str = OK
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Cycle:
    """All that one cycle changes; recorded whole or not at all.

    Attributes:
        at: our clock, UTC.
        poll: None where the clock, and no source, brought the cycle about.
        snapshot: epoch and bytes of the poll's snapshot, without secrets; replaces the source's last one.
        verdicts: all that were made, changed or not.
        incidents: the new state of those that moved or aged.
        notices: what is to be delivered, in order.
        config_digest: the version of the configuration in force; empty where there is none.
        notes: sentences about the polled source as a whole; they replace its earlier ones.
        statements: what was learnt of statements; replaces what was known of the same ones.
        applied: numbers of the actions that it applied.
        replays: incident and channel of messages that did not arrive and are sent again; empty: any.
    """

    at: datetime
    poll: Poll | None = None
    observations: tuple[Observation, ...] = ()
    snapshot: tuple[str, bytes] | None = None
    verdicts: tuple[Verdict, ...] = ()
    incidents: tuple[Incident, ...] = ()
    transitions: tuple[Transition, ...] = ()
    notices: tuple[Notice, ...] = ()
    config_digest: str = ""
    notes: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    applied: tuple[int, ...] = ()
    replays: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.poll is None and (self.snapshot is not None or self.notes):
            raise ValueError("a cycle without a poll has neither a snapshot nor notes")


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part of a series with its place in the history.

    Attributes:
        seq: the cycle that recorded it; order is by this number, for clocks step.
        at: our clock, UTC, when it was recorded.
    """

    seq: int
    at: datetime
    part: Part


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found of one source when it was audited last.

    Attributes:
        at: our clock, UTC.
    """

    source: str
    at: datetime
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """The latest verdict on one limit and subject.

    Attributes:
        since: since when the outcome has been this one, whatever its reasons were.
        seq: the cycle that judged last.
    """

    verdict: Verdict
    since: datetime
    seq: int


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """The moment at which the outcome or the reason of a limit and subject changed."""

    at: datetime
    budget: str
    limit: str
    subject: Subject
    outcome: Outcome
    reason: Reason
    detail: str


class DeliveryState(StrEnum):
    """What became of a notice."""

    WAITING = "waiting"
    SENT = "sent"
    GAVE_UP = "gave up"
    SUPERSEDED = "superseded"  # its incident ended before anything was said of it
    REROUTED = "told to another channel"  # its own would not take it


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice and what became of it.

    Attributes:
        ended: our clock, UTC, when it left the queue; None while it waits.
        error: why the last attempt failed; empty after a success.
        response: what the receiver answered to the delivered one, shortened.
    """

    notice: Notice
    state: DeliveryState
    ended: datetime | None
    error: str
    response: str

    @property
    def sent(self) -> datetime | None:
        """When it was delivered, or None."""
        return self.ended if self.state is DeliveryState.SENT else None


@dataclass(frozen=True, slots=True)
class ChannelState:
    """What is known of a channel.

    Attributes:
        digest: of its configuration when this was written.
        disabled: since when it takes nothing, because of a permanent error; None while it works.
        error: the sentence of its last failure; empty after a success.
        ok_at, failed_at: when it last took something, also a test, and when it last did not.
        tested_at: when it was last tested; tested: what came of that, as a sentence.
    """

    name: str
    digest: str
    disabled: datetime | None = None
    error: str = ""
    ok_at: datetime | None = None
    failed_at: datetime | None = None
    tested_at: datetime | None = None
    tested: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receiver that can be asked says of an incident.

    Attributes:
        member: which of its servers.
        state: as the receiver calls it, e.g. active or suppressed.
        detail: a sentence for people, e.g. by whom it is silenced.
    """

    incident: str
    channel: str
    member: str
    at: datetime
    state: str
    detail: str = ""
