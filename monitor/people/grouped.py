"""What `headroom alerts list` prints in a storm: a line for all that is alike instead of one for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from headroom.incidents import About
from headroom.instances import printable
from monitor.people.asked import ago, stamp
from monitor.people.overview import Overview, Row

MANY = 50
"""More incidents than that are printed together."""
_HEAD = ("incidents", "state", "severity", "source", "budget", "statistic", "the first since")
_Key = tuple[str, ...]


def grouped(found: Overview) -> Iterator[str]:
    """Yield the lines: of one state, severity, source, budget and statistic together, the most first."""
    groups: dict[_Key, list[Row]] = {}
    for row in found.rows:
        groups.setdefault(_key(row), []).append(row)
    ordered = sorted(groups.items(), key=lambda each: (-len(each[1]), each[0]))
    cells = [_HEAD, *(_cells(key, rows, found) for key, rows in ordered)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    yield _joined(cells[0], widths)
    yield "  ".join("-" * width for width in widths)
    for line, (_, rows) in zip(cells[1:], ordered, strict=True):
        yield _joined(line, widths)
        yield f"    {_people(rows)}"
    yield f"{len(found.rows):,} incidents; `headroom alerts list --each` prints every one."


def _key(row: Row) -> _Key:
    one = row.incident
    about = "blind" if one.about is About.BLIND else one.statistic.value
    return (one.state.value, one.severity.value, printable(one.source), printable(one.budget), about)


def _cells(key: _Key, rows: list[Row], found: Overview) -> tuple[str, ...]:
    first = min(row.incident.ended or row.incident.fired or row.incident.opened for row in rows)
    return (f"{len(rows):,}", *key, f"{stamp(first)} ({ago(first, found.now)})")


def _people(rows: list[Row]) -> str:
    """Return who takes care, what is silenced, and what became of the newest message to each channel."""
    taken = sum(row.incident.acknowledged is not None for row in rows)
    quiet = sum(row.silence is not None for row in rows)
    told = Counter(
        f"{printable(each.notice.channel)} ({each.notice.status.value}) {each.state.value}"
        for row in rows
        for each in row.told
    )
    parts = [f"acknowledged: {taken:,}"] if taken else []
    parts += [f"silenced: {quiet:,}"] if quiet else []
    parts += (
        [f"told: {'; '.join(f'{what}: {count:,}' for what, count in sorted(told.items()))}"] if told else []
    )
    return ", ".join(parts) or "told: nobody"


def _joined(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
