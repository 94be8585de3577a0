"""The story of an incident: one for each thing that is told of it, in a title and in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.background import NOTHING, Background
from alerts.background import sentences as beyond
from alerts.text import clean, clock
from alerts.words import cause, evidence, promise, standing, unseen
from headroom.budgets import Budget, Limit, Outcome, Verdict
from headroom.incidents import About, Incident, NoticeStatus, Why
from headroom.units import format_duration

_LONGEST_NAME = 110
_FIRES = frozenset(
    {NoticeStatus.FIRING, NoticeStatus.REMINDER, NoticeStatus.ESCALATED, NoticeStatus.FLAPPING}
)
ENDS = {
    Why.BUDGET_CHANGED: "closed with its budget, which was changed or removed",
    Why.SUBJECT_GONE: "closed, as its source gives nothing of it any more",
}
"""Ends that no verdict brought about."""


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to tell of one move of an incident.

    Attributes:
        name: how its row is called.
        verdict: the telling one; None where it could not be judged.
        verdicts: all of them.
        note: what a person wrote who takes care of it.
        silence: the silence that ended, in words.
        risen: when its severity last rose, where that is known and it has not fallen since.
        background: what else the history knows.
    """

    incident: Incident
    status: NoticeStatus
    why: Why
    at: datetime
    name: str
    verdict: Verdict | None
    limit: Limit | None
    budget: Budget | None
    verdicts: Sequence[Verdict] = ()
    note: str = ""
    silence: str = ""
    risen: datetime | None = None
    background: Background = NOTHING

    @property
    def blind(self) -> bool:
        """Whether it is about sight."""
        return self.incident.about is About.BLIND

    @property
    def short(self) -> str:
        """Its name for a title, which must still have room for the figures behind it."""
        return clean(self.name, _LONGEST_NAME)

    @property
    def begun(self) -> datetime:
        """Since when it has been so, as far as people were told."""
        return self.incident.opened

    @property
    def grown(self) -> datetime | None:
        """When its severity last rose, as far as is known."""
        return self.at if self.why is Why.WORSE else self.risen

    @property
    def lasted(self) -> str:
        """How long it has been so."""
        return format_duration(max(timedelta(0), self.at - self.begun))

    def clock(self, moment: datetime) -> str:
        """Return a moment in UTC, with its day where that is another one."""
        moment, at = moment.astimezone(UTC), self.at.astimezone(UTC)
        return f"{moment:%H:%M:%S} UTC" if moment.date() == at.date() else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def headline(told: Told) -> tuple[str, str]:
    """Return the word of status for the title's brackets, and the whole story in a few words."""
    incident, name = told.incident, told.short
    if told.status is NoticeStatus.FIRING and told.why is Why.UNACKNOWLEDGED:
        return "NOT TAKEN CARE OF", f"{name}: nobody takes care of it any more, and it still fires"
    lasting = _lasting(told)
    match told.status:
        case NoticeStatus.RESOLVED:
            word, brief = _ended(told)
        case NoticeStatus.LOST_SIGHT:
            word, brief = "LOST SIGHT", f"{name} fires, and cannot be told any more: {cause(told.verdict)}"
        case NoticeStatus.ACKNOWLEDGED:
            word, brief = "ACKNOWLEDGED", f"{name}: {_who(incident)} takes care of it"
        case NoticeStatus.ESCALATED:
            waited = format_duration(incident.unanswered_for)
            state = f"blind{lasting}" if told.blind else standing(told.verdict) + lasting
            word, brief = "ESCALATED", f"{name}: nobody has answered for {waited}; {state}"
        case NoticeStatus.FLAPPING:
            state = f"fired or grew worse {_times(incident)}; {standing(told.verdict)}"
            word, brief = "FLAPPING", f"{name}: {state}"
        case _:
            word, brief = _fires(told, lasting)
    return word, brief


def _lasting(told: Told) -> str:
    """Return how long it has been over the limit that is told, which may be another than at first."""
    since = told.grown or told.begun
    return f", for {format_duration(told.at - since)}" if told.at - since >= timedelta(seconds=1) else ""


def _fires(told: Told, lasting: str) -> tuple[str, str]:
    still = told.status is NoticeStatus.REMINDER or told.why is Why.UNSILENCED
    if told.blind:
        about = f"{_untold(told)} of {told.short}: {cause(told.verdict)}{lasting}"
        return ("STILL BLIND" if still else "BLIND"), about
    over = told.verdict is None or told.verdict.outcome is Outcome.OVER
    if not over:
        return "STILL FIRING", f"{told.short}: {standing(told.verdict)}; firing for {told.lasted}"
    word = "STILL OVER" if still else "OVER"
    if told.why is Why.WORSE:
        word += f", NOW {told.incident.severity.value.upper()}"
    state = promise(None, told.limit) if told.verdict is None else standing(told.verdict)
    return word, f"{told.short}: {state}{lasting}"


def _untold(told: Told) -> str:
    _, wholly = unseen(told.verdicts)
    return "nothing can be told" if wholly else "not all can be told"


def sentences(told: Told) -> list[str]:
    """Return the story, what matters most first."""
    if told.status is NoticeStatus.RESOLVED:
        return _end(told)
    lines = [*_before(told), _stands(told), *_news(told)]
    if told.why is Why.UNACKNOWLEDGED and told.verdict is None and not told.blind:
        lines = [*_before(told), f"{told.name} still fires."]
    if told.status in _FIRES:
        more = beyond(told.background, told.begun, told.verdict, told.clock)
        lines += [_since(told), *more, *_help(told)]
    return lines


