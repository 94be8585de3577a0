"""Statements as an HTML table, worst budget debt first. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from dashboard.foreign import one_line
from dashboard.markup import NOTHING
from dashboard.shares import share
from dashboard.spans import between, took
from dashboard.statement_link import address
from dashboard.trend import spark
from dashboard.workload import Line
from headroom.bounds import Interval
from headroom.budgets import Unit
from headroom.statements import NO_CLASS
from headroom.units import format_interval, format_value

MOST = 100
_TEXT, _WHY, _NAME = 160, 110, 60
_HEADS = ("class", "statement", "time over limit", "calls", "mean", "P95 lies", "share of time", "trend")


def table(
    found: Sequence[Line], *, base: str, source: str, period: str, kept: Mapping[str, str] | None = None
) -> str:
    """Return the first MOST of the statements that were chosen, and what is left out, in words.

    Args:
        found: worst first, the rests of the classes last.
        base: the server's base path, without a slash at its end.
        source: the source's name.
        period: which one the statements' pages open with.
        kept: what the list is filtered by, as query parameters; the statements' pages lead back to it.
    """
    single = [line for line in found if not line.key.is_rest]
    rests = [line for line in found if line.key.is_rest]
    highest = max((line.sum.owed.high or 0.0 for line in found if line.sum.owed is not None), default=0.0)
    shown, others = (
        "".join(
            _line(line, address(base, source, line.key.fingerprint, period, kept), highest) for line in some
        )
        for some in (single[:MOST], rests)
    )
    cells = "".join(f'<th scope="col">{name}</th>' for name in _HEADS)
    body = f"<tbody>{shown}</tbody>" if shown else ""
    if others:
        body += (
            f'<tbody><tr class="hr-part"><th scope="rowgroup" colspan="{len(_HEADS)}">'
            "The rest: what is not recorded statement by statement, exact for each class</th></tr>"
            f"{others}</tbody>"
        )
    return (
        f'<section class="hr-table hr-statements" data-statements="{len(single)}">'
        f"<table><thead><tr>{cells}</tr></thead>{body}</table>{_left(single[MOST:])}</section>"
    )


def _left(lines: Sequence[Line]) -> str:
    if not lines:
        return ""
    calls = sum(line.sum.moments.n for line in lines)
    time = sum(line.sum.moments.total for line in lines)
    return (
        f"<p>{len(lines):,} more statements with {calls:,} calls and {took(time)} are left out: their debt "
        "is smaller. A class, a database or words to search for bring them here.</p>"
    )


def _line(line: Line, to: str, highest: float) -> str:
    some = "at least " if line.at_least else ""
    limit = "no limit" if line.threshold is None else f"limit {format_value(line.threshold, Unit.SECONDS)}"
    moments = line.sum.moments
    cells = (
        f"<b>{escape(group_of(line))}</b><small>{limit}</small>",
        _name(line, to),
        _owed(line, highest),
        f"{some}{moments.n:,}{_left_out(line)}",
        NOTHING if line.mean is None else _mean(line.mean, line.threshold),
        _p95(line),
        NOTHING if line.share is None else f"{some}{share(line.share)}<small>{took(moments.total)}</small>",
        f"{spark(line.means, line.threshold)}<small>{line.trend.said}</small>",
    )
    columns = "".join(f'<td data-head="{head}">{cell}</td>' for head, cell in zip(_HEADS, cells, strict=True))
    names = {
        "statement": line.key.fingerprint,
        "class": line.key.group,
        "database": line.key.database,
    }
    told = "".join(f' data-{name}="{escape(one_line(value, _NAME))}"' for name, value in names.items())
    return f"<tr{told}>{columns}</tr>"


def group_of(line: Line) -> str:
    """Return the class for people."""
    return "no class" if line.key.group == NO_CLASS else one_line(line.key.group, _NAME)


def _name(line: Line, to: str) -> str:
    if line.key.is_rest:
        return f"all other statements of {'no class' if line.key.group == NO_CLASS else 'the class'}"
    known = line.statement
    text = one_line(known.text, _TEXT) if known is not None and known.text else line.key.fingerprint[:_NAME]
    why = one_line(line.why, _WHY) if known is not None else "its text was not read yet"
    place = f"in {one_line(line.key.database, _NAME)}"
    full = escape(one_line(line.why, 500))
    return (
        f'<a href="{escape(to)}" target="_self"><code>{escape(text)}</code></a>'
        f'<small title="{full}">{escape(f"{place} · {why}" if why else place)}</small>'
    )


def _owed(line: Line, highest: float) -> str:
    owed = line.sum.owed
    if owed is None:
        return f"{NOTHING}<small>no limit to be over</small>"
    some = "at least " if line.at_least and owed.low else ""
    bar = ""
    if highest > 0 and owed.high:
        low, high = (100 * (end or 0.0) / highest for end in (owed.low, owed.high))
        bar = (
            '<span class="hr-debt" aria-hidden="true">'
            f'<span class="hr-sure" style="width:{low:.1f}%"></span>'
            f'<span class="hr-maybe" style="left:{low:.1f}%;width:{high - low:.1f}%"></span></span>'
        )
    return f"{some}{between(owed)}{bar}"


def _left_out(line: Line) -> str:
    count = line.sum.left_out
    if not count:
        return ""
    polls = "poll" if count == 1 else "polls"
    said = "their figures may be incomplete, or count calls twice"
    return f'<small title="{said}">without {count:,} {polls} in doubt</small>'


def _mean(mean: float, threshold: float | None) -> str:
    return format_value(mean, Unit.SECONDS, against=threshold)


def _p95(line: Line) -> str:
    found, limit = line.p95, line.threshold
    if found is None:
        return NOTHING
    return f"{format_interval(found, Unit.SECONDS, against=limit)}{_side(found, limit)}"


def _side(found: Interval, limit: float | None) -> str:
    """Return on which side of the limit it lies for certain; it is no verdict, for no budget judges it."""
    if limit is None:
        return ""
    if found.high is not None and found.high <= limit:
        return "<small>within the limit</small>"
    if found.low is not None and found.low > limit:
        return '<small class="hr-beyond-it">▲ over the limit</small>'
    return "<small>on which side is open</small>"
