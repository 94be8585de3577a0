"""What is counted as checked, and the lines for the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from headroom.audit.by_hand import Confirmation, fault_of
from headroom.audit.finding import Finding
from headroom.audit.guide.catalogue import CATALOGUE
from headroom.audit.guide.coverage import Coverage, completed, coverage, standing
from headroom.audit.guide.rule import GuideRule
from headroom.checks import State

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
POOL, WEAK, ANALYZE, FAILURES = (
    "database.pool-settings",
    "memory.weak-map",
    "database.analyze.transactions",
    "caching.failures",
)


def rule(ident: str) -> GuideRule:
    """Return a rule of the guide."""
    (one,) = [one for one in CATALOGUE if one.id == ident]
    return one


def analyze(state: State, table: str = "transactions") -> Finding:
    """Return a finding that answers one of the guide's two."""
    return Finding("postgres.analyze", (("source", "erp"), ("table", table)), state, "", "x")


def lines(*findings: Finding, confirmed: dict[str, Confirmation] | None = None) -> list[Finding]:
    """Return these findings, completed."""
    return completed(CATALOGUE, findings, lambda one: f"why {one.id}", confirmed or {}, NOW)


def test_every_rule_has_a_line() -> None:
    """With nothing read at all; each cites chapter and section, and the sums are the number of rules."""
    found = lines()

    assert [one.rule for one in found] == [one.id for one in CATALOGUE]
    assert [one.guide for one in found] == [f"{one.place}: {one.says}" for one in CATALOGUE]
    covered = coverage(CATALOGUE, found, {}, NOW)
    whole = sum(covered.values(), Coverage())
    assert (whole.rules, whole.checked, whole.confirmed) == (len(CATALOGUE), 0, 0)
    assert whole.by_hand == sum(one.by_hand for one in CATALOGUE)
    assert whole.not_applicable == 1
    assert whole.cannot_check == len(CATALOGUE) - whole.by_hand - 1
    assert list(covered) == list(dict.fromkeys(one.place.chapter for one in CATALOGUE))


@pytest.mark.parametrize(
    ("states", "stands"),
    [
        ((State.PASS,), State.PASS),
        ((State.FAIL,), State.PASS),
        ((State.CANNOT_CHECK, State.WARN), State.PASS),
        ((State.CANNOT_CHECK,), State.CANNOT_CHECK),
        ((State.NOT_APPLICABLE, State.CANNOT_CHECK), State.CANNOT_CHECK),
        ((State.NOT_APPLICABLE,), State.NOT_APPLICABLE),
        ((), None),
    ],
)
def test_checked_is_what_a_finding_decided(states: tuple[State, ...], stands: State | None) -> None:
    """One source that tells is enough; what cannot be told is not counted as checked."""
    assert standing(rule(ANALYZE), [analyze(state) for state in states]) is stands


def test_another_tables_finding_answers_nothing() -> None:
    """Rules that look at several things are told apart by their subjects."""
    found = lines(analyze(State.PASS, "audit_logs"))

    (line,) = [one for one in found if one.rule == ANALYZE]
    assert (line.state, line.found) == (State.CANNOT_CHECK, f"why {ANALYZE}")
    assert standing(rule("database.analyze.audit_logs"), found) is State.PASS


def test_what_a_rule_cannot_see_goes_to_a_person() -> None:
    """The finding keeps what it knows, with no second line; a confirmation stands in its place."""
    seen = Finding(
        "postgres.pool_settings", (("source", "erp"),), State.CANNOT_CHECK, "Pool", "no server sees it"
    )

    (asked,) = [one for one in lines(seen) if one.rule in (POOL, "postgres.pool_settings")]
    assert (asked.state, asked.found, asked.fix) == (
        State.BY_HAND,
        "cannot be seen from outside: no server sees it",
        f"headroom audit --confirm {POOL} --by NAME",
    )
    said = {POOL: Confirmation("ada", NOW - timedelta(days=3), "read the file", rule(POOL).digest)}
    (told,) = [one for one in lines(seen, confirmed=said) if one.rule == "postgres.pool_settings"]
    assert (told.state, told.found, told.fix) == (
        State.BY_HAND, "confirmed by ada on 2026-11-20: read the file", "",
    )  # fmt: skip


def test_what_is_seen_needs_no_person() -> None:
    """Where one source decides it, nobody is asked about the others."""
    breaker = Finding("application.breaker", (("name", "webhooks"),), State.WARN, "", "it opened")
    silent = Finding("application.breaker", (), State.CANNOT_CHECK, "", "no metrics")

    found = lines(breaker, silent)

    assert found[:2] == [breaker, silent]
    assert not any(one.rule == "concurrency.circuit-breaker" for one in found)


