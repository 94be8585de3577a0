"""What `headroom explain` is asked about: the limits, the subject and the moment behind a person's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from headroom.budgets import Budget, Limit, Subject
from headroom.config import Config
from headroom.config.problems import closest, quoted
from headroom.history import Standing
from headroom.instances import natural, printable

_NAMED = 10  # subjects in one sentence


class UnknownError(Exception):
    """What is asked about does not exist; the text is a sentence for people that names the nearest."""


def chosen(config: Config, name: str, wanted: str) -> tuple[Budget, list[Limit]]:
    """Return the budget and the limits of it that are asked about, or raise UnknownError."""
    ident, colon, row = name.partition(":")
    names = [budget.id for budget in config.budgets]
    budget = next((one for one in config.budgets if one.id == ident), None)
    if budget is None:
        near = closest(ident, names)
        raise UnknownError(
            f"there is no budget {quoted(ident)} in {config.path.name}"
            + (f"; did you mean {near}? " if near else "; ")
            + f"it has {', '.join(names)}"
        )
    limits = list(budget.limits)
    if colon and not row:
        has = ", ".join(dict.fromkeys(one.name for one in budget.limits))
        raise UnknownError(f"{quoted(name)} names no limit behind the colon; {budget.id} has {has}")
    for word in (row, wanted):
        if word:
            found = [one for one in limits if word.lower() in (one.name.lower(), one.statistic.value)]
            if not found:
                has = ", ".join(dict.fromkeys(one.name for one in budget.limits))
                raise UnknownError(f"{budget.id} has no limit {quoted(word)}; it has {has}")
            limits = found
    return budget, limits


def check_subject(budget: Budget, subject: Subject, standings: Sequence[Standing]) -> None:
    """Raise UnknownError where nothing was ever judged of a subject."""
    known = sorted({one.verdict.subject for one in standings if one.verdict.subject}, key=natural)
    if not subject or subject in known:
        return
    written = [printable(_spelled(one)) for one in known[:_NAMED]]
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    has = f"it knows {', '.join(written)}{more}" if known else "it knows no subjects; leave --subject out"
    near = closest(_spelled(subject), [_spelled(one) for one in known])
    raise UnknownError(
        f"nothing was ever judged of {quoted(_spelled(subject))} for {budget.id}; "
        + (f"did you mean {quoted(near)}? " if near else "")
        + has
    )


def _spelled(subject: Subject) -> str:
    return ",".join(f"{label}={value}" for label, value in subject)


def given(option: str, text: str | None, example: str) -> str:
    """Return what an option was given, "" where it was left out; an empty one would mean all unseen.

    Raises:
        UnknownError: it is blank.
    """
    if text is not None and not text.strip():
        raise UnknownError(f"{option} {quoted(text)} names nothing; leave it out for all, or write {example}")
    return text or ""


def end_of(text: str) -> datetime:
    """Return the moment that a text names: the last instant of the second, or fraction of one, it names.

    Without a zone it is UTC, as all times are that Headroom prints.

    Raises:
        UnknownError: it is no moment.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        fraction = re.search(r"[.,]([0-9]{1,6})", text)
        return moment + timedelta(microseconds=10 ** (6 - len(fraction[1] if fraction else "")) - 1)
    except (ValueError, OverflowError):
        raise UnknownError(f"--at {quoted(text)} is no moment; write it as 2026-11-22T12:00:00Z") from None


def subject_of(text: str) -> Subject:
    """Return the subject that is written as label=value, several with a comma between them.

    Raises:
        UnknownError: it is none.
    """
    if not text:
        return ()
    # A comma may stand in a value, where no label follows it.
    pairs = [pair.partition("=") for pair in re.split(r",(?=[A-Za-z_][A-Za-z0-9_]*=)", text)]
    if not all(label and sign for label, sign, _ in pairs):
        raise UnknownError(f"--subject {quoted(text)} is no subject; write it as instance=10.0.0.7:3000")
    return tuple(sorted((label, value) for label, _, value in pairs))
