"""What a Redis did over a period, as HTML: look-ups, what left it, what was refused. Pure; all is escaped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from dashboard.added import gauge, ratio
from dashboard.columns import course
from dashboard.foreign import one_line
from dashboard.markup import NOTHING
from dashboard.shares import share
from dashboard.sums import Sums
from headroom import recorded
from headroom.budgets import Subject
from headroom.evidence import Ratio
from headroom.observation import Series

_MOST = 20  # kinds of errors


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    beside: str
    figure: str
    of: str
    chart: str


def table(sums: Sums, source: str, evictions: str, hits: str) -> str:
    """Return the figures of a period as a table; `evictions` and `hits` are the names of those measures."""

    def counted(
        measure: str,
        name: str,
        beside: str,
        words: Callable[[Ratio], tuple[str, str]],
        subject: Subject = (),
    ) -> _Line:
        series = Series(source, measure, subject)
        found = ratio(sums.whole(series))
        if found is None:
            return _Line(name, beside, NOTHING, "not recorded", "")
        figure, of = words(found)
        return _Line(name, beside, figure, of, course(sums.course(series), share))

    lines = [
        counted(hits, "hit rate", "look-ups that found their key", _hit),
        counted(evictions, "evictions", "keys thrown away for want of memory", _per_commands("keys")),
        counted(recorded.EXPIRED, "expirations", "keys whose life was over", _per_commands("keys")),
        counted(recorded.ERRORS, "errors", "answers that were errors", _per_commands("answers")),
        *(
            counted(recorded.ERRORS, one_line(dict(one.subject).get("error", ""), 40), "", _per, one.subject)
            for one in _errors(sums)[:_MOST]
        ),
        counted(recorded.REJECTED, "rejected connections", "for want of maxclients", _rejected),
        _clients(sums, source),
        counted(recorded.MAIN_THREAD, "main thread", "of one core; it can use no second one", _thread),
    ]
    rows = "".join(
        f'<tr data-traffic="{escape(line.name)}"{_inner(line)}><td data-head="what">{escape(line.name)}'
        f"{f'<small>{escape(line.beside)}</small>' if line.beside else ''}</td>"
        f'<td data-head="in the period">{escape(line.figure)}</td>'
        f'<td data-head="that is">{escape(line.of)}</td>'
        f'<td data-head="how it went">{line.chart or NOTHING}</td></tr>'
        for line in lines
    )
    heads = "".join(
        f'<th scope="col">{name}</th>' for name in ("what", "in the period", "that is", "how it went")
    )
    return (
        f'<section class="hr-table hr-traffic"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></section>"
    )


def _inner(line: _Line) -> str:
    return "" if line.beside else ' class="hr-inner"'


def _errors(sums: Sums) -> list[Series]:
    found = [one for one in sums.of(recorded.ERRORS) if one.subject]
    told = {one: ratio(sums.whole(one)) for one in found}
    busy = [one for one, counted in told.items() if counted is not None and counted.part]
    return sorted(busy, key=lambda one: -(counted.part if (counted := told[one]) else 0.0))


def _hit(found: Ratio) -> tuple[str, str]:
    if not found.whole:
        return NOTHING, "no look-ups: nothing was asked for"
    return share(found.part / found.whole), f"{found.part:,.0f} of {found.whole:,.0f} look-ups"


def _per_commands(what: str) -> Callable[[Ratio], tuple[str, str]]:
    def words(found: Ratio) -> tuple[str, str]:
        told = f"{found.part:,.0f} {what}"
        return (told, "none") if not found.part else (told, _rate(found))

    return words


def _per(found: Ratio) -> tuple[str, str]:
    return f"{found.part:,.0f}", _rate(found)


def _rate(found: Ratio) -> str:
    if not found.whole:
        return "without any command"
    rate = 1000 * found.part / found.whole
    return f"{'under 0.01' if rate < 0.01 else f'{rate:,.3g}'} per 1,000 commands"  # noqa: PLR2004 as it is told


def _rejected(found: Ratio) -> tuple[str, str]:
    if not found.whole:
        return "0", "nobody connected"
    return f"{found.part:,.0f}", f"of {found.whole:,.0f} that were tried"


def _thread(found: Ratio) -> tuple[str, str]:
    if not found.whole:
        return NOTHING, "not recorded"
    return share(found.part / found.whole), f"{found.part:,.1f} s of CPU time"


def _clients(sums: Sums, source: str) -> _Line:
    series = Series(source, recorded.CLIENTS)
    found = gauge(sums.whole(series))
    name, beside = "clients", "connected, of maxclients"
    if found is None:
        return _Line(name, beside, NOTHING, "not recorded", "")
    return _Line(
        name,
        beside,
        share(found.last),
        f"at the newest poll; at most {share(found.high)}",
        course(sums.course(series), share),
    )
