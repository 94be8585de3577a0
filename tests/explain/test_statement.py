"""Why a statement is in its class can be asked: of one that ran, and of any text."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headroom.bounds import Bounds
from headroom.evidence import Moments
from headroom.history import Cycle, Poll, open_history
from headroom.observation import Observation, Part, Quality, Series
from headroom.statements import MEASURE, Statement
from tests.explain.test_print import explaining

CONFIG = """version: 1
history: history.db
sources:
  erp-db: {kind: postgres, url: "postgresql://headroom@127.0.0.1:9/erp"}
classes:
  queries:
    - {name: lookup}
    - {name: jobs, tags: {queue: "*"}, role: worker}
    - {name: write}
budgets:
  - id: db.lookup
    title: Look-ups
    measure: {statements: exec_time, source: erp-db, class: queries.lookup}
    limits: [{statistic: p95, max: 10ms}]
"""
KNOWN = Statement(
    "erp-db",
    "aa11bb22cc33dd44",
    "lookup",
    "one row at most: users by its primary key (id)",
    "SELECT name\nFROM users WHERE id = $1",
    (("kind", "select"), ("star", "\x1b[31myes")),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration, and a history in which a statement ran 100 times, four times slowly."""
    (tmp_path / "budgets.yaml").write_text(CONFIG)
    at = datetime.now(UTC) - timedelta(minutes=2)
    labels = (("class", "lookup"), ("database", "erp"), ("statement", KNOWN.fingerprint))
    figures = Moments.of([0.001] * 96 + [0.02] * 4)
    exact = Part(at - timedelta(seconds=15), at, figures, bounds=(Bounds(0.01, 100, 3, 5),))
    doubted = replace(exact, quality=Quality.SUSPECT)
    with open_history(str(tmp_path / "history.db"), collecting=True) as history:
        observed = (Observation(Series("erp-db", MEASURE, labels), (exact, doubted)),)
        poll = Poll("erp-db", None, at, timedelta(0))
        history.record(Cycle(at, poll, observed, statements=(KNOWN,)))
    return tmp_path


def test_a_statement_that_ran(folder: Path) -> None:
    """Class, reason, text, traits, and the figures of what is recorded of it alone and holds."""
    assert explaining(folder, "--statement", KNOWN.fingerprint) == (
        0,
        """\
statement aa11bb22cc33dd44 at erp-db: lookup
============================================

   Why: one row at most: users by its primary key (id).
      SELECT name
      FROM users WHERE id = $1
   - kind: select
   - star: \\x1b[31myes

In the last hour, where it is recorded by itself
   database  calls     mean                P95  over the limit  time over the limit
   --------  -----  -------  -----------------  --------------  -------------------
        erp    100  1.76 ms  905 µs to 16.5 ms          3 to 5      at most 40.2 ms
""",
        "",
    )


def test_as_json(folder: Path) -> None:
    """The same figures, not rounded."""
    code, printed, _ = explaining(folder, "--statement", KNOWN.fingerprint, "--format", "json")
    (found,) = json.loads(printed)["statements"]

    assert code == 0
    assert {name: found[name] for name in ("source", "class", "why", "text")} == {
        "source": "erp-db",
        "class": "lookup",
        "why": KNOWN.why,
        "text": KNOWN.text,
    }
    assert found["last_hour"][0]["n"] == 100
    assert found["last_hour"][0]["over"] == {"low": 3, "high": 5}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--sql", "SELECT * FROM users WHERE id = 7"),
            "Why: one row at most: users by its presumed key (id); no catalogue was asked.",
        ),
        (("--sql", "SELECT ((("), "Why: its text does not parse: syntax error at end of input."),
        (
            ("--sql", "SELECT 1 /* queue:mails */", "--role", "worker"),
            "Why: claimed in budgets.yaml by the tags and the role of the class jobs.",
        ),
        (("--sql", "SELECT 1 /* queue:mails */", "--role", "web"), "Why: it reads no table."),
    ],
)
def test_any_text(folder: Path, words: tuple[str, ...], said: str) -> None:
    """By the rules of the file and its shape; no server is asked."""
    code, printed, errors = explaining(folder, *words)

    assert (code, errors) == (0, "")
    assert said in printed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--statement", "\x1b]0;x"),
            (
                'no statement "\\x1b]0;x" is known; the page Database of the dashboard shows those that '
                "are, and --sql explains any text\n"
            ),
        ),
        (
            ("--sql", " "),
            '--sql is empty; write the statement, e.g. --sql "SELECT * FROM users WHERE id = $1"\n',
        ),
    ],
)
def test_what_is_not_known(folder: Path, words: tuple[str, ...], said: str) -> None:
    """One sentence and exit code 2."""
    assert explaining(folder, *words) == (2, "", said)


@pytest.mark.parametrize(
    "words", [(), ("db.lookup", "--sql", "SELECT 1"), ("--sql", "x", "--statement", "y")]
)
def test_one_thing_at_a_time(folder: Path, words: tuple[str, ...]) -> None:
    """Nothing, or two things at once, is a wrong usage."""
    code, _, errors = explaining(folder, *words)

    assert code == 2
    assert errors.endswith("Error: name one of BUDGET, --statement FINGERPRINT and --sql TEXT\n")


@pytest.mark.parametrize("what", ["--statement", "--sql"])
@pytest.mark.parametrize("option", ["--limit", "--subject", "--at"])
def test_options_of_budgets(folder: Path, what: str, option: str) -> None:
    """What would not be heeded is refused: nobody takes the last hour for the moment they asked for."""
    code, printed, said = explaining(folder, what, KNOWN.fingerprint, option, "p95")

    assert (code, printed, said.splitlines()[-1]) == (
        2, "", f"Error: {option} is for a BUDGET: leave it out with --statement and --sql",
    )  # fmt: skip


def test_a_text_that_ran_is_told_as_it_was_classed_then(folder: Path) -> None:
    """With the catalogue at hand more was known than its text alone tells."""
    text = "SELECT name FROM users WHERE email = $1"
    code, printed, _ = explaining(folder, "--sql", text, "--format", "json")
    (alone,) = json.loads(printed)["statements"]
    ran = replace(
        KNOWN, fingerprint=alone["fingerprint"], why="one row at most: users by its unique key (email)"
    )
    with open_history(str(folder / "history.db"), collecting=True) as history:
        at = datetime.now(UTC)
        history.record(Cycle(at, Poll("erp-db", None, at, timedelta(0)), statements=(ran,)))
    again, printed, _ = explaining(folder, "--sql", text, "--format", "json")
    known, by_text = json.loads(printed)["statements"]

    assert (code, again) == (0, 0)
    assert (known["source"], known["class"]) == ("erp-db", "lookup")
    assert by_text == alone
    assert alone["class"] is None
