"""docs/doctor.md against the program: every kind of check is explained, every fault that it names exists."""

from __future__ import annotations

import re
from pathlib import Path

from demo.faults import FAULTS
from monitor.doctor.printed import GROUPS

TEXT = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()


def test_every_kind_of_check_is_explained() -> None:
    """The table of checks names each kind that is printed under a heading, and no other."""
    table = TEXT.partition("## The checks")[2].partition("\n## ")[0]
    first_cells = " ".join(re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE))

    assert set(re.findall(r"`([a-z]+)[:`]", first_cells)) == set(GROUPS)


def test_every_fault_that_it_names_exists() -> None:
    """A fault that shows a defect can be switched on."""
    named = set(re.findall(r"--fault ([a-z-]+)", TEXT))

    assert named
    assert named <= set(FAULTS)


def test_every_defect_of_the_guide_has_a_row() -> None:
    """All of a to k, and of G1 to G15."""
    rows = " ".join(re.findall(r"^\| ((?:[a-k]|G\d+)(?:, (?:[a-k]|G\d+))*) \|", TEXT, re.MULTILINE))

    assert set(re.findall(r"G?\w+", rows)) == {*"abcdefghijk", *(f"G{number}" for number in range(1, 16))}
