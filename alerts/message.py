"""What a message says: one plain sentence with its evidence, and the same in fields for machines.

Text first and the same for every channel; a channel only adds its envelope and its own escaping.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from headroom.bounds import Interval
from headroom.budgets import Budget, Limit, Outcome, Subject, Verdict
from headroom.incidents import Incident, NoticeStatus, Why
from headroom.units import format_duration, format_value

_LATE_AFTER = timedelta(minutes=2)
_LONGEST_TITLE, _LONGEST_TEXT, _LONGEST_FIELD, _MOST_LABELS = 200, 2000, 500, 20


def payload(
    incident: Incident,
    verdicts: Sequence[Verdict],
    budget: Budget | None,
    status: NoticeStatus,
    *,
    why: Why,
    at: datetime,
    installation: str = "",
) -> dict[str, Any]:
    """Return the message as a JSON object.

    Args:
        incident: as it is after the move that is told.
        verdicts: on the limits of its row; empty where the budget is gone.
        budget: None where it was removed.
        status: what is told.
        why: the reason of the move.
        at: when it moved, UTC.
        installation: the name of this Headroom, for receivers that hear several.
    """
    verdict = _telling(incident, verdicts)
    limit = _limit(incident, verdict, budget)
    name = _name(incident, budget)
    threshold = verdict.threshold if verdict else limit.threshold if limit else None
    unit = verdict.unit if verdict else limit.unit if limit else None
    sided = verdict or limit
    side = "below" if sided is not None and sided.at_least else "over"
    promise = f"{side} {'its limit' if threshold is None or unit is None else format_value(threshold, unit)}"
    stands, past = _story(incident, status, why, at)
    # After a change the verdicts judge another promise than the one that this incident is about.
    evidence = f": {verdict.detail}" if verdict and why not in _UNJUDGED else ""
    worse = f"Now {incident.severity.value}: " if why is Why.WORSE else ""
    text = f"{worse}{name} is {stands or promise}{evidence}; {past}."
    title = f"[{status.value.upper()}] {name} {stands.partition(',')[0] or promise}"
    return {
        "incident": incident.id,
        "budget": incident.budget,
        "statistic": incident.statistic.value,
        "subject": _labels(incident.subject),
        "status": status.value,
        "severity": incident.severity.value,
        "why": why.value,
        "title": clean(title, _LONGEST_TITLE),
        "text": clean(text, _LONGEST_TEXT),
        "limit": incident.limit,
        "unit": unit.value if unit else None,
        "threshold": threshold,
        "value": _ends(verdict.value if verdict else None),
        "slow": {"low": verdict.slow[0], "high": verdict.slow[1]} if verdict and verdict.slow else None,
        "slow_share": _ends(verdict.slow_share if verdict else None),
        "allowed": verdict.allowed if verdict else None,
        "n": verdict.n if verdict else 0,
        "opened": _stamp(incident.opened),
        "fired": _stamp(incident.fired),
        "at": _stamp(at),
        "delayed": False,
        "worst": clean(incident.worst, _LONGEST_FIELD),
        "owner": clean(budget.owner if budget else "", _LONGEST_FIELD),
        "runbook": clean(budget.runbook if budget else "", _LONGEST_TEXT),
        "if_broken": clean(budget.if_broken if budget else "", _LONGEST_FIELD),
        "installation": clean(installation, _LONGEST_FIELD),
        "key": key(incident, status, at),
    }


def key(incident: Incident, status: NoticeStatus, at: datetime) -> str:
    """Return what receivers de-duplicate on: the same for each attempt, another for each move."""
    return f"{incident.id}-{status.value}-{at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def delayed(message: str, created: datetime, now: datetime) -> str:
    """Return a message as it must read now: one that is late says so, lest it be taken for news.

    Args:
        message: the payload as JSON text.
        created: when it was written to the outbox.
        now: our clock.
    """
    if now - created <= _LATE_AFTER:
        return message
    fields = json.loads(message)
    fields["delayed"] = True
    happened = f"happened at {created.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    fields["text"] = f"Delayed by {format_duration(now - created)}: {happened}. {fields['text']}"
    return as_text(fields)


def as_text(message: dict[str, Any]) -> str:
    """Return a payload as the JSON text that the outbox keeps."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def clean(text: str, longest: int) -> str:
    """Return text in one line of bounded length, without what steers a terminal or turns text around."""
    shown = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text[: 4 * longest])
    line = " ".join(shown.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _telling(incident: Incident, verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the verdict that the message is about: the incident's own limit, or the next best."""
    own = [verdict for verdict in verdicts if verdict.limit == incident.limit]
    over = [verdict for verdict in verdicts if verdict.outcome is Outcome.OVER]
    return next(iter([*own, *over, *verdicts]), None)


def _limit(incident: Incident, verdict: Verdict | None, budget: Budget | None) -> Limit | None:
    if budget is None:
        return None
    wanted = verdict.limit if verdict else incident.limit
    same = [limit for limit in (*budget.limits, *budget.evicting) if limit.name == wanted]
    # `limits` and `evicting` may share a name; threshold, unit and side tell which one was judged.
    exact = [
        limit
        for limit in same
        if verdict is None
        or (limit.threshold, limit.unit, limit.at_least)
        == (verdict.threshold, verdict.unit, verdict.at_least)
    ]
    return next(iter([*exact, *same]), None)


def _name(incident: Incident, budget: Budget | None) -> str:
    title = clean(budget.title if budget else incident.budget, 100)
    pairs = _labels(incident.subject).items()
    labels = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in pairs)
    return f"{title} {incident.statistic.value}" + (f" ({clean(labels, 300)})" if labels else "")


_UNJUDGED = (Why.BUDGET_CHANGED, Why.SUBJECT_GONE)
"""Ends that no verdict brought about."""


def _story(incident: Incident, status: NoticeStatus, why: Why, at: datetime) -> tuple[str, str]:
    """Return what the evidence is put between: how it stands, and what came before."""
    if status is NoticeStatus.FIRING:
        return "", f"since {_clock(incident.opened, at)}"
    begun = incident.fired or incident.opened
    lasted = format_duration(max(timedelta(0), at - begun))
    past = f"it had fired at {_clock(begun, at)}, {lasted} before; worst: {incident.worst}"
    if why is Why.BUDGET_CHANGED:
        return "closed with its budget, which was changed or removed; it was not met again", past
    if why is Why.SUBJECT_GONE:
        return "closed, as its source gives nothing of it any more; it was not met again", past
    return "met again", past


def _clock(moment: datetime, at: datetime) -> str:
    moment, at = moment.astimezone(UTC), at.astimezone(UTC)
    return f"{moment:%H:%M:%S} UTC" if moment.date() == at.date() else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _labels(subject: Subject) -> dict[str, str]:
    return {clean(name, 100): clean(value, 200) for name, value in subject[:_MOST_LABELS]}


def _ends(interval: Interval | None) -> dict[str, float | None] | None:
    if interval is None:
        return None
    ends = {"low": interval.low, "high": interval.high}
    return {name: end if end is not None and math.isfinite(end) else None for name, end in ends.items()}


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
