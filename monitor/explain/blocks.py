"""A page as blocks, and how they look in a terminal and in Markdown. All text may come from strangers."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 100
_INDENT = "   "
_SYMBOLS = 56
"""Where the words of a line of arithmetic begin, if it is no longer than that."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the page's."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Lines to be kept as they are, so that they can be pasted."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of sentences."""

    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Figures in columns; the first line is the head, and the last one the sum where `summed`."""

    rows: Sequence[Sequence[str]]
    summed: bool = False


@dataclass(frozen=True, slots=True)
class Sums:
    """Lines of arithmetic, each with what it means, under what they are steps of."""

    caption: str
    lines: Sequence[tuple[str, str]]


Block = Heading | Text | Code | Items | Table | Sums


def clean(text: str) -> str:
    """Return a text on one line, in which nothing can steer a terminal or turn the reading order round."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape", "surrogatepass").decode("ascii")
        for sign in text
    )


def as_terminal(blocks: Iterable[Block]) -> str:
    """Return a page for a terminal of 100 columns; only what is to be pasted may be wider."""
    lines: list[str] = []
    for block in blocks:
        match block:
            case Heading():
                lines += _heading(block)
            case Text(text):
                lines += _wrapped(text)
            case Code(code):
                lines += [f"{_INDENT * 2}{clean(line)}" for line in code]
            case Items(items):
                lines += [line for item in items for line in _wrapped(item, "- ")]
            case Table():
                lines += _table(block)
            case Sums(caption, sums):
                lines += [f"{_INDENT}{clean(caption)}:"] if caption else []
                lines += [line for sum_, words in sums for line in _sum(clean(sum_), clean(words))]
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def _heading(heading: Heading) -> list[str]:
    shown = clean(heading.text)
    if heading.level > 1:
        return ["", shown]
    return ["", shown, "=" * min(len(shown), WIDTH), ""]


def _wrapped(text: str, bullet: str = "") -> list[str]:
    return textwrap.wrap(
        clean(text),
        WIDTH,
        initial_indent=_INDENT + bullet,
        subsequent_indent=_INDENT + " " * len(bullet),
        break_on_hyphens=False,
    )


def _sum(line: str, words: str) -> list[str]:
    left = f"{_INDENT * 2}{line}"
    if len(left) + 2 + len(words) > WIDTH:
        return [left, f"{_INDENT * 4}{words}"] if words else [left]
    column = _SYMBOLS if _SYMBOLS + len(words) <= WIDTH else 0
    return [f"{left}  ".ljust(column) + words]


def _table(table: Table) -> list[str]:
    rows = [[clean(cell) for cell in row] for row in table.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        _INDENT + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    rule = _INDENT + "  ".join("-" * width for width in widths)
    return [lines[0], rule, *lines[1:-1], rule, lines[-1]] if table.summed else [lines[0], rule, *lines[1:]]


def width_of(rows: Sequence[Sequence[str]]) -> int:
    """Return how wide a table is in a terminal."""
    return len(_INDENT) + sum(max(len(row[i]) for row in rows) + 2 for i in range(len(rows[0]))) - 2


def as_markdown(blocks: Iterable[Block]) -> str:
    """Return a page for a ticket."""
    parts: list[str] = []
    for block in blocks:
        match block:
            case Heading(level, text):
                parts.append(f"{'#' * (level + 1)} {_escaped(text)}")
            case Text(text):
                parts.append(_escaped(text))
            case Code(code):
                parts.append(_fenced([clean(line) for line in code]))
            case Items(items):
                parts.append("\n".join(f"- {_escaped(item)}" for item in items))
            case Table(rows):
                head, *rest = [f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in rows]
                parts.append("\n".join([head, "|" + " ---: |" * len(rows[0]), *rest]))
            case Sums(caption, sums):
                parts += [f"{_escaped(caption)}:"] if caption else []
                width = max((len(line) for line, _ in sums), default=0)
                lines = [f"{line.ljust(min(width, _SYMBOLS))}   {words}" for line, words in sums]
                parts.append(_fenced([clean(line) for line in lines]))
    return "\n\n".join(parts) + "\n"


def _fenced(lines: Sequence[str]) -> str:
    """Return lines as code; the fence is longer than any in them."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is: no markup, no HTML, no links, and nobody is called."""
    shown = re.sub(r"([\\`*_\[\]<>|~#])", r"\\\1", clean(text).replace("&", "&amp;"))
    return shown.replace("@", "&#64;").replace("://", "&#58;//")