def _stands(told: Told) -> str:
    """Return how it stands, with its evidence."""
    if told.blind:
        causes, _ = unseen(told.verdicts)
        what = f"{_untold(told)} of {told.name}"
        return f"{what[0].upper()}{what[1:]}" + (f": {causes}." if causes else ".")
    shown, verdict = evidence(told.verdict), told.verdict
    if verdict is None:
        return f"{told.name} fires, and was not judged now."
    if verdict.outcome is Outcome.OVER:
        return f"{told.name} is {promise(verdict, told.limit)}: {shown}."
    state = standing(verdict)
    if verdict.outcome is Outcome.MET:
        state += ", but not for long enough to be resolved"
    return f"{told.name} still fires; {state}: {shown}."


def _before(told: Told) -> list[str]:
    """Return what is news to whoever has heard of it before; it comes first."""
    incident = told.incident
    if told.status is NoticeStatus.ESCALATED:
        waited = format_duration(incident.unanswered_for)
        step = f"; this is step {incident.step} of its escalation" if incident.step else ""
        return [f"Nobody has answered for {waited}{step}."]
    if told.status is NoticeStatus.ACKNOWLEDGED:
        said = f': "{clean(told.note, 300)}"' if told.note else ""
        return [f"{_who(incident)} takes care of it{said}."]
    silence = f" ({clean(told.silence, 300)})" if told.silence else ""
    untold = " Nobody was told of it so far." if incident.untold else ""
    news = {
        Why.WORSE: f"Severity rose to {incident.severity.value}.",
        Why.UNSILENCED: f"Its silence{silence} is over, and it still fires.{untold}",
        Why.CALM: "It flaps no longer.",
        Why.UNACKNOWLEDGED: "Nobody takes care of it any more.",
    }
    return [news[told.why]] if told.why in news else []


def _news(told: Told) -> list[str]:
    """Return what else this message is about."""
    incident = told.incident
    match told.status:
        case NoticeStatus.REMINDER:
            return ["Nobody has answered yet."] if incident.acknowledged is None else []
        case NoticeStatus.LOST_SIGHT:
            return ["It is not resolved: it stays open until it is seen to be met."]
        case NoticeStatus.FLAPPING:
            return [
                f"It fired or grew worse {_times(incident)} lately, and is kept open as one incident.",
                "You hear of it again once it has stayed the same for a while.",
            ]
        case _:
            return []


def _since(told: Told) -> str:
    incident = told.incident
    if told.blind:
        return (
            f"Blind since {told.clock(incident.opened)}, {told.lasted}: "
            "whether what it promises is kept is not known."
        )
    over = told.verdict is None or told.verdict.outcome is Outcome.OVER
    since = f"{'over since' if over and not told.grown else 'began at'} {told.clock(incident.opened)}"
    if told.grown:
        since = f"{incident.severity.value} since {told.clock(told.grown)}; {since}"
        fired = f", fired at {told.clock(incident.fired)}" if incident.fired else ""
        return f"{since[0].upper()}{since[1:]}{fired}."
    fired = f", fired at {told.clock(incident.fired)}" if incident.fired else ""
    return f"{incident.severity.value.capitalize()}: {since}{fired}."


def _help(told: Told) -> list[str]:
    if told.budget is None or not told.budget.if_broken:
        return []
    return [f"If broken: {clean(told.budget.if_broken, 500).rstrip('.')}."]


def _ended(told: Told) -> tuple[str, str]:
    closed = ENDS.get(told.why)
    if closed is not None:
        return "CLOSED", f"{told.short}: {closed}; it was not {'seen' if told.blind else 'met'} again"
    if told.blind:
        return "SEEN AGAIN", f"{told.short}: it can be told again, after {_length(told)}"
    return "RESOLVED", f"{told.short}: met again after {_length(told)}"


def _end(told: Told) -> list[str]:
    incident, verdict = told.incident, told.verdict
    closed = ENDS.get(told.why)
    if closed is not None:
        # After a change the verdicts judge another promise than the one that this incident is about.
        first = f"{told.name} is {closed}; it was not {'seen' if told.blind else 'met'} again."
    elif told.blind:
        now = f"; it is {verdict.outcome.value} now: {evidence(verdict)}" if verdict else ""
        first = f"{told.name} can be told again{now}."
    else:
        shown = f": {evidence(verdict)}" if verdict else ""
        first = f"{told.name} is met again{shown}."
    begun = incident.opened if told.blind else incident.fired or incident.opened
    state = "It was blind" if told.blind else "It fired"
    same = begun.astimezone(UTC).date() == told.at.astimezone(UTC).date()
    until = told.clock(told.at) if same else clock(told.at)
    past = f"{state} from {told.clock(begun)} to {until}, {_length(told)}."
    lines = [first, *(["It had been flapping."] if incident.flapping else []), past]
    worst = "" if told.blind else clean(incident.worst, 500).rstrip(".")
    return [*lines, f"Worst: {worst}."] if worst else lines


def _length(told: Told) -> str:
    incident = told.incident
    begun = incident.opened if told.blind else incident.fired or incident.opened
    return format_duration(max(timedelta(0), told.at - begun))


def _who(incident: Incident) -> str:
    return clean(incident.acknowledged_by, 100) or "somebody"


def _times(incident: Incident) -> str:
    return f"{incident.rises} times" if incident.rises > 1 else "again and again"
