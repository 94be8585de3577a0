"""OFFSET pagination: the pattern alone, growing cost, varied cost, and the count beside each page."""

from __future__ import annotations

import pytest

from headroom.audit.facts import Table
from headroom.audit.pagination import offset_pagination
from headroom.audit.workload_facts import Counts, Shape
from headroom.checks import State

from .servers import case, one, seen, told, workload

_RULE = "postgres.offset_pagination"
_PAGE = Shape(
    "select", ("transactions",), where=True, limit=True, offset=True,
    equal=("tenant_id",), order=(("created_at", True), ("id", True)),
)  # fmt: skip
_COUNT = Shape("select", ("transactions",), where=True, counts=True)


def _counts(calls: int, blocks: int, variation: float = 0.0) -> Counts:
    """Return calls of 10 ms with 20 rows each."""
    return Counts(calls, calls * 0.01, calls * (variation * 0.01) ** 2, calls * 20, blocks)


@pytest.mark.parametrize(
    ("total", "windows", "state", "evidence"),
    [
        (
            _counts(100, 8000), (), State.WARN,
            "pattern only: how deep its pages lie cannot be seen (4 blocks for each row returned)",
        ),
        (
            _counts(100, 8000, 3.0), (), State.WARN,
            "pattern only: how deep its pages lie cannot be seen (4 blocks for each row returned)",
        ),
        (
            _counts(100, 80_000, 0.8), (), State.FAIL,
            ("40 blocks for each row returned, and its times vary by 0.8 of their mean, as those of shallow "
             "and deep pages do"),
        ),
        (
            _counts(100, 80_000), (), State.FAIL,
            "40 blocks for each row returned: most of what it reads is skipped, or sorted anew for each page",
        ),
        (
            _counts(100, 8000), (_counts(10, 800), _counts(10, 6000)), State.FAIL,
            "blocks per row grew from window to window (4, 30), as they do when readers go deeper",
        ),
        # Too shallow to matter, though almost five times as deep as before.
        (
            _counts(100, 8000), (_counts(10, 800), _counts(10, 3800)), State.WARN,
            "pattern only: how deep its pages lie cannot be seen (11.5 blocks for each row returned)",
        ),
        # Twice as deep, which a few readers of varied pages are by chance.
        (
            _counts(100, 8000), (_counts(10, 2000), _counts(10, 4200)), State.WARN,
            "pattern only: how deep its pages lie cannot be seen (15.5 blocks for each row returned)",
        ),
        (
            _counts(100, 8000), (_counts(100, 20_000), _counts(100, 42_000)), State.FAIL,
            "blocks per row grew from window to window (10, 21), as they do when readers go deeper",
        ),
        (
            _counts(100, 8000), (_counts(100, 20_000), _counts(100, 42_000, 2.5)), State.WARN,
            "pattern only: how deep its pages lie cannot be seen (15.5 blocks for each row returned)",
        ),
        # Certainly more, and less than twice as much.
        (
            _counts(100, 8000), (_counts(900, 207_000), _counts(900, 378_000)), State.WARN,
            "pattern only: how deep its pages lie cannot be seen (16.2 blocks for each row returned)",
        ),
        (
            _counts(100, 8000), (_counts(10, 800), _counts(10, 900)), State.WARN,
            "pattern only: how deep its pages lie cannot be seen (4.25 blocks for each row returned)",
        ),
        (
            _counts(100, 8000), (_counts(4, 320), _counts(4, 3200)), State.FAIL,
            "22 blocks for each row returned: most of what it reads is skipped, or sorted anew for each page",
        ),
    ],
)  # fmt: skip
def test_evidence(total: Counts, windows: tuple[Counts, ...], state: State, evidence: str) -> None:
    """The suspicion is as strong as what the server counted, and never stronger."""
    found = one(offset_pagination, case(workload=workload(seen("page", _PAGE, total, windows))), _RULE)

    assert told(found) == (state, f"100 calls page by OFFSET; {evidence}")


