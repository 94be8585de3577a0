"""Unused, duplicate and invalid indexes, and stale statistics: the rules alone, on facts made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.audit.duplicate import duplicate
from headroom.audit.facts import ForeignKey, Index
from headroom.audit.invalid import invalid
from headroom.audit.stale import analyze
from headroom.audit.unused import unused
from headroom.checks import State

from .facts import AT, TABLE, case, index

IDLE = index("idle", "title", pages=1000)


def told(found: list[object]) -> list[tuple[State, str]]:
    """Return states and sentences."""
    return [(one.state, one.found) for one in found]  # type: ignore[attr-defined]


def test_unused() -> None:
    """The size, the window, and what cannot be seen from here; nothing for a script to run."""
    (one,) = unused(case(IDLE, index("read", "booking", scans=9), days=8))

    assert (one.state, one.found, one.migration) == (
        State.WARN,
        (
            "public.idle on tasks (about 7.81 MiB) was not read once in the last 8 d, nor since the "
            "counters began"
        ),
        (),
    )
    assert one.fix == (
        'DROP INDEX CONCURRENTLY public."idle"; -- if no standby reads it and no yearly job needs it: those '
        "cannot be seen here"
    )
    assert one.subject == (
        ("database", "erp"), ("index", "idle"), ("schema", "public"), ("source", "erp-db"),
        ("table", "tasks"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "spared",
    [
        index("idle", "title", unique=True),
        index("idle", "title", constraint="p"),
        index("idle", "title", replica_identity=True),
        index("idle", "title", parent=("public", "whole")),
        index("idle", "title", valid=False),
        index("idle", "title", scans=3),
        index("idle", "title", scans=None),
    ],
)
def test_spared(spared: Index) -> None:
    """What guards something, was read at any time, or is not counted, is not called unused."""
    (one,) = unused(case(spared, days=8))

    assert one.state is State.PASS


def test_the_index_of_a_foreign_key_is_spared() -> None:
    """Nothing reads it until a referenced row is deleted, and then each would scan the table."""
    table = replace(TABLE, foreign_keys=(ForeignKey("fk", ("title", "id")),))

    assert [one.state for one in unused(case(index("idle", "id", "title"), table=table, days=8))] == [
        State.PASS
    ]
    assert [one.state for one in unused(case(index("idle", "id", "booking"), table=table, days=8))] == [
        State.WARN
    ]


def test_too_short_to_tell() -> None:
    """Seven days at least, and no reset in between."""
    assert told([*unused(case(IDLE))]) == [
        (
            State.CANNOT_CHECK,
            "there is no earlier audit to compare with; whether an index is used takes 7 d",
        )
    ]
    assert told([*unused(case(IDLE, days=6.9))])[0][1].startswith("there is an audit 6 d 22 h ago to compare")
    assert told([*unused(case(IDLE, days=8, counting_since=AT - timedelta(days=1)))]) == [
        (State.CANNOT_CHECK, "the counters were reset, or lost in a crash, within the last 8 d")
    ]


def test_a_standby_speaks_for_itself() -> None:
    """It counts its own reads only."""
    (one,) = unused(case(IDLE, days=8, standby=True))

    assert "in the last 8 d (on this standby alone), nor" in one.found


def test_a_new_index_is_not_unused() -> None:
    """It was not there when the window began: another number, even under the same name."""
    before = case(IDLE, days=8).past
    after = replace(case(replace(IDLE, number=77), days=8), past=before)

    assert [one.state for one in unused(after)] == [State.PASS]


@pytest.mark.parametrize(
    ("first", "second", "gone", "how"),
    [
        (index("a", "title"), index("b", "title"), "b", "has the same columns as public.a"),
        (index("a", "title", scans=5), index("b", "title", scans=9), "a", "has the same columns as public.b"),
        (index("a", "title"), index("b", "title", "id"), "a", "is the beginning of public.b"),
        (index("a", "title"), index("b", "title", unique=True), "a", "has the same columns as public.b"),
        (index("a", "id"), index("b", "id", constraint="p", unique=True), "a", ("has the same columns "
                                                                               "as public.b")),
        (index("a", "id", predicate="(done = false)"), index("b", "id", "title", predicate="(NOT done)"), "a",
         "is the beginning of public.b"),
        (index("a", "id", method="hash"), index("b", "id", method="hash"), "b",
         "has the same columns as public.a"),
    ],
)  # fmt: skip
def test_duplicates(first: Index, second: Index, gone: str, how: str) -> None:
    """The one that guards nothing, is shorter, or is read less goes."""
    (one,) = duplicate(case(first, second))

    assert (one.state, one.found) == (
        State.WARN, f"public.{gone} on tasks (of unknown size) {how}, which serves all that it serves",
    )  # fmt: skip
    assert one.migration == (f'DROP INDEX CONCURRENTLY public."{gone}";',)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (index("a", "title"), index("b", "id", "title")),
        (index("a", "title", predicate="(id > 1)"), index("b", "title")),
        (index("a", "title", predicate=None), index("b", "title", predicate=None)),
        (index("a", "title"), index("b", "title", method="hash")),
        (index("a", "title", method="gin"), index("b", "title", "id", method="gin")),
        (index("a", "title", unique=True), index("b", "title", unique=True)),
        (index("a", "title", includes=("id",)), index("b", "title", includes=("booking",))),
        (index("a", "title"), index("b", "title", valid=False)),
        (index("a", "title", parent=("public", "p")), index("b", "title", parent=("public", "q"))),
    ],
)
def test_no_duplicates(first: Index, second: Index) -> None:
    """Other rows, other order, other method, uniqueness, and what is not known."""
    (one,) = duplicate(case(first, second))

    assert one.state is State.PASS


def test_three_of_a_kind() -> None:
    """One of them stays."""
    found = [*duplicate(case(*(index(name, "title") for name in "abc")))]

    assert [dict(one.subject)["index"] for one in found] == ["b", "c"]


def test_invalid() -> None:
    """Built anew, or dropped where it is a leftover; left alone while it is built."""
    (one,) = invalid(case(index("bad", "title", valid=False)))
    assert (one.state, one.found, one.migration) == (
        State.FAIL,
        (
            "public.bad on tasks is not valid: building it failed; REINDEX builds it anew, DROP INDEX "
            "CONCURRENTLY "
            "gives it up"
        ),
        ('REINDEX INDEX CONCURRENTLY public."bad";',),
    )
    (one,) = invalid(case(index("good_ccnew1", "title", valid=False)))
    assert one.migration == ('DROP INDEX CONCURRENTLY public."good_ccnew1";',)
    (one,) = invalid(case(index("half", "title", valid=False, ready=False, live=False)))
    assert one.found == "public.half on tasks is half dropped: DROP INDEX CONCURRENTLY was broken off"
    (one,) = invalid(case(index("new", "title", valid=False, building=True)))
    assert (one.state, one.found) == (
        State.PASS, "of 1 indexes 1 are being built, the others are valid",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "state", "found"),
    [
        ({"analyzed": AT - timedelta(hours=5), "changed": 9_999}, State.PASS,
         "public.audit_logs was analysed 5 h ago; 9,999 rows changed since, 20% of them"),
        ({"analyzed": AT - timedelta(hours=5), "changed": 10_001}, State.WARN,
         "public.audit_logs was analysed 5 h ago; 10,001 rows changed since, 20% of them"),
        ({"analyzed": AT - timedelta(hours=5), "changed": 999, "rows": 100}, State.PASS,
         "public.audit_logs was analysed 5 h ago; 999 rows changed since, 999% of them"),
        ({"rows": None, "changed": 60, "live": 60}, State.FAIL,
         "public.audit_logs was never analysed, and has about 60 rows"),
        ({"rows": None, "live": 49}, State.PASS,
         "public.audit_logs was not analysed; it has 49 rows, as far as is known"),
        ({"changed": 20_000}, State.WARN,
         ("public.audit_logs was not analysed since counting began (2026-06-02 12:00 UTC); 20,000 rows "
          "changed "
         "since")),
        ({"changed": 5}, State.CANNOT_CHECK,
         ("public.audit_logs was not analysed since counting began (2026-06-02 12:00 UTC), and the "
          "server forgot "
         "what was before; 5 rows changed since")),
    ],
)  # fmt: skip
def test_analyze(changes: dict[str, object], state: State, found: str) -> None:
    """Never, long ago by what was changed since, or unknown after a crash."""
    table = replace(TABLE, name="audit_logs", **changes)  # type: ignore[arg-type]

    one, rest = analyze(case(table=table))

    assert (one.state, one.found) == (state, found)
    assert one.migration == (("ANALYZE public.audit_logs;",) if state in {State.WARN, State.FAIL} else ())
    assert rest.state is State.PASS


def test_analyze_on_a_standby() -> None:
    """Its counters know nothing of what was written."""
    assert told([*analyze(case(standby=True))]) == [
        (State.CANNOT_CHECK, "a standby does not count what is changed: audit the primary")
    ]


def test_analyze_of_other_tables() -> None:
    """They are named only where they are stale, the most changed first."""
    many = tuple(
        replace(TABLE, name=f"t{number}", number=number, changed=20_000 + number) for number in range(25)
    )
    found = [*analyze(case(tables=many))]

    assert [dict(one.subject).get("table") for one in found[:2]] == ["t24", "t23"]
    assert (len(found), found[-1].found) == (21, "5 more tables have stale statistics")
