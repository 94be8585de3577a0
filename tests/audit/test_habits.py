"""SELECT *, rows one by one, no WHERE, IN lists of many lengths: each found, and each left in peace."""

from __future__ import annotations

from datetime import timedelta

import pytest

from headroom.audit.facts import Table
from headroom.audit.habits import in_lists, no_where, row_by_row_writes, select_star
from headroom.audit.workload_facts import Counts, Seen, Shape
from headroom.checks import State

from .servers import NOW, SOURCE, case, one, seen, server, told, workload

_TASKS = Table("public", "tasks", ("id", "title"), live=50_000, pages=400)
_SMALL = Table("public", "kinds", ("id", "name"), live=9_999, pages=80)
_STAR, _WRITES = "postgres.select_star", "postgres.row_by_row_writes"
_WHERE, _LISTS = "postgres.no_where", "postgres.in_lists"


def test_select_star() -> None:
    """All columns are counted and named where the table is known."""
    known = seen("a", Shape("select", ("tasks",), star=True, where=True), Counts(10, rows=25))
    unknown = seen("b", Shape("select", ("x\x1b[31m", "tasks"), star=True), Counts(10, rows=10))
    plain = seen("c", Shape("select", ("tasks",)), Counts(10))
    found = list(select_star(case(workload=workload(known, unknown, plain), tables=(_TASKS,))))

    assert [told(one) for one in found] == [
        (State.WARN, "asks for all 2 columns of tasks; 10 calls, 2.5 rows each"),
        (State.WARN, "asks for all columns of x\\u001b[31m, tasks; 10 calls, 1 row each"),
    ]
    assert found[0].fix == "name the columns that are used; these are all: id, title"
    assert found[1].fix == "name the columns that are used"
    assert found[0].subject == (("database", "erp"), ("role", "erp"), *SOURCE, ("statement", "a"))
    assert told(one(select_star, case(workload=workload(plain)), _STAR)) == (
        State.PASS,
        "none of the 1 statements looked at asks for all columns",
    )


