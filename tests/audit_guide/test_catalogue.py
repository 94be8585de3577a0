"""Every rule of the guide is in the catalogue once, and every rule of the audit has its place there."""
# ruff: noqa: RUF001  places are cited with this sign

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest

import headroom
import monitor
from headroom.audit.finding import Finding
from headroom.audit.guide.caching import ROWS, of_row, slug
from headroom.audit.guide.catalogue import CATALOGUE, OURS, catalogue, place_of
from headroom.audit.guide.rule import Asked
from headroom.checks import State
from headroom.policies import NOTHING, Invalidation, Policies

GUIDE = (
    ("Database Optimization", "Index Strategy", 9),
    ("Database Optimization", "Query Optimization Patterns", 6),
    ("Database Optimization", "Connection Pooling", 3),
    ("Caching Strategy", "Cache Layers", 3),
    ("Caching Strategy", "Cache Implementation", 4),
    ("Caching Strategy", "Cache-Aside Pattern", 3),
    ("Caching Strategy", "Cache Invalidation Strategy", 5),
    ("Query Optimization", "Query Builder Best Practices", 3),
    ("Query Optimization", "Batch Operations", 2),
    ("Query Optimization", "Pagination with Large Datasets", 3),
    ("Memory Management", "Stream-Based Processing", 2),
    ("Memory Management", "Memory Leak Prevention", 3),
    ("Concurrency and Async Patterns", "Parallel Processing", 2),
    ("Concurrency and Async Patterns", "Promise Pool", 2),
    ("Concurrency and Async Patterns", "Circuit Breaker Pattern", 3),
    ("API Performance", "Response Compression", 2),
    ("API Performance", "Response Optimization", 2),
    ("API Performance", "Rate Limiting Impact", 4),
    ("Infrastructure Tuning", "Redis Configuration", 7),
    ("Infrastructure Tuning", "PostgreSQL Configuration", 11),
    ("Infrastructure Tuning", "Docker Resource Limits", 5),
    ("Monitoring and Profiling", "Performance Metrics", 6),
    ("Monitoring and Profiling", "Slow Query Logging", 3),
    ("Monitoring and Profiling", "Health Check Endpoints", 2),
    ("Performance Budgets", "API Response Time Targets", 6),
    ("Performance Budgets", "Database Query Targets", 5),
    ("Performance Budgets", "Resource Utilization Targets", 5),
)
"""The guide's headings in its order, and how many rules stand below each."""

_ROOTS = r"(?:postgres|redis|prometheus|caching|docker|application|memory|metrics|process|api|health)\."
_RULE, _BEGUN = re.compile(rf"{_ROOTS}[a-z0-9_.-]+"), re.compile(rf"{_ROOTS}[a-z0-9_.-]*")
_FOLDERS = (
    Path(headroom.__file__).parent / "audit",
    Path(monitor.__file__).parent / "audit",
)


