"""What is known of statements and what audits found: kept, replaced, and never without bounds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headroom.audit.finding import Finding
from headroom.checks import State
from headroom.history import Audit, Cycle, History, Poll, statements
from headroom.observation import Observation, Series
from headroom.statements import MEASURE, REST, Statement
from tests.history import build

DAY = timedelta(days=1)
TASK = Statement(
    "erp-db", "aa11", "lookup", "one row of tasks by its key (id)", "SELECT * FROM tasks WHERE id = $1"
)
LIST = Statement(
    "erp-db", "bb22", "", "hostile \x00 \ud800", "SELECT '\x00'", (("offset", "yes"), ("star", "no"))
)


def learn(history: History, number: int, *learnt: Statement) -> None:
    """Record a cycle in which statements were learnt."""
    at = build.moment(number)
    history.record(Cycle(at, Poll("erp-db", None, at, timedelta(0)), statements=learnt))


def test_statements_come_back_as_they_were(history: History) -> None:
    """The newest first, and what a database cannot keep is spelled out."""
    learn(history, 0, TASK, LIST)

    spelled = Statement("erp-db", "bb22", "", r"hostile \x00 \ud800", r"SELECT '\x00'", LIST.traits)
    assert history.statements("erp-db") == [spelled, TASK]
    assert history.statements("another") == []
    assert history.statement("aa11") == [TASK]
    assert history.statement("cc33") == []


def test_what_is_learnt_anew_replaces_what_was_known(history: History) -> None:
    """A statement that fell into another class is there once."""
    anew = Statement("erp-db", "aa11", "list", "rows of tasks with LIMIT", "SELECT $1")
    learn(history, 0, TASK, LIST)
    learn(history, 1, TASK, anew)

    assert [one.fingerprint for one in history.statements("erp-db")] == ["aa11", "bb22"]
    assert history.statement("aa11") == [anew]


def test_only_the_newest_are_kept(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that never repeats a statement fills no disk."""
    monkeypatch.setattr(statements, "MOST", 10)
    for number in range(4):
        learn(history, number, *(Statement("erp-db", f"{number}-{i}", "", "", "") for i in range(6)))

    kept = [one.fingerprint for one in history.statements("erp-db")]
    assert kept == [f"3-{i}" for i in range(5, -1, -1)] + [f"2-{i}" for i in range(5, 1, -1)]


def test_evidence_of_statements_is_read_by_measure(history: History) -> None:
    """All subjects of one measure, newest first in each; it is kept for two days."""
    one = Series("erp-db", MEASURE, (("class", "lookup"), ("database", "erp"), ("statement", "aa11")))
    rest = Series("erp-db", MEASURE, (("class", "lookup"), ("database", "*"), ("statement", REST)))
    other = Series("erp-db", "statements:exec_time:queries.lookup")
    for number in range(3):
        at = build.moment(number)
        observed = tuple(Observation(each, (build.part(number, 1),)) for each in (one, rest, other))
        history.record(Cycle(at, Poll("erp-db", None, at, timedelta(0)), observed))

    found = history.parts_of_measure("erp-db", MEASURE, build.moment(1))
    assert {series: [stored.at for stored in parts] for series, parts in found.items()} == {
        one: [build.moment(2), build.moment(1)],
        rest: [build.moment(2), build.moment(1)],
    }
    history.prune(build.START + 3 * DAY)
    assert history.parts_of_measure("erp-db", MEASURE, build.START) == {}
    assert len(history.parts(other, build.START)) == 3


def test_an_audit_replaces_the_one_before_and_keeps_its_facts(history: History) -> None:
    """Each source has its own; facts stay, so that a later audit can tell what happened since."""
    at, later = build.moment(), build.moment(240)
    missing = Finding(
        "postgres.index.required",
        (("index", "idx_transactions_booking"), ("source", "erp-db")),
        State.FAIL,
        "Index Strategy",
        "there is none",
        "CREATE INDEX …",
        ("CREATE INDEX CONCURRENTLY a ON b (c);", "ANALYZE b;"),
    )
    fine = Finding("postgres.analyze", (("source", "erp-db"),), State.PASS, "Index Maintenance", "fresh")
    history.record_audit("erp-db", at, [missing, fine], b"first")
    history.record_audit("other-db", at, [fine], b"of another")
    history.record_audit("erp-db", later, [fine], b"second")

    assert history.audits() == [Audit("erp-db", later, (fine,)), Audit("other-db", at, (fine,))]
    assert history.facts_before("erp-db", later) == (later, b"second")
    assert history.facts_before("erp-db", later - timedelta(seconds=1)) == (at, b"first")
    assert history.facts_before("erp-db", at - timedelta(seconds=1)) is None

    history.record_audit("other-db", later, [missing], b"")
    assert history.audits()[1].findings == (missing,)
    history.prune(at + 36 * DAY)
    assert history.facts_before("erp-db", later) is None