def _written(shape: Shape, calls: int = 600, rows: int = 600) -> Seen:
    half = Counts(calls // 2, rows=rows // 2)
    return seen("w", shape, Counts(calls, rows=rows), (half, half))


@pytest.mark.parametrize(
    ("shape", "fix"),
    [
        (
            Shape("insert", ("tasks",), inserted=1),
            "INSERT INTO tasks … VALUES (…), (…), … with up to 100 rows, or COPY",
        ),
        (
            Shape("update", ("tasks",), where=True, equal=("id",)),
            (
                "UPDATE tasks AS t SET … FROM unnest($1, $2) AS n (id, value) WHERE t.id = n.id -- with "
                "arrays of up to 100"
            ),
        ),
        (
            Shape("delete", ("tasks",), where=True, equal=("id",)),
            "DELETE FROM tasks WHERE id = ANY ($1) -- an array of up to 100",
        ),
    ],
)
def test_row_by_row(shape: Shape, fix: str) -> None:
    """Single rows, sixty times a second, are told; whether they belong together is not claimed."""
    found = one(row_by_row_writes, case(workload=workload(_written(shape)), tables=(_TASKS,)), _WRITES)

    assert told(found) == (
        State.WARN,
        (
            "60 calls a second now, 1 row each, on tasks; whether they could be written together is for the "
            "application to say"
        ),
    )
    assert found.fix == fix


@pytest.mark.parametrize(
    "write",
    [
        _written(Shape("insert", ("tasks",), inserted=1), calls=480),
        _written(Shape("insert", ("tasks",), inserted=100), rows=60_000),
        _written(Shape("insert", ("tasks",), inserted=0)),
        _written(Shape("update", ("tasks",), where=True, equal=("title",))),
        _written(Shape("update", ("tasks",), where=True, equal=("id",)), rows=1200),
        _written(Shape("update", ("tasks",), where=True)),
        _written(Shape("select", ("tasks",), where=True, equal=("id",))),
    ],
)
def test_writes_in_order(write: Seen) -> None:
    """Seldom, in batches, or not by a key: no finding."""
    assert told(one(row_by_row_writes, case(workload=workload(write), tables=(_TASKS,)), _WRITES)) == (
        State.PASS,
        "none of the 1 statements looked at writes single rows 50 times a second",
    )


def test_row_by_row_of_old() -> None:
    """Without windows the average since the counters began is told as such."""
    write = seen("w", Shape("insert", ("tasks",), inserted=1), Counts(360_000, rows=360_000))
    work = workload(write, windows=(), since=NOW - timedelta(hours=1))

    assert one(row_by_row_writes, case(workload=work), _WRITES).found.startswith(
        "100 calls a second on average of 1 h, 1 row each"
    )
    assert one(row_by_row_writes, case(workload=workload(write, windows=())), _WRITES).state is State.PASS


@pytest.mark.parametrize(
    ("shape", "blocks", "state"),
    [
        (Shape("select", ("tasks",)), 400, State.WARN),
        (Shape("select", ("tasks",)), 300, State.WARN),
        (Shape("update", ("tasks",), unbound=("tasks",)), 900, State.FAIL),
        (Shape("delete", ("tasks",), unbound=("tasks",)), 400, State.FAIL),
        # In a WITH, whatever is asked of what it returns.
        (Shape("select", ("tasks",), where=True, limit=True, unbound=("tasks",)), 900, State.FAIL),
        (Shape("update", ("kinds", "tasks"), where=True, unbound=("tasks",)), 900, State.FAIL),
        # EXPLAIN runs nothing.
        (Shape("utility", ("tasks",), unbound=("tasks",)), 900, State.PASS),
        (Shape("update", ("tasks",), where=True), 900, State.PASS),
        # `SELECT max(id)` reads the end of an index.
        (Shape("select", ("tasks",)), 3, State.PASS),
        (Shape("select", ("tasks",), limit=True), 400, State.PASS),
        (Shape("select", ("tasks",), where=True), 400, State.PASS),
        (Shape("select", ("kinds",)), 400, State.PASS),
        (Shape("select", ("unknown",)), 400, State.PASS),
        (Shape("insert", ("tasks",)), 400, State.PASS),
    ],
)
def test_no_where(shape: Shape, blocks: int, state: State) -> None:
    """Only what goes over a large table, by the blocks that it touched."""
    work = workload(seen("s", shape, Counts(10, rows=500_000, blocks=10 * blocks)))
    found = one(no_where, case(workload=work, tables=(_TASKS, _SMALL)), _WHERE)

    assert found.state is state
    if state is not State.PASS:
        assert found.found == (
            f"has no WHERE and goes over tasks, about 50,000 rows; 10 calls, 50,000 rows and {blocks} blocks "
            "each"
        )


@pytest.mark.parametrize(
    ("shape", "rows", "said"),
    [
        (
            Shape("delete", ("kinds",), unbound=("kinds",)), 30_000,
            "has no WHERE and goes over kinds; 3 calls, 10,000 rows and 100 blocks each",
        ),
        (
            Shape("update", ("s.unknown",), where=True, unbound=("s.unknown",)), 60_000,
            "has no WHERE and goes over s.unknown; 3 calls, 20,000 rows and 100 blocks each",
        ),
        (Shape("delete", ("kinds",), unbound=("kinds",)), 29_999, ""),
        # The rows are those of the outermost statement.
        (Shape("insert", ("archive", "kinds"), unbound=("kinds",)), 90_000, ""),
        (Shape("update", ("archive", "kinds"), unbound=("kinds",)), 90_000, ""),
        (Shape("select", ("kinds",)), 90_000, ""),
    ],
)  # fmt: skip
def test_emptied_table(shape: Shape, rows: int, said: str) -> None:
    """A table that was emptied is small by now; the rows that were written tell how large it was."""
    work = workload(seen("s", shape, Counts(3, rows=rows, blocks=300)))
    found = one(no_where, case(workload=work, tables=(_SMALL,)), _WHERE)

    assert (found.state, found.found if said else "") == (State.FAIL if said else State.PASS, said)
    if said:
        assert found.fix == "add the WHERE that the screen or job means"


def test_table_of_unknown_size() -> None:
    """Before the first ANALYZE a table has no pages; the end of its index is no whole table even then."""
    fresh = Table("public", "tasks", live=50_000)
    work = workload(seen("max", Shape("select", ("tasks",)), Counts(10, rows=10, blocks=30)))

    assert one(no_where, case(workload=work, tables=(fresh,)), _WHERE).state is State.PASS


def test_in_lists() -> None:
    """Lengths of one list are counted against what is kept; PostgreSQL 18 has no such trouble."""
    shape = Shape("select", ("tasks",), where=True, listed=("booking_id",))
    few, many, flood = (seen(str(ids), shape, Counts(ids), ids=ids) for ids in (4, 20, 900))
    found = list(in_lists(case(server(), workload(few, many, flood))))

    assert [told(one) for one in found] == [
        (
            State.FAIL,
            "900 lengths of one list are as many entries of pg_stat_statements, of 5,000 that it keeps (18%)",
        ),
        (
            State.WARN,
            "20 lengths of one list are as many entries of pg_stat_statements, of 5,000 that it keeps (0.4%)",
        ),
    ]
    assert found[0].fix == (
        "… WHERE booking_id = ANY ($1) -- with an array: one entry, and one plan, for all lengths"
    )
    assert told(one(in_lists, case(server(180004), workload(flood)), _LISTS)) == (
        State.NOT_APPLICABLE,
        "PostgreSQL 18 and later take lists of constants of any length for one statement",
    )


def test_nothing_read() -> None:
    """No statement is no proof of good habits."""
    for rule in (select_star, row_by_row_writes, no_where, in_lists):
        assert {told(one) for one in rule(case())} == {(State.CANNOT_CHECK, "the statements were not read")}


def test_many_findings() -> None:
    """Ten are named, the others counted."""
    some = [seen(f"s{at}", Shape("select", ("tasks",), star=True), Counts(1)) for at in range(13)]
    found = list(select_star(case(workload=workload(*some))))

    assert len(found) == 11
    assert told(found[-1]) == (State.WARN, "3 more statements like these")
