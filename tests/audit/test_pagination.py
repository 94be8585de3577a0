"""OFFSET pagination: the pattern alone, growing cost, varied cost, and the count beside each page."""

from __future__ import annotations

import pytest

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
            _counts(100, 8000), (_counts(10, 800), _counts(10, 1600)), State.FAIL,
            "blocks per row grew from window to window (4, 8), as they do when readers go deeper",
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
    """As many counts on the same table by the same role are what findAndCount asks."""
    page, count = seen("page", _PAGE, _counts(100, 8000)), seen("count", _COUNT, Counts(95, blocks=95_000))
    others = (
        seen("rare", _COUNT, Counts(50, blocks=1)),
        seen("other", _COUNT, Counts(100, blocks=1), role="reports"),
        seen("elsewhere", Shape("select", ("bookings",), counts=True), Counts(100, blocks=1)),
    )

    assert told(one(offset_pagination, case(workload=workload(page, *others, count)), _RULE)) == (
        State.FAIL,
        (
            "100 calls page by OFFSET; pattern only: how deep its pages lie cannot be seen (4 blocks for "
            "each row returned); and with each page all rows are counted: 95 calls of a count on the same "
            "table (count), 1,000 blocks each"
        ),
    )


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
