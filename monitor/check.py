"""What `headroom check` prints, and the exit code that it comes to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from headroom.bounds import Interval
from headroom.budgets import Budget, Outcome, Reason, Verdict
from headroom.instances import printable, told_over
from headroom.second import DISAGREE
from headroom.units import format_interval, format_value

OVER, UNREACHABLE, UNKNOWN = 1, 4, 3
_LONGEST = 4000  # of a sentence


def exit_code(verdicts: Iterable[Verdict], *, strict: bool) -> int:
    """Return the first that applies: 1 over, 4 a source cannot be reached, 3 undecided or blind (strict), 0.

    Verdicts that nobody renewed count as a source that cannot be reached: nobody is reading it. Those on
    single subjects count for nothing: the promise is made for all of a budget's subject.
    """
    seen = [verdict for verdict in verdicts if not verdict.subject]
    if any(verdict.outcome is Outcome.OVER for verdict in seen):
        return OVER
    if any(verdict.reason in (Reason.UNREACHABLE, Reason.STALE) for verdict in seen):
        return UNREACHABLE
    if strict and any(verdict.outcome in (Outcome.UNDECIDED, Outcome.BLIND) for verdict in seen):
        return UNKNOWN
    return 0


def as_json(verdicts: Iterable[Verdict]) -> str:
    """Return the verdicts as the JSON document that scripts rely on."""
    return json.dumps({"verdicts": [record(verdict) for verdict in verdicts]}, indent=2, allow_nan=False)


def record(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as scripts read it, wherever it is printed."""
    return {
        "budget": verdict.budget,
        "limit": verdict.limit,
        "statistic": verdict.statistic.value,
        "severity": verdict.severity.value,
        "subject": dict(verdict.subject),
        "source": verdict.source,
        "outcome": verdict.outcome.value,
        "reason": verdict.reason.value,
        "detail": verdict.detail,
        "value": _interval(verdict.value),
        "unit": verdict.unit.value,
        "threshold": verdict.threshold,
        "slow": None if verdict.slow is None else {"low": verdict.slow[0], "high": verdict.slow[1]},
        "slow_share": None if verdict.slow_share is None else _interval(verdict.slow_share),
        "allowed": verdict.allowed,
        "n": verdict.n,
        "headroom": verdict.headroom,
        "window": {
            "from": _time(verdict.window.start),
            "to": _time(verdict.window.end),
            "coverage": verdict.window.coverage,
        },
        "at": _time(verdict.at),
    }


def _interval(interval: Interval | None) -> dict[str, float | None]:
    return {"low": None, "high": None} if interval is None else {"low": interval.low, "high": interval.high}


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_table(verdicts: Sequence[Verdict], budgets: Iterable[Budget], *, subjects: bool) -> str:
    """Return the verdicts as a table for people, the sentences under it in the same order.

    Args:
        verdicts: those on single subjects too; without `subjects` they only show what a met whole hides.
        budgets: of the file; where one has a second measure, a column says which source judged.
        subjects: give those on single subjects a line of their own.
    """
    budgets = list(budgets)
    twice = {budget.id for budget in budgets if budget.second is not None}
    shown = [verdict for verdict in verdicts if subjects or not verdict.subject]
    head = ["outcome", "budget", "limit", "promised", "value", "n"]
    if twice:
        head.append("source")
    if subjects:
        head.insert(3, "subject")
    lines = [head]
    for verdict in shown:
        value = verdict.value
        side = "≥" if verdict.at_least else "≤"
        cells = [
            verdict.outcome.value,
            verdict.budget,
            verdict.limit,
            f"{side} {format_value(verdict.threshold, verdict.unit)}",
            "-" if value is None else format_interval(value, verdict.unit, against=verdict.threshold),
            f"{verdict.n:,}" if verdict.n else "-",
        ]
        if twice:
            cells.append(verdict.source if verdict.budget in twice else "")
        if subjects:
            cells.insert(3, _labels(verdict) or "all")
        lines.append(cells)
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    table.insert(1, "  ".join("-" * width for width in widths))
    hidden = {id(verdict): _hidden(verdict, verdicts) for verdict in shown}
    told = [verdict for verdict in shown if verdict.outcome is not Outcome.MET or hidden[id(verdict)]]
    sentences = _sentences((verdict, hidden[id(verdict)]) for verdict in told)
    return "\n".join([*table, *([""] if sentences else []), *sentences])


def _hidden(verdict: Verdict, verdicts: Iterable[Verdict]) -> str:
    """Return what a met whole hides, in a few words: instances that are over, sources that disagree."""
    if verdict.subject or verdict.outcome is not Outcome.MET:
        return ""
    own = [
        one for one in verdicts if one.subject and (one.budget, one.limit) == (verdict.budget, verdict.limit)
    ]
    words = [over] if (over := told_over(own)) else []
    words += ["the two sources disagree"] if DISAGREE in verdict.detail else []
    return f"; but {' and '.join(words)}" if words else ""


def _sentences(verdicts: Iterable[tuple[Verdict, str]]) -> list[str]:
    """Return a sentence for each thing there is to say, with all that it is said of."""
    said: dict[str, list[str]] = {}
    for verdict, hidden in verdicts:
        what = printable(f"{verdict.outcome} ({verdict.reason}{hidden}): {verdict.detail}", _LONGEST)
        name = f"{verdict.budget} {verdict.limit}"
        said.setdefault(what, []).append(f"{name} of {_labels(verdict)}" if verdict.subject else name)
    return [f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {what}" for what, names in said.items()]


def _labels(verdict: Verdict) -> str:
    return printable(", ".join(f"{name}={label}" for name, label in verdict.subject))
