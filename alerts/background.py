"""What an alarm says beyond its own figures: how it stood an hour before, what happened since, the worst."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from alerts.text import clean
from headroom.budgets import Outcome, Unit, Verdict
from headroom.units import format_value
from headroom.wording import figure, rate

BEFORE = timedelta(hours=1)
"""What "before" is: most faults began since, and the time of day is nearly the same."""
_LONGEST_DETAIL, _LONGEST_TEXT = 300, 300
_WAS = {
    Outcome.MET: "it was met",
    Outcome.OVER: "it was over, too",
    Outcome.UNDECIDED: "it could not be decided",
    Outcome.IDLE: "there was no traffic",
    Outcome.BLIND: "nothing could be told",
}


@dataclass(frozen=True, slots=True)
class Offender:
    """The statement that took most time beyond the limit for certain.

    Attributes:
        calls: how many it had in the window.
        mean: their mean duration, in seconds.
        beyond: so many seconds in sum, at least, were over the limit.
        text: normalised and redacted; empty where it is not known.
    """

    fingerprint: str
    calls: int
    mean: float
    beyond: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class Background:
    """What the history knows about a row that is over.

    Attributes:
        at: the moment that `before` is about, UTC; None where nothing was recorded then.
        before: how the limit stood at that moment.
        anew: when the counters last began anew since that moment, UTC, and why.
        offender: of a budget on statements, where one is known.
    """

    at: datetime | None = None
    before: Verdict | None = None
    anew: tuple[datetime, str] | None = None
    offender: Offender | None = None


NOTHING = Background()


def sentences(background: Background, clock: Callable[[datetime], str], detail: str) -> Iterator[str]:
    """Yield what is added to an alarm.

    Args:
        background: what is known.
        clock: how the alarm writes a moment.
        detail: the figures that the alarm has told already.
    """
    verdict = background.before
    if verdict is not None and background.at is not None:
        shown = clean(verdict.detail, _LONGEST_DETAIL).rstrip(".")
        yield f"An hour before, at {clock(background.at)}, {_WAS[verdict.outcome]}: {shown}."
    if background.anew is not None and background.anew[1] not in detail:
        moment, why = background.anew
        why = clean(why, _LONGEST_DETAIL).rstrip(".")
        yield f"Since then, at {clock(moment)}: {why}."
    if (worst := background.offender) is not None:
        told = (
            f"Most time over the limit for certain: statement {worst.fingerprint}, {worst.calls:,} "
            f"call{'' if worst.calls == 1 else 's'} of {format_value(worst.mean, Unit.SECONDS)} in the mean, "
            f"at least {rate(worst.beyond)} s too long in sum"
        )
        text = clean(worst.text, _LONGEST_TEXT)
        yield f"{told}: {text}" if text else f"{told}."


def fields(background: Background) -> dict[str, Any]:
    """Return the same for machines: `before` and `statement`, each None where it is not known."""
    verdict, worst = background.before, background.offender
    before = None
    if verdict is not None and background.at is not None:
        value = verdict.value
        before = {
            "at": background.at.isoformat(),
            "outcome": verdict.outcome.value,
            "value": None if value is None else {"low": value.low, "high": value.high},
            "n": verdict.n,
        }
    statement = None
    if worst is not None:
        text = clean(worst.text, _LONGEST_TEXT)
        statement = {
            "fingerprint": worst.fingerprint,
            "calls": worst.calls,
            "mean": worst.mean,
            "beyond": worst.beyond,
            "text": text,
        }
    return {"before": before, "statement": statement}


def fact(background: Background) -> tuple[str, str]:
    """Return a name and a value for those who look closer; the value is empty where nothing is known."""
    verdict = background.before
    if verdict is None:
        return "An hour before", ""
    told = "" if verdict.outcome in (Outcome.IDLE, Outcome.BLIND) else f", {figure(verdict)}"
    return "An hour before", f"{verdict.outcome.value}{told}"
