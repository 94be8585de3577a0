"""The write endpoints and the login; each leaves a line in the audit log."""

import asyncio
import hashlib
import random
import secrets
from datetime import date, timedelta
from decimal import Decimal

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from demo import passwords, queries
from demo.session import Session, answer, body_of, cache_of, database_of, found_or_404, id_of, session_of

SLOW_LOGIN_SECONDS = (0.6, 0.9)
STATES = ("open", "in progress", "done")
LARGEST_AMOUNT = 10**9


async def login(request: Request) -> Response:
    """POST /auth/login with {"email", "password"}."""
    body = await body_of(request, email=str, password=str)
    if request.app.state.switches.slow_login:
        await asyncio.sleep(random.uniform(*SLOW_LOGIN_SECONDS))
    user = await database_of(request).row(queries.USER_BY_EMAIL, [body["email"]])
    if user is None or not passwords.is_right(body["password"], user["password_hash"]):
        raise HTTPException(401, "e-mail or password is wrong")
    token = secrets.token_urlsafe(32)
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    await database_of(request).rows(queries.ADD_REFRESH_TOKEN, [user["id"], token_hash])
    await _audit(request, Session(user=user["id"], tenant=user["tenant_id"]), "login", "user", user["id"])
    return answer({"user": user["id"], "refresh_token": token})


async def add_booking(request: Request) -> Response:
    """POST /bookings with {"client_name", "package"}."""
    session = await session_of(request)
    body = await body_of(request, client_name=str, package=str)
    event = date.today() + timedelta(days=30)  # noqa: DTZ011 - a day of the calendar, in no zone
    values = [session.tenant, body["client_name"], body["package"], event, Decimal(500)]
    row = await database_of(request).row(queries.ADD_BOOKING, values)
    assert row is not None
    await _audit(request, session, "create", "booking", row["id"])
    return answer(row, 201)


async def delete_booking(request: Request) -> Response:
    """DELETE /bookings/{id}."""
    session = await session_of(request)
    row = await database_of(request).row(queries.DELETE_BOOKING, [id_of(request), session.tenant])
    return found_or_404(row)


async def set_task_status(request: Request) -> Response:
    """PATCH /tasks/{id} with {"status"}."""
    session = await session_of(request)
    body = await body_of(request, status=str)
    if body["status"] not in STATES:
        raise HTTPException(400, f"status must be one of {', '.join(STATES)}")
    parameters = [body["status"], id_of(request), session.tenant]
    row = await database_of(request).row(queries.SET_TASK_STATUS, parameters)
    return found_or_404(row)


async def add_transaction(request: Request) -> Response:
    """POST /transactions with {"type", "category", "amount"}, cents; drops the tenant's cached reports."""
    session = await session_of(request)
    body = await body_of(request, type=str, category=str, amount=int)
    if not 0 < body["amount"] < LARGEST_AMOUNT:
        raise HTTPException(400, f"amount must be from 1 to {LARGEST_AMOUNT - 1}")
    amount = Decimal(body["amount"]) / 100
    values = [session.tenant, body["type"], body["category"], amount, "Entered by hand", session.user]
    row = await database_of(request).row(queries.ADD_TRANSACTION, values)
    assert row is not None
    await cache_of(request).invalidate(f"finance:report:{session.tenant}:*")
    await _audit(request, session, "create", "transaction", row["id"])
    return answer(row, 201)


async def _audit(request: Request, session: Session, action: str, entity: str, entity_id: int) -> None:
    values = [session.tenant, session.user, action, entity, entity_id]
    await database_of(request).rows(queries.ADD_AUDIT_LOG, values)