def named() -> tuple[set[str], set[str]]:
    """Return the rules that the audit's code names, and the beginnings of those that it puts together."""
    whole, begun = set[str](), set[str]()
    for folder in _FOLDERS:
        for file in folder.rglob("*.py"):
            if file.parent.name == "guide":
                continue
            tree = ast.parse(file.read_text())
            inside = {
                id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                    first = str(node.values[0].value)
                    if _BEGUN.fullmatch(first) and len(node.values) == 2:
                        begun.add(first)
                elif isinstance(node, ast.Constant) and id(node) not in inside:
                    whole |= {word for word in (str(node.value),) if _RULE.fullmatch(word)}
    return whole, begun


def test_the_guides_headings() -> None:
    """Each section has its rules, in the guide's order; one that is added or lost shows here."""
    counted = tuple(
        (place.chapter, place.section, len(list(rules)))
        for place, rules in groupby(CATALOGUE, key=lambda one: one.place)
    )

    assert counted == GUIDE
    assert len(CATALOGUE) == 111


def test_ids_are_unique_and_fit_for_a_command_line() -> None:
    """They are typed after --confirm, and are stored."""
    assert [name for name, count in Counter(one.id for one in CATALOGUE).items() if count > 1] == []
    assert [one.id for one in CATALOGUE if not re.fullmatch(r"[a-z]+(\.[a-z0-9_-]+)+", one.id)] == []


def test_every_rule_can_be_answered() -> None:
    """By a finding, by a person, or by a reason why it need not be; who is asked fits to that."""
    for one in CATALOGUE:
        assert bool(one.findings) + bool(one.by_hand) + bool(one.why) >= 1, one.id
        assert not (one.why and (one.by_hand or one.findings)), one.id
        assert (one.asked is Asked.NOBODY) == (not one.findings), one.id


def test_every_rule_of_the_audit_has_its_place() -> None:
    """A new rule without a place in the guide fails here, unless it is listed as ours."""
    whole, begun = named()
    answering = {finding for one in CATALOGUE for finding in one.findings}
    known = answering | OURS.keys() | {one.id for one in CATALOGUE}

    groups = {rule for rule in whole if rule.rpartition(".")[0] in OURS}
    assert whole - groups - known == set()
    assert [start for start in begun if not any(one.startswith(start) for one in known)] == []


def test_every_finding_that_the_catalogue_waits_for_is_made() -> None:
    """A rule that is renamed leaves the guide's line unanswered for ever."""
    whole, begun = named()
    waited = {finding for one in CATALOGUE for finding in one.findings if not finding.startswith("budgets.")}

    missing = {one for one in waited - whole if not any(one.startswith(start) for start in begun)}
    assert missing == set()
    assert {one for one in OURS if "." in one} - whole == {
        "postgres.source", "redis.source", "prometheus.source", "postgres.statistics",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "subject", "guide", "place"),
    [
        ("caching.keys", (), "Cache-Aside Pattern: x", "Caching Strategy › Cache-Aside Pattern"),
        ("caching.keys", (), "Caching Strategy, Cache Layers: x", "Caching Strategy › Cache Layers"),
        ("caching.keys", (), "our own", "Caching Strategy › Cache Layers"),
        ("postgres.statistics.track", (), "", "Performance Budgets › Database Query Targets"),
        ("postgres.source", (), "", "None"),
        ("memory.weak-map", (), "", "Memory Management › Memory Leak Prevention"),
    ],
)  # fmt: skip
def test_place(rule: str, subject: tuple[()], guide: str, place: str) -> None:
    """Where one rule of the audit answers several of the guide, what it cites tells them apart."""
    assert str(place_of(Finding(rule, subject, State.PASS, guide, "x"), CATALOGUE)) == place


def test_what_a_rule_says_has_a_digest() -> None:
    """Each part of a row counts, also where two rows read alike; so do the words of every other rule."""
    (leaks,) = [one for one in CATALOGUE if one.id == "memory.leak"]
    rows = [
        Invalidation("Prices", "Import", "By key"),
        Invalidation("prices", "Import", "By key"),
        Invalidation("Prices", "Nightly import", "By key"),
        Invalidation("Prices", "Import", "Within a week"),
        Invalidation("Prices", "Import → x", "y"),
        Invalidation("Prices", "Import", "x → y"),
    ]

    assert len({of_row(row).digest for row in rows}) == len(rows)
    assert of_row(rows[4]).says == of_row(rows[5]).says
    assert len({one.digest for one in CATALOGUE}) == len(CATALOGUE)
    assert replace(leaks, says="other words").digest != leaks.digest
    assert leaks.digest == "e9af1279bdb731c4"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("User preferences", "user-preferences"),
        (" user--PREFERENCES! ", "user-preferences"),
        ("Prices (EU)", "prices-eu"),
        ("!!!", ""),
    ],
)
def test_the_name_of_a_row(data: str, name: str) -> None:
    """What case, blanks and punctuation tell apart has one name, which the configuration refuses."""
    assert slug(data) == name


def test_declared_rows_stand_for_the_guides() -> None:
    """The same data with another trigger takes the row's place; a new row stands behind the table."""
    own = Policies(
        invalidation=(
            Invalidation("Tenant config", "Nightly job", "Expiry"),
            Invalidation("Prices (EU)", "Import", "By key"),
        )
    )

    found = [one for one in catalogue(own) if one.place.section == "Cache Invalidation Strategy"]

    assert [(one.id, one.says) for one in found[-2:]] == [
        ("caching.invalidation.tenant-config", "Tenant config: Nightly job → Expiry"),
        ("caching.invalidation.prices-eu", "Prices (EU): Import → By key"),
    ]
    assert len(found) == len(ROWS) + 1
    assert catalogue(NOTHING) == CATALOGUE
    assert of_row(ROWS[0]).about == (("data", "User preferences"),)
