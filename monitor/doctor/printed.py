"""What `headroom doctor` prints, and the exit code that it comes to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from headroom.checks import Check, State
from monitor.listed import listed

UNREACHABLE, FOUND = 4, 3
GROUPS = {
    "source": "Sources",
    "instrumentation": "Instrumentation",
    "evidence": "What the sources give",
    "decidable": "Can the limits be decided?",
    "buckets": "Buckets to add",
    "never": "Limits that can never be broken, or never be kept",
    "policy": "Redis",
    "memory": "Redis",
    "log": "PostgreSQL",
    "timeout": "PostgreSQL",
    "samples": "Is there enough to decide?",
    "window": "Windows, polls and scrapes",
    "clock": "Clocks",
    "server": "Servers",
    "targets": "Prometheus",
    "twins": "Prometheus",
    "doubled": "Prometheus",
    "series": "Prometheus",
    "unclassified": "Prometheus",
    "denominator": "Connections",
    "pools": "Connections",
    "verdict": "Latest verdicts",
    "history": "Latest verdicts",
    "review": "Reviews",
}


def exit_code(checks: Iterable[Check], *, unreachable: bool, strict: bool) -> int:
    """Return the first that applies: 4 a source could not be read, 3 anything but passes (strict), 0."""
    if unreachable:
        return UNREACHABLE
    return FOUND if strict and any(check.state is not State.PASS for check in checks) else 0


def as_json(checks: Iterable[Check]) -> str:
    """Return the checks as the JSON document that scripts rely on."""
    records = [
        {
            "id": check.id,
            "state": check.state.value,
            "title": check.title,
            "detail": check.detail,
            "fix": check.fix,
        }
        for check in checks
    ]
    return json.dumps({"checks": records}, indent=2, allow_nan=False)


def as_table(checks: Sequence[Check]) -> str:
    """Return the checks for people; see `monitor.listed`."""
    return listed(checks, group_of, list(dict.fromkeys(GROUPS.values())), "checks")


def group_of(check: Check) -> str:
    """Return the heading under which a check is printed."""
    return GROUPS.get(check.id.partition(":")[0], "Other")
