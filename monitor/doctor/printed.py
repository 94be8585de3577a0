"""What `headroom doctor` prints, and the exit code that it comes to."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from headroom.checks import Check, State

UNREACHABLE, FOUND = 4, 3
_WIDTH = 110
_WORST_FIRST = (State.FAIL, State.CANNOT_CHECK, State.WARN, State.PASS)
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
    """Return the checks for people: the worst state first, grouped, each fix in lines of its own.

    What is said of several in the same words is said once.
    """
    lines: list[str] = []
    for state in _WORST_FIRST:
        some = [check for check in checks if check.state is state]
        if not some:
            continue
        lines.append(f"── {state.value} ({len(some)}) ".ljust(_WIDTH, "─"))
        grouped: dict[str, dict[tuple[str, str], list[Check]]] = {}
        for check in some:
            alike = grouped.setdefault(group_of(check), {})
            alike.setdefault((check.detail, check.fix), []).append(check)
        for name, alike in sorted(grouped.items(), key=lambda item: _place(item[0])):
            lines += ["", name]
            for members in alike.values():
                lines += _passed(members) if state is State.PASS else _told(members)
        lines.append("")
    return "\n".join([*lines, _summary(checks)])


def group_of(check: Check) -> str:
    """Return the heading under which a check is printed."""
    return GROUPS.get(check.id.partition(":")[0], "Other")


def _place(group: str) -> int:
    order = list(dict.fromkeys(GROUPS.values()))
    return order.index(group) if group in order else len(order)


def _passed(checks: Sequence[Check]) -> list[str]:
    return _wrapped(f"{_ids(checks)}: {checks[0].detail}", "  ", "      ")


def _told(checks: Sequence[Check]) -> list[str]:
    head = f"{checks[0].id}  {checks[0].title}" if len(checks) == 1 else _ids(checks)
    lines = [*_wrapped(head, "  ", "  "), *_wrapped(checks[0].detail, "      ", "      ")]
    if checks[0].fix:
        fix = checks[0].fix.rstrip("\n").split("\n")
        lines += ["      fix:", *(f"        {line}".rstrip() for line in fix)]
    return lines


def _ids(checks: Sequence[Check]) -> str:
    return ", ".join(check.id for check in checks)


def _wrapped(text: str, first: str, later: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(checks: Sequence[Check]) -> str:
    counts = Counter(check.state for check in checks)
    return f"{len(checks)} checks: " + ", ".join(
        f"{counts[state]} {state.value}" for state in _WORST_FIRST if counts[state]
    )
