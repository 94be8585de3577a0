"""Containers against their limits, and processes against one core, as HTML. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import combinations

from dashboard.added import gauge, level
from dashboard.columns import length
from dashboard.foreign import one_line
from dashboard.growth import NONE, told
from dashboard.markup import NOTHING
from dashboard.shares import share
from dashboard.sums import Sums
from headroom import recorded
from headroom.budgets import Kind, Subject, Unit
from headroom.instances import natural
from headroom.observation import Series
from headroom.trend import Trend
from headroom.units import format_value

MOST = 40
Growth = Mapping[Series, Trend | None]
_CONTAINERS = (Kind.CONTAINER_CPU, Kind.CONTAINER_MEMORY, Kind.THROTTLING, recorded.CONTAINER_USED)
_PROCESSES = (Kind.ONE_CORE, Kind.EVENT_LOOP, recorded.PROCESS_MEMORY, recorded.HEAP)


@dataclass(frozen=True, slots=True)
class Line:
    """A container or a process.

    Attributes:
        cells: words and a share for a bar, or None where there is no limit or nothing was recorded.
        trends: words on what grows.
        order: what needs a look first has most.
    """

    name: str
    beside: str
    cells: tuple[tuple[str, float | None], ...]
    trends: str
    order: float


class _Known:
    """The sums of a source by measure and subject."""

    def __init__(self, source: str, sums: Sums, measures: Sequence[str]) -> None:
        self.source = source
        self._sums = sums
        self._series: dict[str, dict[Subject, Series]] = {measure: {} for measure in measures}
        for series in sums.columns:
            if series.measure in self._series:
                self._series[series.measure][series.subject] = series
        self._alone = len(self.subjects()) == 1

    def subjects(self) -> list[Subject]:
        """Return the subjects with all their labels; the whole only where there is nothing else."""
        known = {subject for ones in self._series.values() for subject in ones}
        shorter = {some for one in known for left in range(len(one)) for some in combinations(one, left)}
        return sorted(known - shorter, key=natural)

    def of(self, measure: str, subject: Subject) -> Series | None:
        """Return the series of a subject; it may be told by fewer labels there, and the only one by none."""
        known = self._series[measure]
        for left in range(len(subject), 0, -1):
            for some in combinations(subject, left):
                if some in known:
                    return known[some]
        return known.get(()) if self._alone else None

    def level(self, measure: str, subject: Subject) -> float | None:
        """Return the mean of the period."""
        series = self.of(measure, subject)
        return None if series is None else level(self._sums.whole(series))

    def last(self, measure: str, subject: Subject) -> float | None:
        """Return the newest sample."""
        series = self.of(measure, subject)
        found = None if series is None else gauge(self._sums.whole(series))
        return None if found is None else found.last


def containers(sums: Mapping[str, Sums], growth: Growth, full: float) -> list[Line]:
    """Return the containers, the fullest first; `full` is the share of a limit that is too much."""
    known = [_Known(source, one, _CONTAINERS) for source, one in sums.items()]
    return _sorted(_container(one, subject, growth, full) for one in known for subject in one.subjects())


def processes(sums: Mapping[str, Sums], growth: Growth) -> list[Line]:
    """Return the processes, that which takes most of its core first."""
    known = [_Known(source, one, _PROCESSES) for source, one in sums.items()]
    return _sorted(_process(one, subject, growth) for one in known for subject in one.subjects())


def _sorted(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (-line.order, line.name))


def _container(known: _Known, subject: Subject, growth: Growth, full: float) -> Line:
    cpu, memory, held = (
        known.level(kind, subject) for kind in (Kind.CONTAINER_CPU, Kind.CONTAINER_MEMORY, Kind.THROTTLING)
    )
    used, share_of = (
        known.last(measure, subject) for measure in (recorded.CONTAINER_USED, Kind.CONTAINER_MEMORY)
    )
    reached = (full * used / share_of, f"{full:.0%} of its limit") if used and share_of else None
    series = known.of(recorded.CONTAINER_USED, subject)
    words = told(growth[series], Unit.BYTES, reached) if series is not None and series in growth else ""
    labels = dict(subject)
    machine = ", ".join(value for name, value in subject if name != "container")
    return Line(
        labels.get("container", "") or machine or known.source,
        machine if "container" in labels else "",
        (
            (_limited(cpu), cpu),
            (_limited(memory), memory),
            (_shown(used, Unit.BYTES), None),
            (NOTHING if held is None else share(held), None),
        ),
        words,
        max(cpu or 0.0, memory or 0.0, held or 0.0),
    )


def _process(known: _Known, subject: Subject, growth: Growth) -> Line:
    core, late = (known.level(kind, subject) for kind in (Kind.ONE_CORE, Kind.EVENT_LOOP))
    heap, memory = (known.last(measure, subject) for measure in (recorded.HEAP, recorded.PROCESS_MEMORY))
    words = [
        f"{name} {told(growth[series], Unit.BYTES)}"
        for measure, name in ((recorded.HEAP, "heap"), (recorded.PROCESS_MEMORY, "memory"))
        if (series := known.of(measure, subject)) is not None and series in growth
    ]
    labels = dict(subject)
    return Line(
        labels.get("instance", "") or known.source,
        ", ".join(value for label, value in subject if label != "instance"),
        (
            (NOTHING if core is None else share(core), core),
            (_shown(late, Unit.SECONDS), None),
            (_shown(heap, Unit.BYTES), None),
            (_shown(memory, Unit.BYTES), None),
        ),
        NONE if words and all(one.endswith(NONE) for one in words) else "; ".join(words),
        core or 0.0,
    )


def _shown(value: float | None, unit: Unit) -> str:
    return NOTHING if value is None else format_value(value, unit)


def _limited(value: float | None) -> str:
    return "no limit told" if value is None else share(value)


def container_table(lines: Sequence[Line], since: str) -> str:
    """Return the containers since a time, MOST at most; what would show them where there are none."""
    if not lines:
        return (
            '<p class="hr-said" data-empty="containers">No container was seen in the last hour. cAdvisor '
            "tells of them: let the Prometheus scrape its /metrics.</p>"
        )
    heads = ("container", "CPU of its limit", "memory of its limit", "memory", "held back", "memory's trend")
    return _table("containers", heads, lines, f"Shares are means since {since}; memory is the newest.")


def process_table(lines: Sequence[Line], since: str) -> str:
    """Return the processes since a time, MOST at most; what would show them where there are none."""
    if not lines:
        return (
            '<p class="hr-said" data-empty="processes">No process was seen in the last hour. The default '
            "metrics of prom-client (collectDefaultMetrics), or of any other client library, tell of them: "
            "serve them at the application's /metrics, which the Prometheus scrapes.</p>"
        )
    heads = ("process", "of one core", "event loop p99", "heap", "resident memory", "trend")
    return _table(
        "processes",
        heads,
        lines,
        f"Of the core and the event loop means since {since}; heap and memory are the newest.",
    )


def _table(what: str, heads: Sequence[str], lines: Sequence[Line], when: str) -> str:
    cells = "".join(f'<th scope="col">{name}</th>' for name in heads)
    rows = "".join(_row(heads, line) for line in lines[:MOST])
    rest = f"<p>The {MOST} fullest of {len(lines):,}.</p>" if len(lines) > MOST else ""
    return (
        f'<section class="hr-table hr-things" data-{what}="{len(lines)}"><table><thead><tr>{cells}</tr>'
        f"</thead><tbody>{rows}</tbody></table>{rest}<p>{escape(when)}</p></section>"
    )


def _row(heads: Sequence[str], line: Line) -> str:
    name, beside = escape(one_line(line.name, 80)), escape(one_line(line.beside, 80))
    cells = "".join(
        f'<td data-head="{head}">{escape(said)}{"" if filled is None else length(filled)}</td>'
        for head, (said, filled) in zip(heads[1:], line.cells, strict=False)
    )
    return (
        f'<tr data-thing="{name}"><td data-head="{heads[0]}"><b>{name}</b>'
        f"{f'<small>{beside}</small>' if beside else ''}</td>{cells}"
        f'<td data-head="{heads[-1]}">{escape(line.trends) or NOTHING}</td></tr>'
    )