def test_count_beside_each_page() -> None:
    """As many counts on the same table by the same role are what findAndCount asks; that is no fault."""
    page, count = seen("page", _PAGE, _counts(100, 8000)), seen("count", _COUNT, Counts(95, blocks=95_000))
    others = (
        seen("rare", _COUNT, Counts(50, blocks=1)),
        seen("other", _COUNT, Counts(100, blocks=1), role="reports"),
        seen("elsewhere", Shape("select", ("bookings",), counts=True), Counts(100, blocks=1)),
    )

    assert told(one(offset_pagination, case(workload=workload(page, *others, count)), _RULE)) == (
        State.WARN,
        (
            "100 calls page by OFFSET; pattern only: how deep its pages lie cannot be seen (4 blocks for "
            "each row returned); and with each page all rows are counted: 95 calls of a count on the same "
            "table (count), 1,000 blocks each"
        ),
    )


_USERS = Table("public", "users", rows=40.0)


@pytest.mark.parametrize(
    ("names", "tables", "said"),
    [
        (
            ("users",), (_USERS,),
            "100 calls page by OFFSET; its table has about 40 rows: the guide has small data sets paged so",
        ),
        (
            ("users", "kinds"), (_USERS, Table("public", "kinds", rows=0.0, live=9_999)),
            ("100 calls page by OFFSET; the largest of its tables has about 9,999 rows: the guide has small "
             "data sets paged so"),
        ),
        (("users",), (Table("public", "users", rows=40.0, live=10_000),), ""),
        (("users",), (Table("public", "users"),), ""),
        (("users", "of_another_schema"), (_USERS,), ""),
        ((), (_USERS,), ""),
        # A partitioned table holds no rows itself.
        (
            ("users",),
            (
                Table("public", "users", rows=40.0, partitioned=True),
                Table("public", "users_1", rows=6_000.0, parent=("public", "users")),
                Table("public", "users_2", rows=6_000.0, parent=("public", "users")),
            ),
            "",
        ),
        (
            ("users",),
            (
                Table("public", "users", partitioned=True),
                Table("public", "users_1", rows=600.0, parent=("public", "users")),
            ),
            "100 calls page by OFFSET; its table has about 600 rows: the guide has small data sets paged so",
        ),
    ],
)  # fmt: skip
def test_small_tables(names: tuple[str, ...], tables: tuple[Table, ...], said: str) -> None:
    """Small data sets may be paged so; what is not known to be small is judged by its blocks."""
    page = seen("page", Shape("select", names, limit=True, offset=True), _counts(100, 80_000))
    found = one(offset_pagination, case(workload=workload(page), tables=tables), _RULE)

    assert (found.state, found.found if said else "") == (State.PASS if said else State.FAIL, said)


@pytest.mark.parametrize(
    ("order", "fix"),
    [
        (
            (("created_at", True), ("id", True)),
            (
                "… AND (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3 -- with the "
                "values of the last row"
            ),
        ),
        ((("id", False),), "… AND id > $1 ORDER BY id LIMIT $2 -- with the values of the last row"),
        (
            (("name", False),),
            ("… AND (name, id) > ($1, $2) ORDER BY name, id LIMIT $3 -- with the values of the last row; id "
             "stands for the table's key"),
        ),
        (
            (("name", False), ("id", True)),
            "sort name, id in one direction; then a row comparison finds the next page",
        ),
        (
            (("", False),),
            ("sort by plain columns that an index holds instead of an expression, then ask for what follows "
             "the last row: WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3"),
        ),
        ((), "sort by columns that are unique together, and ask for what follows the last row of the page"),
    ],
)  # fmt: skip
def test_keyset(order: tuple[tuple[str, bool], ...], fix: str) -> None:
    """The fix is written in the statement's own columns."""
    page = seen("page", Shape("select", ("t",), limit=True, offset=True, order=order), _counts(1, 1))

    assert one(offset_pagination, case(workload=workload(page)), _RULE).fix == fix


def test_no_offset() -> None:
    """Statements that could not be parsed are no pages."""
    given = case(
        workload=workload(seen("a", None, Counts(9)), seen("b", Shape("select", limit=True), Counts(9)))
    )

    assert told(one(offset_pagination, given, _RULE)) == (
        State.PASS,
        "none of the 2 statements looked at pages by OFFSET",
    )
