"""Checks as lines for people: the worst state first, in groups, each fix in lines of its own."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Sequence

from headroom.checks import Check, State

WIDTH = 110
_WORST_FIRST = (State.FAIL, State.CANNOT_CHECK, State.WARN, State.PASS, State.NOT_APPLICABLE)
_GOOD = frozenset({State.PASS, State.NOT_APPLICABLE})


def listed(checks: Sequence[Check], group_of: Callable[[Check], str], order: Sequence[str], noun: str) -> str:
    """Return the checks as text; what is said of several in the same words is said once.

    Groups come in the given order, others behind them; `noun` is what the checks are called in the summary.
    """
    lines: list[str] = []
    for state in _WORST_FIRST:
        some = [check for check in checks if check.state is state]
        if not some:
            continue
        lines.append(f"── {state.value} ({len(some)}) ".ljust(WIDTH, "─"))
        grouped: dict[str, dict[tuple[str, str], list[Check]]] = {}
        for check in some:
            alike = grouped.setdefault(group_of(check), {})
            alike.setdefault((check.detail, check.fix), []).append(check)
        places = {name: place for place, name in enumerate(order)}
        for name, alike in sorted(grouped.items(), key=lambda item: places.get(item[0], len(places))):
            lines += ["", name]
            for members in alike.values():
                lines += _passed(members) if state in _GOOD else _told(members)
        lines.append("")
    return "\n".join([*lines, _summary(checks, noun)])


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
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(checks: Sequence[Check], noun: str) -> str:
    counts = Counter(check.state for check in checks)
    return f"{len(checks)} {noun}: " + ", ".join(
        f"{counts[state]} {state.value}" for state in _WORST_FIRST if counts[state]
    )
