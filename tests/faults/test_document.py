"""Every test that docs/reliability.md names is there, and every test of this folder is named in it."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(?:tests/)?([a-z_]+/test_[a-z_]+\.py)::(test_\w+)`", PAGE))


def defined(file: Path) -> set[str]:
    """Return the names of the tests in a file."""
    return set(re.findall(r"^(?:async )?def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_named_test_exists() -> None:
    """None was renamed or taken away since."""
    missing = [f"{file}::{name}" for file, name in NAMED if name not in defined(TESTS / file)]

    assert missing == []
    assert len(NAMED) == len(set(re.findall(r"::test_\w+", PAGE)) | {"twice"})


def test_every_fault_has_its_row() -> None:
    """A fault that is tested as a whole process stands in the table."""
    here = {
        (f"faults/{file.name}", name)
        for file in Path(__file__).parent.glob("test_*.py")
        if file != Path(__file__)
        for name in defined(file)
    }

    assert here <= NAMED


def test_every_row_is_whole() -> None:
    """Six cells each: the fault, what is seen, figures, what is lost, what to do, the test."""
    rows = [line for line in PAGE.split("\n## Faults\n")[1].splitlines() if line.startswith("| ")]

    assert len(rows) > 20
    assert {row.count(" | ") + 1 for row in (re.sub(r"\| \|", "| - |", row) for row in rows)} == {6}
