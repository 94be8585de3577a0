"""What an alarm says beyond its own figures: how it stood an hour before, what happened since, the worst."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.text import clean
from headroom.budgets import Outcome, Unit, Verdict
from headroom.units import format_duration, format_value
from headroom.wording import figure, rate

BEFORE = timedelta(hours=1)
"""What "before" is: most faults began since, and the time of day is nearly the same."""
_LONGEST_DETAIL, _LONGEST_TEXT = 300, 300
_WAS = {
    Outcome.MET: "it was within this limit",
    Outcome.OVER: "it was over this limit, too",
    Outcome.UNDECIDED: "it could not be decided",
    Outcome.IDLE: "there was no traffic",
    Outcome.BLIND: "nothing could be told",
}


@dataclass(frozen=True, slots=True)
class Offender:
    """The statement that took most time beyond the limit for certain.

    Attributes:
        since, until: the time that is looked at, UTC.
        calls: how many it had in that time.
        mean: their mean duration, in seconds.
        beyond: so many seconds in sum, at least, were over the limit.
        text: normalised and redacted; empty where it is not known.
    """

    fingerprint: str
    since: datetime
    until: datetime
    calls: int
    mean: float
    beyond: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Background:
    """What the history knows about a row that is over.

    Attributes:
        at: the moment that `before` is about, UTC; None where nothing was recorded then.
        before: how the limit stood at that moment, by the budgets as they are now.
        anew: when what is measured last began anew since that moment, UTC, and what is known of it.
        offender: of a budget on statements, where one is known.
    """

    at: datetime | None = None
    before: Verdict | None = None
    anew: tuple[datetime, str] | None = None
    offender: Offender | None = None


NOTHING = Background()


def sentences(
    background: Background, begun: datetime, verdict: Verdict | None, clock: Callable[[datetime], str]
) -> Iterator[str]:
    """Yield what is added to an alarm.

    Args:
        background: what is known.
        begun: when it began to be over, UTC.
        verdict: what the alarm tells of; None where it could not be judged.
        clock: how the alarm writes a moment.
    """
    before = background.before
    if before is not None and background.at is not None:
        was = _WAS[before.outcome]
        if verdict is not None and _promise(before) != _promise(verdict):
            was = f"another limit held, and it was {before.outcome.value}"
        shown = clean(before.detail, _LONGEST_DETAIL).rstrip(".")
        yield f"An hour before, at {clock(background.at)}, {was}: {shown}."
    told = "" if verdict is None else verdict.detail
    if background.anew is not None and background.anew[1] not in told:
        moment, why = background.anew
        side = "before" if moment <= begun else "after"
        apart = format_duration(abs(begun - moment))
        why = clean(why, _LONGEST_DETAIL).rstrip(".")
        yield f"At {clock(moment)}, {apart} {side} it began: {why}."
    if (worst := background.offender) is not None:
        calls = f"{worst.calls:,} call{'' if worst.calls == 1 else 's'}"
        line = (
            f"From {clock(worst.since)} to {clock(worst.until)} most time over the limit, for certain, was "
            f"taken by statement {worst.fingerprint}: {calls} of {format_value(worst.mean, Unit.SECONDS)} in "
            f"the mean, at least {rate(worst.beyond)} s too long in sum"
        )
        text = clean(worst.text, _LONGEST_TEXT)
        yield f"{line}: {text}" if text else f"{line}."


def fields(background: Background) -> dict[str, Any]:
    """Return the same for machines: `before` and `statement`, each None where it is not known."""
    verdict, worst = background.before, background.offender
    before = None
    if verdict is not None and background.at is not None:
        value = verdict.value
        before = {
            "at": background.at.isoformat(),
            "outcome": verdict.outcome.value,
            "threshold": verdict.threshold,
            "unit": verdict.unit.value,
            "value": None if value is None else {"low": value.low, "high": value.high},
            "n": verdict.n,
        }
    statement = None
    if worst is not None:
        statement = {
            "fingerprint": worst.fingerprint,
            "since": worst.since.isoformat(),
            "until": worst.until.isoformat(),
            "calls": worst.calls,
            "mean": worst.mean,
            "beyond": worst.beyond,
            "text": clean(worst.text, _LONGEST_TEXT),
        }
    return {"before": before, "statement": statement}


def fact(background: Background, verdict: Verdict | None) -> tuple[str, str]:
    """Return a name and a value for those who look closer; the value is empty where nothing is known."""
    before = background.before
    if before is None or verdict is None or _promise(before) != _promise(verdict):
        return "An hour before", ""
    told = "" if before.outcome in (Outcome.IDLE, Outcome.BLIND) else f", {figure(before)}"
    return "An hour before", f"{before.outcome.value}{told}"


def _promise(verdict: Verdict) -> tuple[float, Unit, bool]:
    return verdict.threshold, verdict.unit, verdict.at_least
