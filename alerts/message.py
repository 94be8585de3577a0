"""What a message says: its story in words with its evidence, and the same in fields for machines.

Text first and the same for every channel; a channel only adds its envelope and its own escaping.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.background import NOTHING, Background, fact
from alerts.background import fields as beyond
from alerts.link import budget_link, web_address
from alerts.story import Told, headline, sentences
from alerts.text import clean, clock
from alerts.words import labels, limit_of, name_of, telling
from headroom.bounds import Interval
from headroom.budgets import Budget, Limit, Verdict
from headroom.incidents import About, Incident, NoticeStatus, Why
from headroom.units import format_duration, format_interval, format_value
from headroom.wording import count, share

_LATE_AFTER = timedelta(minutes=2)
_LONGEST_TITLE, _LONGEST_TEXT, _LONGEST_FIELD, _LONGEST_LINE = 200, 2000, 500, 1000


def payload(
    incident: Incident,
    verdicts: Sequence[Verdict],
    budget: Budget | None,
    status: NoticeStatus,
    *,
    why: Why,
    at: datetime,
    installation: str = "",
    link: str = "",
    note: str = "",
    silence: str = "",
    risen: datetime | None = None,
    background: Background = NOTHING,
) -> dict[str, Any]:
    """Return the message as a JSON object.

    Args:
        incident: as it is after the move that is told; who acknowledged it, which step of escalation it has
            taken and how long nobody answered are told as it says.
        verdicts: on the limits of its row; empty where the budget is gone.
        budget: None where it was removed.
        status: what is told.
        why: the reason of the move.
        at: when it moved, UTC.
        installation: the name of this Headroom, for receivers that hear several.
        link: the dashboard's address, without a slash at its end; empty: no links.
        note: what the person wrote who takes care of it.
        silence: the silence that ended, in words: `"deploy" by ann`.
        risen: when its severity last rose, where that is known and it has not fallen since: it has been over
            the limit that is told for no longer.
        background: what else the history knows about it; told with what fires.
    """
    verdict = telling(incident, verdicts)
    limit = limit_of(incident, verdict, budget)
    name = name_of(incident, budget)
    told = Told(
        incident,
        status,
        why,
        at,
        name,
        verdict,
        limit,
        budget,
        tuple(verdicts),
        note,
        silence,
        risen,
        background,
    )
    word, brief = headline(told)
    lines = [clean(line, _LONGEST_LINE) for line in sentences(told)]
    unit = verdict.unit if verdict else limit.unit if limit else None
    source = incident.source or (verdict.source if verdict else budget.measure.source if budget else "")
    fields = {
        "incident": incident.id,
        "budget": clean(incident.budget, _LONGEST_FIELD),
        "about": incident.about.value,
        "statistic": incident.statistic.value,
        "subject": labels(incident.subject),
        "status": status.value,
        "severity": incident.severity.value,
        "why": why.value,
        "title": clean(f"[{word}] {brief}", _LONGEST_TITLE),
        "brief": clean(brief, _LONGEST_FIELD),
        "name": clean(name, _LONGEST_TITLE),
        "text": clean(" ".join(lines), _LONGEST_TEXT),
        "lines": lines,
        "limit": incident.limit,
        "unit": unit.value if unit else None,
        "threshold": verdict.threshold if verdict else limit.threshold if limit else None,
        "value": _ends(verdict.value if verdict else None),
        "slow": {"low": verdict.slow[0], "high": verdict.slow[1]} if verdict and verdict.slow else None,
        "slow_share": _ends(verdict.slow_share if verdict else None),
        "allowed": verdict.allowed if verdict else None,
        "n": verdict.n if verdict else 0,
        "headroom": _finite(verdict.headroom if verdict else None),
        "opened": _stamp(incident.opened),
        "fired": _stamp(incident.fired),
        "since": _stamp(told.begun),
        "at": _stamp(at),
        "delayed": False,
        "acknowledged_by": clean(incident.acknowledged_by, _LONGEST_FIELD),
        "step": incident.step,
        "worst": clean(incident.worst, _LONGEST_FIELD),
        **beyond(background),
        "source": clean(source, _LONGEST_FIELD),
        "owner": clean(budget.owner if budget else "", _LONGEST_FIELD),
        "runbook": clean(budget.runbook if budget else "", _LONGEST_TEXT),
        "if_broken": clean(budget.if_broken if budget else "", _LONGEST_FIELD),
        "installation": clean(installation, _LONGEST_FIELD),
        "link": budget_link(link, incident, budget.window, at) if budget else web_address(link),
        "home": web_address(link),
        "key": key(incident, status, at),
    }
    return {**fields, "facts": _facts(fields, verdict, limit, fact(background, verdict))}


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
    late = f"Delayed by {format_duration(now - created)}: happened at {clock(created)}."
    fields["text"] = f"{late} {fields['text']}"
    if "lines" in fields:
        fields["lines"] = [late, *fields["lines"]]
    return as_text(fields)


def as_text(message: dict[str, Any]) -> str:
    """Return a payload as the JSON text that the outbox keeps."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _facts(
    fields: dict[str, Any], verdict: Verdict | None, limit: Limit | None, before: tuple[str, str]
) -> list[list[str]]:
    """Return names with values for those who look closer."""
    facts = [("Severity", fields["severity"])]
    if fields["about"] == About.BREACH.value:
        facts += [("Limit", _limit(verdict or limit, fields["statistic"])), *_figures(verdict)]
        facts += [("Worst so far", fields["worst"]), before]
    facts += [
        ("Since", clock(fields["since"])),
        ("Owner", fields["owner"]),
        ("Source", fields["source"]),
        ("Installation", fields["installation"]),
        ("Incident", fields["incident"]),
        ("Budget", fields["budget"]),
    ]
    return [[name, value] for name, value in facts if value]


def _limit(limit: Verdict | Limit | None, statistic: str) -> str:
    if limit is None:
        return ""
    side = "at least" if limit.at_least else "at most"
    return f"{statistic} {side} {format_value(limit.threshold, limit.unit)}"


def _figures(verdict: Verdict | None) -> list[tuple[str, str]]:
    if verdict is None or verdict.value is None:
        return []
    value = format_interval(verdict.value, verdict.unit, against=verdict.threshold)
    figures = [("Value", f"{verdict.statistic.value} {value}")]
    if verdict.slow and verdict.n and verdict.allowed:
        slow = f"{count(*verdict.slow)} of {verdict.n:,}, {share(verdict.allowed)} allowed"
        figures.append(("Slow", slow))
    return figures


def _ends(interval: Interval | None) -> dict[str, float | None] | None:
    return None if interval is None else {"low": _finite(interval.low), "high": _finite(interval.high)}


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
