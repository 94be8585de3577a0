"""Checks as lines for people: the worst state first, in groups, each fix in lines of its own."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Sequence

from headroom.checks import Check, State

WIDTH = 110
WORST_FIRST = (
    State.FAIL,
    State.CANNOT_CHECK,
    State.WARN,
    State.BY_HAND,
    State.PASS,
    State.NOT_APPLICABLE,
)
_GOOD = frozenset({State.PASS, State.NOT_APPLICABLE})


def listed(
    checks: Sequence[Check],
    group_of: Callable[[Check], str],
    order: Sequence[str],
    noun: str,
    *,
    states: Sequence[State] = WORST_FIRST,
    then: Sequence[str] = (),
) -> str:
    """Return the checks as text; what is said of several in the same words is said once.

    Args:
        checks: what was looked at.
        group_of: names the group of a check.
        order: the groups in their order; others come behind them.
        noun: what the checks are called in the summary.
        states: all of them, in their order.
        then: lines between the checks and the summary.
    """
    lines: list[str] = []
    for state in states:
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
                if state is State.BY_HAND:
                    lines += _to_confirm(members)
                else:
                    lines += _passed(members) if state in _GOOD else _told(members)
        lines.append("")
    return "\n".join([*lines, *then, _summary(checks, noun, states)])


def _passed(checks: Sequence[Check]) -> list[str]:
    return _wrapped(f"{_ids(checks)}: {checks[0].detail}", "  ", "      ")


def _to_confirm(checks: Sequence[Check]) -> list[str]:
    """Return each with its own title, for that is what a person says yes to."""
    heads = [line for one in checks for line in _wrapped(f"{one.id}  {one.title}", "  ", "      ")]
    return [*heads, *_wrapped(checks[0].detail, "      ", "      "), *_fix(checks[0])]


def _told(checks: Sequence[Check]) -> list[str]:
    head = f"{checks[0].id}  {checks[0].title}" if len(checks) == 1 else _ids(checks)
    return [*_wrapped(head, "  ", "  "), *_wrapped(checks[0].detail, "      ", "      "), *_fix(checks[0])]


def _fix(check: Check) -> list[str]:
    if not check.fix:
        return []
    return ["      fix:", *(f"        {line}".rstrip() for line in check.fix.rstrip("\n").split("\n"))]


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


def _summary(checks: Sequence[Check], noun: str, states: Sequence[State]) -> str:
    counts = Counter(check.state for check in checks)
    return f"{len(checks)} {noun}: " + ", ".join(
        f"{counts[state]} {state.value}" for state in states if counts[state]
    )
