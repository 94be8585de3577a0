"""The instances and devices behind one row as an HTML table, worst first. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from dashboard.markup import NOTHING, chip
from dashboard.shares import shares
from headroom.budgets import Subject, Verdict
from headroom.instances import natural, told_over
from headroom.standpoint import Standpoint
from headroom.summary import Row, badness
from headroom.units import format_interval

MOST = 20
_LONGEST = 120


def table(row: Row, known: Iterable[Standpoint]) -> str:
    """Return what stands for each subject of a row, MOST at most; empty where there is only the whole.

    Args:
        row: the budget and statistic.
        known: where the budget's limits stand for its subjects. Of several limits on the statistic, each
            subject is shown with its worst.
    """
    found = _worst(row, known)
    if not found:
        return ""
    stand = sorted(found.values(), key=_worst_first)
    timed = row.statistic.share is not None
    head = ("outcome", "instance", "measured", *(("slower than the limit",) if timed else ()), "n")
    cells = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = "".join(_line(each.verdict, head) for each in stand[:MOST])
    more = len(stand) - MOST
    rest = f"<p>The {MOST} worst of {len(stand)}; the others are better.</p>" if more > 0 else ""
    return (
        f'<section class="hr-instances" data-instances="{len(stand)}"><h2 class="hr-h2">By instance</h2>'
        f"<table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>{rest}</section>"
    )


def over(row: Row, known: Iterable[Standpoint]) -> str:
    """Return how many of a row's subjects are over, in a few words: a met whole would hide them."""
    return told_over(each.verdict for each in _worst(row, known).values())


def _worst(row: Row, known: Iterable[Standpoint]) -> dict[Subject, Standpoint]:
    """Return the worst that stands for each subject of a row."""
    limits = {each.limit.name for each in row.limits}
    found: dict[Subject, Standpoint] = {}
    for each in known:
        if each.verdict.budget == row.budget.id and each.limit.name in limits:
            found[each.verdict.subject] = min(found.get(each.verdict.subject, each), each, key=_worst_first)
    return found


def _worst_first(each: Standpoint) -> tuple[object, ...]:
    verdict = each.verdict
    slow = -verdict.slow[1] / verdict.n if verdict.slow and verdict.n else 0.0
    return badness(each), slow, natural(verdict.subject), verdict.subject


def _line(verdict: Verdict, head: tuple[str, ...]) -> str:
    value = NOTHING
    if verdict.value is not None:
        value = format_interval(verdict.value, verdict.unit, against=verdict.threshold)
    slow = NOTHING
    if verdict.slow is not None and verdict.n:
        low, high = (count / verdict.n for count in verdict.slow)
        slow = shares(low, high, against=verdict.allowed)
    cells = {
        "instance": escape(name(verdict.subject)),
        "measured": escape(value),
        "slower than the limit": escape(slow),
        "n": f"{verdict.n:,}" if verdict.n else NOTHING,
    }
    shown = "".join(f'<td data-head="{column}">{cells[column]}</td>' for column in head[1:])
    return (
        f'<tr data-instance="{escape(name(verdict.subject))}" data-outcome="{verdict.outcome}"'
        f' title="{escape(verdict.detail)}"><td>{chip(verdict.outcome, near=verdict.near)}</td>{shown}</tr>'
    )


def name(subject: Subject) -> str:
    """Return a subject as the table names it: the instance alone, or its labels; bounded."""
    told = subject[0][1] if len(subject) == 1 else ", ".join(f"{label}={value}" for label, value in subject)
    return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"
