"""What identifies an alert at Alertmanager: labels that stay as they are for as long as it fires."""

from __future__ import annotations

import re
from hashlib import sha256

from alerts.text import clean
from headroom.budgets import Severity, Subject
from headroom.incidents import About, Incident

Labels = tuple[tuple[str, str], ...]
"""Names with values, sorted; the identity of an alert."""

ALERTNAMES = {About.BREACH: "PerfBudgetBreach", About.BLIND: "PerfBudgetBlind"}
WATCHDOG = "Watchdog"

_SUBJECT = "subject_"  # in front of every label of a subject: none can pass for one of ours
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_]")
_LONGEST_NAME, _LONGEST_VALUE, _MOST = 100, 200, 20


def of_incident(incident: Incident, severity: Severity, installation: str) -> Labels:
    """Return the labels of an incident while it has a severity.

    Nothing that a later judgement may change stands in them: each change would be an alert of its own, and
    the old one would resolve. What is blind is blind as a whole, so that has no statistic.
    """
    found = {
        "alertname": ALERTNAMES[incident.about],
        "budget": _value(incident.budget),
        "severity": severity.value,
        "source": _value(incident.source),
        "installation": _value(installation),
    }
    if incident.about is About.BREACH:
        found["statistic"] = incident.statistic.value
    return _sorted(found | _of_subject(incident.subject))


def of_watchdog(installation: str) -> Labels:
    """Return the labels of the alert that fires as long as Headroom works."""
    return _sorted({"alertname": WATCHDOG, "severity": "none", "installation": _value(installation)})


def _sorted(found: dict[str, str]) -> Labels:
    # Alertmanager drops labels without a value; with them, nothing that is read back would be ours.
    return tuple(sorted((name, value) for name, value in found.items() if value))


def _of_subject(subject: Subject) -> dict[str, str]:
    found = {_name(name): _value(value) for name, value in subject[:_MOST]}
    if len(subject) > _MOST:
        found[f"{_SUBJECT}and_more"] = _mark(repr(subject[_MOST:]))
    return found


def _name(name: str) -> str:
    kept = _NOT_A_NAME.sub("_", name)[:_LONGEST_NAME]
    return _SUBJECT + (kept if kept == name else f"{kept}_{_mark(name)}")


def _value(value: str) -> str:
    """Return a value as it may be shown; one that had to be changed is marked, so that no two become one."""
    shown = clean(value, _LONGEST_VALUE)
    return shown if shown == value else f"{shown} ({_mark(value)})"


def _mark(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
