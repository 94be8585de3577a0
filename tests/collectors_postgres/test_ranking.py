"""The worst statements one by one and the exact rest: together they are what their class did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.postgres.difference import difference
from collectors.postgres.ranking import MOST
from collectors.postgres.snapshot import Label, Labels, PostgresSnapshot, Statements
from headroom.budgets import Measure
from headroom.evidence import Moments
from headroom.observation import Part, Quality, Reading
from headroom.statements import MEASURE

from .asking import NAME, part, source, statements
from .simulation import LABELS, Life, View, record

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
MEASURES: dict[Measure, tuple[float, ...]] = {
    statements("lookup"): (0.01, 0.05),
    statements("list"): (0.05,),
}
GROUPS = ("lookup", "list", "")
Statement = tuple[int, int, str, str]  # role, database, class, fingerprint


def snapshot(seconds: float, records: Sequence[bytes], labels: Labels = LABELS) -> PostgresSnapshot:
    """Return a poll of a server with two databases, one of which was dropped long ago."""
    names = MappingProxyType({5: "erp"})
    read = Statements(frozenset(records), labels, reset=START, evictions=(0, 0), databases=names)
    return PostgresSnapshot(START + timedelta(seconds=seconds), START, read)


def singles(reading: Reading) -> dict[tuple[str, str, str], Part]:
    """Return the part of each class, database and statement."""
    found = {}
    for one in reading.observations:
        if one.series.measure == MEASURE:
            assert one.series.source == NAME
            words = dict(one.series.subject)
            assert tuple(words) == ("class", "database", "statement")
            assert tuple(sorted(words)) == tuple(words)
            (found[words["class"], words["database"], words["statement"]],) = one.parts
    return found


def told(before: PostgresSnapshot, after: PostgresSnapshot) -> Reading:
    """Return the reading of two polls."""
    return difference(source(None), MEASURES, before, after)


def fast(query: int, calls: int, each: float) -> bytes:
    """Return an entry whose calls took equally long, in milliseconds."""
    return record(query, calls, calls * each, each, each, 0.0)


def test_debt_comes_first_then_what_may_be_debt_then_time() -> None:
    """One slow call ranks before many quick ones that took longer together; the rest is exact."""
    known = {f"10 5 {query}": Label("lookup", f"f{query}") for query in range(100)}
    labels = Labels("rules", MappingProxyType(known))
    # f0 is over the limit for certain, f1 may be (its largest time is of old), the others took more time.
    life = Life(1)
    life.execute(40_000_000)
    before = [life.record(1, births=False)]
    life.execute(500_000)
    life.execute(11_500_000)
    after = [fast(0, 1, 12.0), life.record(1, births=False)]
    after += [fast(query, 1_000 + query, 9.0) for query in range(2, 100)]
    reading = told(snapshot(0, before, labels), snapshot(15, after, labels))
    found = singles(reading)

    best = {f"f{query}" for query in (0, 1, *range(100 - MOST + 2, 100))}
    assert {statement for _, _, statement in found} == best | {"rest"}
    assert {(group, database) for group, database, statement in found if statement != "rest"} == {
        ("lookup", "erp")
    }
    rest = found["lookup", "*", "rest"].evidence
    assert isinstance(rest, Moments)
    assert rest.n == sum(range(1_002, 1_072))
    assert [(one.k_low, one.k_high) for one in found["lookup", "erp", "f0"].bounds] == [(1, 1), (0, 0)]


def test_roles_and_query_ids_of_one_shape_are_one_statement() -> None:
    """One fingerprint in one database is one series; in a database without a name it has its number."""
    labels = Labels(
        "rules",
        MappingProxyType(
            {
                f"{role} {where} {query}": Label("list", "same")
                for role in (10, 11)
                for where in (5, 6)
                for query in (1, 2)
            }
        ),
    )
    after = [
        record(query, 2, 4.0, 2.0, 2.0, 0.0, owner=(role, where))
        for role in (10, 11)
        for where in (5, 6)
        for query in (1, 2)
    ]
    found = singles(told(snapshot(0, [], labels), snapshot(15, after, labels)))

    assert set(found) == {("list", "erp", "same"), ("list", "6", "same")}
    for one in found.values():
        assert isinstance(one.evidence, Moments)
        assert (one.evidence.n, one.evidence.cap) == (8, 0.002)
        assert one.evidence.total == pytest.approx(0.016)
    assert {one.quality for one in found.values()} == {Quality.FIRST_SEEN}


def test_what_has_no_label_yet_is_in_the_rest_of_no_class() -> None:
    """Nobody knows yet what it is; it is not lost, and names no statement."""
    found = singles(told(snapshot(0, [fast(1, 1, 1.0)]), snapshot(15, [fast(1, 2, 1.0), fast(99, 3, 700.0)])))

    assert set(found) == {("lookup", "erp", "f1"), ("none", "*", "rest")}
    none = found["none", "*", "rest"]
    assert isinstance(none.evidence, Moments)
    assert (none.evidence.n, none.bounds) == (3, ())


def test_idle_classes_have_no_series() -> None:
    """What did nothing is not written."""
    reading = told(snapshot(0, [fast(1, 1, 1.0)]), snapshot(15, [fast(1, 1, 1.0), fast(2, 0, 0.0)]))

    assert set(singles(reading)) == {("lookup", "erp", "f2")}


def test_quality_is_each_statements_own() -> None:
    """A statement that began again casts no doubt on its neighbours."""
    before = snapshot(0, [fast(1, 5, 1.0), fast(2, 5, 1.0), fast(99, 1, 1.0)])
    after = snapshot(15, [fast(1, 6, 1.0), fast(2, 2, 1.0), fast(99, 2, 1.0)])
    found = singles(told(before, after))

    assert found["lookup", "erp", "f1"].quality is Quality.EXACT
    assert found["lookup", "erp", "f2"].quality is Quality.RESET
    assert found["none", "*", "rest"].quality is Quality.EXACT


@st.composite
def workloads(draw: st.DrawFn) -> dict[Statement, tuple[int, list[int], list[int]]]:
    """Statements of several classes, roles and databases, with their durations before and in the interval."""
    keys = st.tuples(
        st.sampled_from([10, 11]),
        st.sampled_from([5, 6]),
        st.sampled_from(GROUPS),
        st.sampled_from(["", *(f"f{number}" for number in range(25))]),
    )
    nanoseconds = st.lists(st.integers(1_000, 300_000_000), max_size=3)
    drawn = draw(st.dictionaries(keys, st.tuples(nanoseconds, nanoseconds), min_size=1, max_size=90))
    return {key: (number, *durations) for number, (key, durations) in enumerate(drawn.items(), start=1)}


@settings(max_examples=150, deadline=None)
@given(work=workloads())
def test_statements_add_up_to_their_class(work: dict[Statement, tuple[int, list[int], list[int]]]) -> None:
    """The series of a class, merged in any order, are its moments, and their bounds its bounds."""
    known, old, new = {}, [], []
    for (role, database, group, fingerprint), (query, first, then) in work.items():
        if fingerprint:
            known[f"{role} {database} {query}"] = Label(group, fingerprint)
        life = Life(1)
        for took in first:
            life.execute(took)
        if first:
            old.append(_owned(life, query, role, database))
        for took in then:
            life.execute(took)
        if first or then:
            new.append(_owned(life, query, role, database))
    # Two readings that are the same would say that nothing is recorded.
    old, new = [*old, fast(10_000, 1, 1.0)], [*new, fast(10_000, 2, 1.0)]
    labels = Labels("rules", MappingProxyType(known | {"10 5 10000": Label("(headroom)", "own")}))
    reading = told(snapshot(0, old, labels), snapshot(15, new, labels))
    found = singles(reading)

    assert sum(statement != "rest" for _, _, statement in found) <= MOST
    for group in ("lookup", "list"):
        whole, parts = (
            part(reading, statements(group)),
            [one for key, one in found.items() if key[0] == group],
        )
        merged = reduce(add, (one.evidence for one in reversed(parts)), Moments(0, 0.0, 0.0))
        truth = whole.evidence
        assert isinstance(truth, Moments)
        assert (merged.n, merged.cap) == (truth.n, truth.cap)
        assert merged.total == pytest.approx(truth.total, rel=1e-12)
        assert merged.squares == pytest.approx(truth.squares, rel=1e-9, abs=1e-18)
        for number, bounds in enumerate(whole.bounds):
            assert sum(one.bounds[number].k_low for one in parts) == bounds.k_low
            assert sum(one.bounds[number].k_high for one in parts) == bounds.k_high
    executed = [took for _, _, then in work.values() for took in then]
    assert sum(one.evidence.n for one in found.values() if isinstance(one.evidence, Moments)) == len(executed)


def _owned(life: Life, query: int, role: int, database: int) -> bytes:
    return record(0, 0, 0, 0, 0, 0, owner=(role, database))[:8] + life.record(query, births=False)[8:]


def test_server_that_is_another_gives_no_single_statement() -> None:
    """Where the readings must not be compared there is nothing to rank."""
    view = View()
    view.execute(1, 5_000_000)
    before, _ = view.poll()
    after = replace(before, started=START - timedelta(days=1), at=before.at + timedelta(seconds=15))

    assert singles(told(replace(before, started=START), after)) == {}
