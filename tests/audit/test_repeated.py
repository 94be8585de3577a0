"""N + 1: what chance can make is a warning, what it cannot make is a finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headroom.audit.facts import ForeignKey, Table
from headroom.audit.relation import relation
from headroom.audit.repeated import n_plus_one
from headroom.audit.workload_facts import Counts, Seen, Shape
from headroom.checks import State

from .servers import case, one, seen, server, told, workload

_RULE = "postgres.n_plus_one"
_TASKS = Table("public", "tasks", ("id", "booking_id", "title"))
_LIST = Shape("select", ("bookings",), where=True, limit=True, equal=("tenant_id",))
_BY_BOOKING = Shape("select", ("tasks",), where=True, limit=True, equal=("booking_id",))
_BY_ID = Shape("select", ("tasks",), where=True, equal=("id",))


def _list(*windows: int) -> Seen:
    """Return a list of 20 rows, with its calls in each window, and as many before."""
    each = tuple(Counts(calls, rows=20 * calls) for calls in windows)
    calls = 2 * sum(windows)
    return seen("bookings", _LIST, Counts(calls, rows=20 * calls), each)


def _child(shape: Shape, *windows: int, total: int = 0, rows: int = 3) -> Seen:
    each = tuple(Counts(calls, rows=rows * calls) for calls in windows)
    calls = total or 2 * sum(windows)
    return seen("tasks", shape, Counts(calls, rows=rows * calls), each)


@pytest.mark.parametrize(
    ("some", "child", "state", "said"),
    [
        (
            _list(10, 20), _child(_BY_BOOKING, 210, 400), State.FAIL,
            ("1,220 calls on tasks, 3 rows each; ratio confirmed: 20.3 for each call of a list of bookings "
             "(bookings) and 1.02 for each row that it returned, about one in each of 2 windows"),
        ),
        (
            _list(4, 4), _child(_BY_BOOKING, 80, 80), State.WARN,
            ("320 calls on tasks, 3 rows each; ratio seen once only: 20 for each call of a list of bookings "
             "(bookings) and 1 for each row that it returned"),
        ),
        (
            _list(10, 0), _child(_BY_BOOKING, 200, 0), State.WARN,
            ("400 calls on tasks, 3 rows each; ratio seen once only: 20 for each call of a list of bookings "
             "(bookings) and 1 for each row that it returned"),
        ),
        (
            _list(10, 10), _child(_BY_BOOKING, 100, 120), State.WARN,
            ("440 calls on tasks, 3 rows each; pattern only: equality on booking_id, 11 for each call of a "
             "list of bookings (bookings) and 0.55 for each row that it returned"),
        ),
        (
            _list(10, 10), _child(_BY_BOOKING, 200, 900), State.WARN,
            ("2,200 calls on tasks, 3 rows each; pattern only: equality on booking_id, 55 for each call of a "
             "list of bookings (bookings) and 2.75 for each row that it returned"),
        ),
    ],
)  # fmt: skip
def test_evidence(some: Seen, child: Seen, state: State, said: str) -> None:
    """One call for each row, window after window, is confirmed; a high ratio is a pattern."""
    found = one(n_plus_one, case(workload=workload(some, child), tables=(_TASKS,)), _RULE)

    assert told(found) == (state, said)
    column = child.shape.equal[0] if child.shape else ""
    assert found.fix == (
        f"join tasks to the list, or ask once for all of its rows: … FROM tasks WHERE {column} = ANY ($1) -- "
        "an array; IN ($1, $2, …) makes an entry in pg_stat_statements for each length before PostgreSQL 18"
    )


@pytest.mark.parametrize(
    ("some", "child"),
    [
        # The look-up of a session by its key runs often, beside any list.
        (_list(10, 10), _child(_BY_ID, 500, 480, rows=1)),
        # As often as a list has rows, and about something else: of many lists some return as many.
        (_list(10, 20), _child(_BY_ID, 200, 400, rows=1)),
        (_list(10, 20), _child(Shape("select", ("tasks",), where=True, equal=("owner",)), 200, 400)),
        # Once as often as a list has rows: that may be chance, too.
        (_list(10, 0), _child(_BY_ID, 200, 0, rows=1)),
        # Often, and about something else: a ratio of calls is met by chance.
        (_list(10, 10), _child(Shape("select", ("tasks",), where=True, equal=("owner",)), 300, 500)),
        # A report is no list that anybody goes through.
        (
            seen("sums", Shape("select", ("bookings",), grouped=True), Counts(30, rows=600)),
            _child(_BY_BOOKING, 200, 400),
        ),
        # Fewer than ten for each list.
        (_list(10, 20), _child(_BY_BOOKING, 90, 180)),
        # Too few calls to tell.
        (_list(1, 1), _child(_BY_BOOKING, 0, 0, total=99)),
        # Large answers are no rows of a list.
        (_list(10, 20), _child(_BY_BOOKING, 200, 400, rows=50)),
        # Batched already.
        (_list(10, 20), _child(Shape("select", ("tasks",), where=True, listed=("booking_id",)), 200, 400)),
        (_list(10, 20), _child(Shape("select", ("tasks",), where=True, any_of=("booking_id",)), 200, 400)),
        (_list(10, 20), seen("tasks", None, Counts(1000, rows=1000))),
    ],
)
def test_no_claim(some: Seen, child: Seen) -> None:
    """What any busy server does is no N + 1."""
    assert told(one(n_plus_one, case(workload=workload(some, child), tables=(_TASKS,)), _RULE)) == (
        State.PASS,
        "none of the 2 statements looked at runs for each row of a list",
    )


def test_another_role() -> None:
    """A list of another role has not asked for these rows."""
    child = seen("tasks", _BY_BOOKING, Counts(1220, rows=1220), role="jobs")

    assert one(n_plus_one, case(workload=workload(_list(10, 20), child)), _RULE).state is State.PASS


def test_without_windows() -> None:
    """Counters of all time can be met by chance, whatever their ratio is; an unknown table is said."""
    some = seen("bookings", _LIST, Counts(100, rows=2000))
    child = seen("tasks", _BY_BOOKING, Counts(2000, rows=6000))

    assert told(one(n_plus_one, case(workload=workload(some, child, windows=())), _RULE)) == (
        State.WARN,
        (
            "2,000 calls on tasks, 3 rows each; ratio seen once only: 20 for each call of a list of bookings "
            "(bookings) and 1 for each row that it returned; whether the column is unique is not known"
        ),
    )


def test_the_right_list() -> None:
    """Of several lists the one whose rows agree is named."""
    other = seen(
        "users", Shape("select", ("users",), limit=True), Counts(20, rows=400),
        (Counts(1, rows=20), Counts(30, rows=600)),
    )  # fmt: skip
    given = case(workload=workload(other, _list(10, 20), _child(_BY_BOOKING, 200, 400)), tables=(_TASKS,))

    assert "a list of bookings (bookings)" in one(n_plus_one, given, _RULE).found


_OWNED = (ForeignKey("tasks_owner_fkey", ("owner",), ("public", "bookings")),)
_BOOKINGS = Table("public", "bookings", ("id", "manager"))


@pytest.mark.parametrize(
    ("shape", "column"),
    [
        (Shape("select", ("tasks",), where=True, equal=("tenant_id", "booking_id")), "booking_id"),
        (Shape("select", ("tasks",), where=True, equal=("mainBookingId",)), '"mainBookingId"'),
        (Shape("select", ("tasks",), where=True, equal=("bookingid",)), "bookingid"),
        (Shape("select", ("tasks",), where=True, equal=("tenant_id", "owner")), "owner"),
        # A list of one is an equality.
        (Shape("select", ("tasks",), where=True, listed=("booking_id",), singles=True), "booking_id"),
        # A join does not hide whose column it is.
        (
            Shape("select", ("kinds", "tasks"), where=True, equal=("owner", "name"), owners=("tasks", "")),
            "owner",
        ),
    ],
)  # fmt: skip
def test_relation(shape: Shape, column: str) -> None:
    """A column called like the list, or a foreign key to it, confirms the ratio and is in the fix."""
    tables = (replace(_TASKS, foreign_keys=_OWNED), _BOOKINGS)
    child = _child(shape, 200, 400)
    found = one(n_plus_one, case(workload=workload(_list(10, 20), child), tables=tables), _RULE)

    assert found.state is State.FAIL
    assert f"FROM tasks WHERE {column} = ANY ($1)" in found.fix
    assert found.found.endswith("; owner refers to bookings") is (column == "owner")


def test_key_of_several_columns() -> None:
    """A reference holds with all of its columns only: the tenant alone says nothing."""
    keys = (ForeignKey("fk", ("tenant_id", "owner"), ("public", "bookings")),)
    tables = (replace(_TASKS, foreign_keys=keys), _BOOKINGS)
    for columns, state in ((("tenant_id",), State.PASS), (("owner", "tenant_id"), State.FAIL)):
        child = _child(Shape("select", ("tasks",), where=True, equal=columns), 200, 400)
        found = one(n_plus_one, case(workload=workload(_list(10, 20), child), tables=tables), _RULE)

        assert found.state is state


@pytest.mark.parametrize(("ids", "version"), [(2, 150018), (1, 180000)])
def test_list_of_unknown_length(ids: int, version: int) -> None:
    """A list that has other lengths, too, or whose length PostgreSQL 18 hides, is no equality."""
    shape = Shape("select", ("tasks",), where=True, listed=("booking_id",), singles=True)
    child = replace(_child(shape, 200, 400), ids=ids)
    given = case(server(version), workload(_list(10, 20), child), tables=(_TASKS,))

    assert one(n_plus_one, given, _RULE).state is State.PASS


def test_row_that_the_list_refers_to() -> None:
    """A look-up by key for each row of a list is suspected where the list refers to it, never confirmed."""
    keys = (ForeignKey("fk", ("manager",), ("public", "tasks")),)
    tables = (_TASKS, replace(_BOOKINGS, foreign_keys=keys))
    always, once = (
        one(n_plus_one, case(workload=workload(_list(10, 20), child), tables=tables), _RULE)
        for child in (_child(_BY_ID, 200, 400, rows=1), _child(_BY_ID, 200, 900, rows=1))
    )

    assert told(always) == (
        State.WARN,
        (
            "1,200 calls on tasks, 1 row each; ratio seen: 20 for each call of a list of bookings (bookings) "
            "and 1 for each row that it returned, about one in each of 2 windows; bookings refers to tasks, "
            "but look-ups by a key come as often by chance, too"
        ),
    )
    assert once.state is State.PASS


@pytest.mark.parametrize(
    ("column", "table", "alike"),
    [
        ("category_id", "categories", True), ("boxId", "boxes", True), ("user", "users", True),
        ("user_id", "public.erp_users", True), ("audit_log_id", "audit_logs", True),
        ("code", "discount_codes_2025", False), ("id", "ids", False), ("book_id", "bookings", False),
        ("a_id", "as", False), ("__", "tasks", False),
    ],
)  # fmt: skip
def test_called_alike(column: str, table: str, *, alike: bool) -> None:
    """Names are compared word by word: a part of a word is met by chance."""
    assert (relation([("tasks", column)], table, case()) is not None) is alike
