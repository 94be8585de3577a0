"""How incidents read on the page: their names, how they stand, when and for how long. Pure and plain text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo

from dashboard.foreign import one_line
from dashboard.visitor import clock
from headroom.brief import standing_now
from headroom.budgets import Budget, Outcome, Severity, Verdict
from headroom.history import Delivery, DeliveryState
from headroom.incidents import ALARMS, About, Incident, State
from headroom.silences import Matcher, Silence
from headroom.units import format_duration
from headroom.wording import figure

_MINUTE = timedelta(minutes=1)
_LABELS = 20
_SHORT = 8  # signs of an id


def name(incident: Incident, budget: Budget | None) -> str:
    """Return how people call what an incident is about; sight is lost of a budget, not of a statistic."""
    title = one_line(budget.title if budget else incident.budget, 100)
    statistic = "" if incident.about is About.BLIND else f" {incident.statistic.value}"
    of = one_line(", ".join(f"{label}={value}" for label, value in incident.subject[:_LABELS]), 300)
    return title + statistic + (f" ({of})" if of else "")


def headline(incident: Incident, budget: Budget | None, verdict: Verdict | None) -> str:
    """Return the story of an incident in one line, as its messages have it, with the figures of now."""
    called = name(incident, budget)
    if incident.about is About.BLIND:
        return f"nothing can be told of {called}"
    return f"{called}: {stands(verdict)}"


def stands(verdict: Verdict | None) -> str:
    """Return how a row stands now, its figure beside what is allowed where it is over."""
    if verdict is None:
        return "it is not judged any more"
    if verdict.outcome is Outcome.MET and verdict.value is not None:
        return f"met now, {figure(verdict)}"
    return standing_now(verdict)


def lasted(length: timedelta) -> str:
    """Return a length of time without seconds, which would change at every look."""
    if length < _MINUTE:
        return "less than a minute"
    return format_duration(length - length % _MINUTE)


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago a moment was, to the second below a minute."""
    age = max(now - moment, timedelta(0))
    return f"{int(age.total_seconds())} s ago" if age < _MINUTE else f"{lasted(age)} ago"


def begun(incident: Incident) -> datetime:
    """Return since when an incident has been what it is."""
    return incident.fired or incident.opened


def since(incident: Incident, now: datetime, zone: tzinfo) -> str:
    """Return since when an incident fires or waits, and for how long."""
    start = begun(incident)
    word = "fires" if incident.state is State.FIRING else "pending"
    return f"{word} since {clock(start, now, zone)}, for {lasted(now - start)}"


def loudest(incident: Incident, *, silenced: bool) -> tuple[bool, bool, bool, bool, float]:
    """Return a key that sorts what needs a person first, first; of equals the newest."""
    return (
        silenced,
        incident.state is not State.FIRING,
        incident.acknowledged is not None,
        incident.severity is not Severity.CRITICAL,
        -begun(incident).timestamp(),
    )


def alarmed(deliveries: Iterable[Delivery]) -> set[str]:
    """Return the channels that took a message which says that an incident fires."""
    return {
        one.notice.channel
        for one in deliveries
        if one.state is DeliveryState.SENT and one.notice.status in ALARMS
    }


def came(one: Delivery, now: datetime, zone: tzinfo) -> str:  # noqa: PLR0911 one for each state
    """Return what became of a message in a few words, with a sign before them."""
    error = one_line(one.error, 300)
    match one.state:
        case DeliveryState.SENT:
            return f"✓ arrived {clock(one.ended or one.notice.created, now, zone)}"
        case DeliveryState.GAVE_UP:
            return f"✖ did not arrive: {error or 'no reason is kept'}"
        case DeliveryState.REROUTED:
            other = one_line(one.response, 100)
            told = f"went to {other} instead" if other else "went to another channel"
            return f"✖ {told}: {error}" if error else f"✖ {told}"
        case DeliveryState.WAITING if one.notice.attempts:
            tries = f"{one.notice.attempts} attempt{'' if one.notice.attempts == 1 else 's'}"
            return f"… not yet, after {tries}: {error or 'no answer so far'}"
        case DeliveryState.WAITING if one.notice.next_at > now:
            return f"… waits until {clock(one.notice.next_at, now, zone)}"
        case DeliveryState.WAITING:
            return "… on its way"
    return "\u2013 not sent, as it had ended before"


def meant(matcher: Matcher, names: dict[str, str]) -> str:
    """Return what a silence is for, in words; `names` are those of incidents by their ids."""
    ident = matcher.incident
    parts = [names.get(ident) or f"incident {ident[:_SHORT]}"] if ident else []
    named = {"budget": matcher.budgets, "source": matcher.sources, "owner": matcher.owners}
    named["severity"] = matcher.severities
    parts += [f"{what} {' or '.join(each)}" for what, each in named.items() if each]
    parts += [f"{label} {pattern}" for label, pattern in matcher.labels]
    return one_line(", ".join(parts), 400) or "all alerts"


def quiet(silence: Silence, now: datetime, zone: tzinfo) -> str:
    """Return until when something is silenced, by whom and why."""
    why = one_line(silence.comment, 500)
    by = one_line(silence.author, 100)
    return f"silenced until {clock(silence.ends, now, zone)} by {by}{f': {why}' if why else ''}"
