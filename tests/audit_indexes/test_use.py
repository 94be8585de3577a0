"""A required index that is there: is it read, and can the statements seen use it at all?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.audit.case import Case
from headroom.audit.conditions import Asked, asked, compares
from headroom.audit.facts import Index, Key, Table
from headroom.audit.finding import Finding
from headroom.audit.required import required
from headroom.checks import State

from .facts import AT, case

TABLE = Table(
    "public", "refresh_tokens", ("id", "user_id", "expires_at", "is_revoked"), frozenset({"is_revoked"}),
    number=2, rows=5_000, live=5_000,
)  # fmt: skip
NAME = "idx_refresh_tokens_user_expires"
INDEX = Index(
    "public", "refresh_tokens", NAME, (Key("user_id"), Key("expires_at")), number=9, scans=40,
    predicate="(is_revoked = false)",
)  # fmt: skip
SAYS = "SELECT * FROM refresh_tokens WHERE user_id = $1 AND NOT is_revoked"
BINDS = "SELECT * FROM refresh_tokens AS t WHERE t.user_id = $1 AND t.is_revoked = $2"
SILENT = "DELETE FROM public.refresh_tokens WHERE user_id = $1 AND expires_at < $2"


def judged(one: Case) -> Finding:
    """Return the finding about the index."""
    (found,) = [finding for finding in required(one) if dict(finding.subject)["index"] == NAME]
    return found


def of(*texts: str, days: float | None = None, before: int = 40, table: Table = TABLE) -> tuple[State, str]:
    """Return the state and what is said behind the name."""
    found = judged(case(INDEX, table=table, days=days, earlier={NAME: before}, texts=texts))
    return found.state, found.found.removeprefix(f"public.{NAME} is it; ")


def test_the_window_is_named() -> None:
    """What two audits counted differs by what was read between them."""
    assert of(days=7) == (State.WARN, "but it was not read once in the last 7 d")
    assert of(days=7, before=39) == (State.PASS, "read once in the last 7 d")
    assert of(days=7, before=0) == (State.PASS, "read 40 times in the last 7 d")
    assert of(days=0.25) == (State.PASS, "not read in the last 6 h, which is too short to tell")
    assert of() == (
        State.PASS, "how often it is read is not known yet: that takes an earlier audit to compare with",
    )  # fmt: skip


def test_a_small_table_needs_no_index() -> None:
    """No plan wants one for a few rows."""
    assert of(days=7, table=replace(TABLE, rows=900, live=900)) == (
        State.PASS, "not read in the last 7 d, as is natural for so small a table",
    )  # fmt: skip


def test_a_reset_is_no_silence() -> None:
    """Counters that began anew, or went back, are not compared."""
    reset = case(INDEX, table=TABLE, days=7, counting_since=AT - timedelta(days=1))
    assert "not known yet" in judged(reset).found
    assert of(days=7, before=41)[1].startswith("how often it is read is not known yet")


def test_no_statement_says_its_predicate() -> None:
    """Then no plan can use it, whatever it is called."""
    state, said = of(SILENT, SILENT.replace("DELETE", "SELECT 1"), days=7)

    assert state is State.WARN
    assert said == (
        "how often it is read is not known yet".replace(
            "how often it is read is not known yet", "not read in 7 d"
        )
        + "; but none of the 2 statements seen that look for user_id says is_revoked = false, without which "
        "PostgreSQL cannot use it, such as: DELETE FROM public.refresh_tokens WHERE user_id = $1 AND "
        "expires_at < $2"
    )


def test_some_statements_do_not() -> None:
    """They may mean the other rows, too: said, not held against the index."""
    assert of(SILENT, SAYS, days=7, before=1) == (
        State.PASS,
        (
            "read 39 times in the last 7 d; 1 of 2 statements seen that look for user_id do not say "
            "is_revoked = false and cannot use it"
        ),
    )


def test_a_parameter_and_a_constant_look_alike() -> None:
    """pg_stat_statements writes $2 for both, so that only the reads tell."""
    assert of(BINDS, days=0.1)[1].endswith(
        "1 say is_revoked = $n, which stands for a constant, with which they can use it, and for a "
        "parameter, "
        "with which a generic plan cannot"
    )
    assert of(BINDS, days=7, before=1) == (State.PASS, "read 39 times in the last 7 d")


@pytest.mark.parametrize(
    ("condition", "meant"),
    [
        ("NOT is_revoked", Asked.FALSE),
        ("NOT t.is_revoked", Asked.FALSE),
        ("is_revoked = false", Asked.FALSE),
        ('"t"."is_revoked" <> TRUE', Asked.FALSE),
        ("is_revoked = $3", Asked.BOUND),
        ("is_revoked = ?", Asked.BOUND),
        ("is_revoked", Asked.OTHER),
        ("is_revoked IS FALSE", Asked.OTHER),
        ("NOT is_revoked IS TRUE", Asked.OTHER),
        ("is_revoked = true", Asked.OTHER),
        ("other.is_revoked = false", Asked.NOTHING),
        ("x = 'is_revoked = false'", Asked.NOTHING),
        ("x = 1 -- is_revoked = false", Asked.NOTHING),
        ("x = 1", Asked.NOTHING),
    ],
)
def test_what_a_condition_asks(condition: str, meant: Asked) -> None:
    """Words of the planner's own kind, a parameter, or others."""
    tables = "public.refresh_tokens t JOIN other ON true"
    text = f"SELECT is_revoked FROM {tables} WHERE user_id = $1 AND {condition}"

    assert asked(text, "refresh_tokens", "is_revoked") is meant
    assert compares(text, "refresh_tokens", "user_id")


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE refresh_tokens SET user_id = $1 WHERE id = $2",
        "SELECT user_id FROM refresh_tokens ORDER BY user_id",
        "SELECT * FROM elsewhere WHERE user_id = $1",
        "SELECT * FROM refresh_tokens t JOIN u ON u.user_id = $1",
        "INSERT INTO refresh_tokens (user_id) VALUES ($1)",
    ],
)
def test_what_does_not_look_for_the_column(text: str) -> None:
    """Setting, sorting, or another table's column."""
    assert not compares(text, "refresh_tokens", "user_id")
