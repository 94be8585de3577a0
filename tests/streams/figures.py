"""The tables of docs/accuracy.md: counted from rows, written, and read back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

from headroom.budgets import Outcome
from tests.streams.stream import SECONDS, SIZES, STEADY, TENS
from tests.streams.target import METRICS
from tests.streams.told import Told

PAGE = Path(__file__).parents[2] / "docs/accuracy.md"

Cells = tuple[str, ...]
Table = dict[Cells, dict[str, float]]
"""By its first cells, each row's share by column, and the number of windows behind them."""

_WRONG = {"wrong pass": (Outcome.MET, Outcome.OVER), "wrong breach": (Outcome.OVER, Outcome.MET)}
_COUNTS: Mapping[str, Mapping[str, Callable[[Told], bool]]] = {
    "happened": {
        **{
            f"histogram_quantile: {name}": lambda row, s=said, t=true: (
                (row.interpolated, row.happened) == (s, t)
            )
            for name, (said, true) in _WRONG.items()
        },
        "no answer": lambda row: row.interpolated is Outcome.UNDECIDED,
        "certain bounds: wrong": lambda row: row.certain not in (Outcome.UNDECIDED, row.counted),
        "undecided": lambda row: row.certain is Outcome.UNDECIDED,
    },
    "rate": {
        **{
            f"histogram_quantile: {name}": lambda row, s=said, t=true: (row.interpolated, row.truth) == (s, t)
            for name, (said, true) in _WRONG.items()
        },
        "Headroom: wrong met": lambda row: (row.inferred, row.truth) == (Outcome.MET, Outcome.OVER),
        "wrong over": lambda row: (row.inferred, row.truth) == (Outcome.OVER, Outcome.MET),
        "undecided": lambda row: row.inferred not in (Outcome.MET, Outcome.OVER),
    },
    "bursts": {
        "called met": lambda row: row.inferred is Outcome.MET,
        "called over": lambda row: row.inferred is Outcome.OVER,
    },
}
_HEADS = {
    "happened": ("requests", "buckets", "traffic"),
    "rate": ("requests", "buckets", "traffic"),
    "bursts": ("requests", "traffic"),
}
TABLES = tuple(_COUNTS)


def counted(name: str, rows: Sequence[Told]) -> Table:
    """Return a table: "happened" and "rate" of all rows, "bursts" of broken promises that come in bursts."""
    table: Table = {}
    for cells, mine in _groups(name, rows):
        shares = {
            column: sum(map(counts, mine)) / len(mine) if mine else 0.0
            for column, counts in _COUNTS[name].items()
        }
        table[cells] = {"windows": float(len(mine)), **shares}
    return table


def write(rows: Sequence[Told]) -> None:
    """Put the tables of the rows into the page, between their marks."""
    page = PAGE.read_text()
    for name in TABLES:
        table = _markdown(name, counted(name, rows))
        page = re.sub(
            rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", rf"\g<1>{table}\g<2>", page, flags=re.DOTALL
        )
    PAGE.write_text(page)


def read(name: str) -> Table:
    """Return a table of the page."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end -->", PAGE.read_text(), re.DOTALL)
    assert found is not None, f"docs/accuracy.md has no table {name}"
    head, _, *lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()
    ]
    width = len(_HEADS[name])
    assert tuple(head) == (*_HEADS[name], "windows", *_COUNTS[name])
    return {
        tuple(line[:width]): dict(zip(head[width:], map(_number, line[width:]), strict=True))
        for line in lines
    }


def cells(name: str) -> list[Cells]:
    """Return the first cells of every row that a table must have."""
    sizes = [f"{size:,}" for size in SIZES]
    if name == "bursts":
        return list(product(sizes, (TENS, SECONDS)))
    return list(product(sizes, METRICS, (STEADY, "bursty")))


def _groups(name: str, rows: Sequence[Told]) -> Iterable[tuple[Cells, list[Told]]]:
    for key in cells(name):
        if name == "bursts":
            size, traffic = key
            mine = [r for r in rows if r.stream.traffic == traffic and r.truth is Outcome.OVER]
            mine = [row for row in mine if row.buckets == "good"]
        else:
            size, buckets, traffic = key
            mine = [r for r in rows if (r.stream.traffic == STEADY) == (traffic == STEADY)]
            mine = [row for row in mine if row.buckets == buckets]
        yield key, [row for row in mine if f"{row.stream.size:,}" == size]


def _markdown(name: str, table: Table) -> str:
    columns = (*_HEADS[name], "windows", *_COUNTS[name])
    rules = ["---"] * len(_HEADS[name]) + ["--:"] * (1 + len(_COUNTS[name]))
    lines = [
        [*key, f"{shares['windows']:,.0f}", *(percent(shares[column]) for column in _COUNTS[name])]
        for key, shares in table.items()
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in ([*columns], rules, *lines))


def percent(share: float) -> str:
    """Return a share with two digits; only what never happened is 0."""
    if not share:
        return "0"
    return f"{share:.0%}".replace("%", " %") if share >= 0.0995 else f"{float(f'{100 * share:.2g}'):g} %"


def _number(cell: str) -> float:
    return float(cell.rstrip("% ")) / 100 if cell.endswith("%") else float(cell.replace(",", ""))
