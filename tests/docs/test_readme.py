"""README and decisions against the program: nothing named that is not there, and nothing left out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from headroom.budgets import Outcome, Reason
from headroom.config import load
from headroom.units import format_value
from monitor.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
FAULTS = [
    line.split()[0].strip(":")
    for line in subprocess.run(
        [sys.executable, "-m", "demo", "--list-faults"], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.splitlines()
    if line.strip()
]


def test_every_command_is_named_and_every_named_one_exists() -> None:
    """The table of commands is the command line's own list."""
    named = set(re.findall(r"^\| `headroom (\w+)", README, re.MULTILINE))

    assert named == set(main.commands)


def test_every_option_that_the_readme_names_exists() -> None:
    """No option is promised that the command would refuse."""
    options = {
        option for command in main.commands.values() for each in command.params for option in each.opts
    }

    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README)) <= options | {"--help"}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_the_demo_is_named(fault: str) -> None:
    """Every fault can be found in the README."""
    assert f"`{fault}`" in README or f"--fault {fault}" in README


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_explained(outcome: Outcome) -> None:
    """The five words have a row each, with all their reasons."""
    row = re.search(rf"^\| \*\*{outcome}\*\* \|(.*)$", README, re.MULTILINE)

    assert row is not None
    if outcome in (Outcome.UNDECIDED, Outcome.BLIND):
        reasons = {reason.value for reason in Reason if reason.outcome is outcome}
        assert set(re.findall(r"`([^`]+)`", row[1])) == reasons


def test_the_budgets_are_those_of_the_shipped_file() -> None:
    """Each row of the table has the title and the numbers of budgets.yaml."""
    rows = dict(re.findall(r"^\| ([A-Z][^|]*?) \| ([^|]*[<>][^|]*) \|$", README, re.MULTILINE))
    budgets = load(ROOT / "budgets.yaml", {}).budgets

    assert set(rows) == {budget.title for budget in budgets}
    for budget in budgets:
        numbers = [format_value(limit.threshold, limit.unit).replace("%", " %") for limit in budget.limits]
        assert re.findall(r"[<>] (\d+ (?:ms|s|%))", rows[budget.title]) == numbers


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/verdicts.md"])
def test_links_lead_somewhere(document: str) -> None:
    """Every relative link and picture exists."""
    text = (ROOT / document).read_text()

    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert ((ROOT / document).parent / target).exists(), target


def test_every_target_of_the_makefile_has_a_help_line() -> None:
    """`make help` names all of them."""
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)

    assert phony is not None
    assert set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)) == set(phony[1].split())