def test_what_was_said_stands_beside_what_is_seen() -> None:
    """A confirmation of a rule that a finding decides is shown and not counted."""
    name = "concurrency.circuit-breaker"
    breaker = Finding("application.breaker", (("name", "webhooks"),), State.WARN, "", "it opened")
    silent = Finding("application.breaker", (), State.CANNOT_CHECK, "", "no metrics")
    said = {name: Confirmation("ada", NOW, "read it", rule(name).digest)}

    found = lines(breaker, silent, confirmed=said)

    assert found[0] == replace(
        breaker,
        found=(
            "it opened (confirmed by ada on 2026-11-23: read it; it counts only where nothing that was seen "
            "decides)"
        ),
    )
    assert found[1] == silent
    covered = coverage(CATALOGUE, found, said, NOW)
    assert sum(covered.values(), Coverage()).confirmed == 0


def test_a_declaration_decides_nothing() -> None:
    """What is wrong with it is told, and the rule waits for a person all the same, who is counted."""
    name = "monitoring.slow-requests"
    warned = Finding("application.slow_requests", (), State.WARN, "", "1 s is declared, and hides 4 limits")
    fine = replace(warned, state=State.CANNOT_CHECK, found="cannot be checked: 1 s is declared")
    said = {name: Confirmation("ada", NOW, "", rule(name).digest)}

    found = lines(warned, confirmed=said)

    assert found[0] == warned
    (line,) = [one for one in found if one.rule == name]
    assert (line.state, line.found) == (State.BY_HAND, "confirmed by ada on 2026-11-23")
    assert standing(rule(name), found) is State.BY_HAND
    assert sum(coverage(CATALOGUE, found, said, NOW).values(), Coverage()).confirmed == 1
    (asked,) = [one for one in lines(fine) if one.rule in (name, "application.slow_requests")]
    assert (asked.state, asked.found) == (
        State.BY_HAND, "cannot be seen from outside: 1 s is declared",
    )  # fmt: skip


@pytest.mark.parametrize("digest", ["", "0123456789abcdef"])
@pytest.mark.parametrize("days", [3, 200])
def test_a_confirmation_of_other_words(digest: str, days: int) -> None:
    """It is void however young, and says so."""
    said = {WEAK: Confirmation("ada", NOW - timedelta(days=days), "note", digest)}
    found = lines(confirmed=said)

    (told,) = [one for one in found if one.rule == WEAK]
    day = f"{NOW - timedelta(days=days):%Y-%m-%d}"
    assert (told.state, told.found, told.fix) == (
        State.BY_HAND,
        f"ada confirmed it on {day}, but what it says has changed since: confirm by hand again",
        f"headroom audit --confirm {WEAK} --by NAME",
    )
    covered = coverage(CATALOGUE, found, said, NOW)
    assert sum(covered.values(), Coverage()).confirmed == 0


def test_rows_of_the_invalidation_table() -> None:
    """Each says what to confirm, by its trigger and strategy."""
    (row,) = [one for one in lines() if one.rule == "caching.invalidation.user-preferences"]

    assert (row.state, row.subject, row.found, row.fix) == (
        State.BY_HAND,
        (("data", "User preferences"),),
        (
            "cannot be seen from outside: confirm by hand that “Immediate invalidation” follows “User "
            "updates preferences”"
        ),
        "headroom audit --confirm caching.invalidation.user-preferences --by NAME",
    )


@pytest.mark.parametrize(
    ("days", "found", "counted"),
    [
        (0, "confirmed by ada on 2026-11-23", 1),
        (180, "confirmed by ada on 2026-05-27", 1),
        (181, "confirmed by ada on 2026-05-26 (181 days ago, more than 180: confirm it again)", 0),
    ],
)
def test_age(days: int, found: str, counted: int) -> None:
    """After half a year it is asked for again."""
    said = {WEAK: Confirmation("ada", NOW - timedelta(days=days), digest=rule(WEAK).digest)}
    completed_lines = lines(confirmed=said)

    (told,) = [one for one in completed_lines if one.rule == WEAK]
    assert told.found == found
    assert bool(told.fix) == (not counted)
    covered = coverage(CATALOGUE, completed_lines, said, NOW)
    assert sum(covered.values(), Coverage()).confirmed == counted


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ada", ""),
        ("Ada Lovelace-King ärzte", ""),
        ("", "a word, not nothing"),
        (" \t", "a word, not nothing"),
        ("a" * 61, "at most 60 characters, not 61"),
        ("a\nb", "one line of text without control characters"),
        ("a\x1b[2J", "one line of text without control characters"),
        ("a\u202eb", "one line of text without control characters"),
        ("a\u2028b", "one line of text without control characters"),
        ("a\udcffb", "one line of text without control characters"),
    ],
)
def test_words_that_are_kept(text: str, fault: str) -> None:
    """Nothing that a terminal obeys, or that no database takes."""
    assert fault_of(text, 60, least=1) == fault
