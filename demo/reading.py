"""The read endpoints: records by id, and lists page by page."""

import random
from collections import defaultdict
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from demo import queries
from demo.database import Database
from demo.session import answer, database_of, day, found_or_404, id_of, session_of, whole

LARGEST_PAGE = 200
DEEPEST_OFFSET = 25_000  # a tenant of the sample data has 30,000 transactions


async def transaction(request: Request) -> Response:
    """GET /transactions/{id}."""
    session = await session_of(request)
    row = await database_of(request).row(queries.TRANSACTION_BY_ID, [id_of(request), session.tenant])
    return found_or_404(row)


async def transactions(request: Request) -> Response:
    """GET /transactions: the guide's keyset pagination, or offsets where that fault is on."""
    session = await session_of(request)
    limit = _limit(request)
    if request.app.state.switches.offset_pagination:
        offset = random.randint(DEEPEST_OFFSET // 2, DEEPEST_OFFSET)
        parameters: list[Any] = [session.tenant, limit, offset]
        return answer(await database_of(request).rows(queries.TRANSACTIONS_OFFSET, parameters))
    before = [day(request, "before", date.max), whole(request.query_params.get("id", "1"), 1, 2**63 - 1)]
    parameters = [session.tenant, *before, limit]
    return answer(await database_of(request).rows(queries.TRANSACTIONS_BEFORE, parameters))


async def bookings(request: Request) -> Response:
    """GET /bookings: a page of bookings with tasks and payments, in three statements, or one by one."""
    session = await session_of(request)
    database = database_of(request)
    page = await database.rows(queries.BOOKINGS_PAGE, [session.tenant, _limit(request)])
    if request.app.state.switches.n_plus_one:
        for booking in page:
            await _complete(database, booking)
        return answer(page)
    ids = [booking["id"] for booking in page]
    tasks = defaultdict(list)
    for task in await database.rows(queries.TASKS_BY_BOOKINGS, [ids]):
        tasks[task["booking_id"]].append(task)
    paid = {row["booking_id"]: row["paid"] for row in await database.rows(queries.PAID_BY_BOOKINGS, [ids])}
    for booking in page:
        booking |= {"tasks": tasks[booking["id"]], "paid": paid.get(booking["id"])}
    return answer(page)


async def _complete(database: Database, booking: dict[str, Any]) -> None:
    """Adds to one booking what the page shows of it, as an ORM does that loads lazily: the N + 1 problem."""
    booking["tasks"] = await database.rows(queries.TASKS_BY_BOOKING, [booking["id"]])
    for task in booking["tasks"]:
        user = await database.row(queries.NAME_BY_ID, [task.pop("assigned_user_id")])
        task["assignee"] = user["name"] if user else None
    row = await database.row(queries.PAID_BY_BOOKING, [booking["id"]])
    booking["paid"] = row["paid"] if row else None


async def booking_tasks(request: Request) -> Response:
    """GET /bookings/{id}/tasks."""
    await session_of(request)
    return answer(await database_of(request).rows(queries.TASKS_BY_BOOKING, [id_of(request)]))


async def booking_transactions(request: Request) -> Response:
    """GET /bookings/{id}/transactions."""
    await session_of(request)
    return answer(await database_of(request).rows(queries.TRANSACTIONS_BY_BOOKING, [id_of(request)]))


async def user(request: Request) -> Response:
    """GET /users/{id}."""
    session = await session_of(request)
    row = await database_of(request).row(queries.USER_BY_ID, [id_of(request), session.tenant])
    return found_or_404(row)


async def wallet(request: Request) -> Response:
    """GET /users/{id}/wallet."""
    session = await session_of(request)
    row = await database_of(request).row(queries.WALLET_BY_USER, [id_of(request), session.tenant])
    return found_or_404(row)


def _limit(request: Request) -> int:
    return whole(request.query_params.get("limit", "20"), 1, LARGEST_PAGE)
