"""What the commands of a Redis took, and its slow log, as HTML. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dashboard.added import Timed, lies, mean, quantile, timed
from dashboard.foreign import one_line
from dashboard.markup import NOTHING
from dashboard.shares import share
from dashboard.spans import took
from dashboard.sums import Sums
from headroom.budgets import Kind, Statistic, Unit
from headroom.evidence import Moments
from headroom.observation import Series
from headroom.units import format_interval

MOST = 40
_REST = "rest"
_ONE_BY_ONE = (
    "They are recorded one by one where a budget asks for them: "
    "<code>measure: {command_latency: all, source: …}</code>"
)


@dataclass(frozen=True, slots=True)
class Command:
    """What one command, or all, did in a period."""

    name: str
    parts: tuple[Timed, ...]

    @property
    def n(self) -> int:
        """How often it was executed."""
        return sum(part.n for part in self.parts)

    @property
    def time(self) -> float:
        """Seconds that it took for certain."""
        told = mean(self.parts)
        return 0.0 if told is None else (told.low or 0.0) * self.n


def commands(sums: Sums) -> list[Command]:
    """Return what each command took, those with most time first; all together are the first of them.

    One that has a budget of its own is told by that where not all are told one by one.
    """
    found: dict[str, Command] = {}
    for series in sorted(sums.columns, key=lambda one: bool(one.subject)):
        kind, _, of = series.measure.partition(":")
        if kind == Kind.COMMANDS:
            name = dict(series.subject).get("command", "") if series.subject else of.removeprefix("all")
            found[name] = Command(name, timed(sums.whole(series)))
    busy = [one for one in found.values() if one.n]
    return sorted(busy, key=lambda one: (bool(one.name), -one.time, one.name))


def table(found: Sequence[Command]) -> str:
    """Return the commands as a table, MOST lines at most."""
    if not found:
        return (
            '<p class="hr-said" data-empty="commands">No command was seen in this period. They are read at '
            "every fourth poll; from Redis 7.0 on with how long they took.</p>"
        )
    whole = next((one for one in found if not one.name), None)
    time = sum(one.time for one in found if one.name)
    heads = ("command", "calls", "P95", "P99", "mean", "of the time")
    cells = "".join(f'<th scope="col">{name}</th>' for name in heads)
    ones = [one for one in found if one.name]
    rows = "".join(_line(one, time) for one in ([whole] if whole else []) + ones[:MOST])
    left = ones[MOST:]
    rest = f"<p>{len(left):,} more commands, all with less time.</p>" if left else ""
    if not ones:
        rest = f"<p>{_ONE_BY_ONE}</p>"
    return (
        f'<section class="hr-table hr-commands" data-commands="{len(ones)}"><table><thead><tr>{cells}</tr>'
        f"</thead><tbody>{rows}</tbody></table>{rest}</section>"
    )


def _line(one: Command, time: float) -> str:
    name = "the other commands" if one.name == _REST else one_line(one.name, 60) or "all together"
    average = mean(one.parts)
    cells = {
        "calls": f"{one.n:,}",
        "P95": _lies(one, Statistic.P95),
        "P99": _lies(one, Statistic.P99),
        "mean": NOTHING if average is None else format_interval(average, Unit.SECONDS),
        "of the time": share(one.time / time) if time and one.name else took(one.time),
    }
    told = "".join(f'<td data-head="{head}">{escape(said)}</td>' for head, said in cells.items())
    shown = f"<code>{escape(name)}</code>" if one.name and one.name != _REST else f"<b>{escape(name)}</b>"
    return f'<tr data-command="{escape(one.name)}"><td data-head="command">{shown}</td>{told}</tr>'


def _lies(one: Command, statistic: Statistic) -> str:
    assert statistic.share is not None
    return lies(quantile(one.parts, statistic.share)) or NOTHING


def slow_log(sums: Sums, measure: str, since: str) -> str:
    """Return the entries of the slow log by command as a table; `since` is where the period begins."""
    ones = [(dict(one.subject).get("command", ""), _moments(sums, one)) for one in sums.of(measure)]
    found = sorted((one for one in ones if one[1].n), key=lambda one: (-one[1].n, one[0]))
    if not found:
        return (
            f'<p class="hr-said" data-empty="slow">No entry since {escape(since)}. What '
            "<code>slowlog-log-slower-than</code> lets in is a setting of the server: 10 ms as it comes.</p>"
        )
    heads = ("command", "entries", "longest", "all together")
    cells = "".join(f'<th scope="col">{name}</th>' for name in heads)
    rows = "".join(
        f'<tr data-slow="{escape(name)}">'
        f'<td data-head="command"><code>{escape(one_line(name, 60))}</code></td>'
        f'<td data-head="entries">{held.n:,}</td>'
        f'<td data-head="longest">{NOTHING if held.cap is None else escape(took(held.cap))}</td>'
        f'<td data-head="all together">{escape(took(held.total))}</td></tr>'
        for name, held in found[:MOST]
    )
    return (
        f'<section class="hr-table hr-commands" data-slow-log="{len(found)}"><table><thead><tr>{cells}</tr>'
        f"</thead><tbody>{rows}</tbody></table></section>"
    )


def _moments(sums: Sums, series: Series) -> Moments:
    return next((one for one in sums.whole(series) if isinstance(one, Moments)), Moments(0, 0.0, 0.0))
