"""What on-call reads of incidents names everything that an incident can say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headroom.incidents import NoticeStatus, State, Why

PAGE = Path(__file__).parents[2] / "docs" / "incidents.md"


def first_cells(heading: str) -> list[str]:
    """Return the first cell of each row of the table below a heading, without its title row."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `?(.+?)`? \|", section, re.MULTILINE)[1:]


@pytest.mark.parametrize(
    ("heading", "words"),
    [("Reasons", Why), ("What is told, and when", NoticeStatus), ("States", State)],
    ids=["reasons", "messages", "states"],
)
def test_each_word_has_its_line(heading: str, words: type[Why | NoticeStatus | State]) -> None:
    """Each is explained once, in the words that are recorded, and none that does not exist."""
    assert sorted(first_cells(heading)) == sorted(word.value for word in words)


def test_the_lines_are_said_in_the_order_of_the_words() -> None:
    """Who adds a reason finds its place."""
    assert first_cells("Reasons") == [why.value for why in Why]
