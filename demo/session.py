"""What every endpoint begins with: whose request it is, and input that is checked before it is used."""

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from demo.cache import Cache
from demo.database import Database
from demo.queries import SESSION_BY_USER

SESSION_SECONDS = 3600
BODY_BYTES = 16 * 1024
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Session:
    """The caller and the tenant whose data they see."""

    user: int
    tenant: int


def database_of(request: Request) -> Database:
    """Returns the application's database."""
    return cast(Database, request.app.state.database)


def cache_of(request: Request) -> Cache:
    """Returns the application's cache."""
    return cast(Cache, request.app.state.cache)


async def session_of(request: Request) -> Session:
    """Returns the session of the user that the header X-User names, from the cache where it is there.

    Raises:
        HTTPException: 401 without such a user.
    """
    user = whole(request.headers.get("x-user", ""), 1, LARGEST_ID, error=401)
    found = await cache_of(request).get_or_set(
        f"user:session:{user}",
        lambda: database_of(request).row(SESSION_BY_USER, [user]),
        SESSION_SECONDS,
    )
    if not found:
        raise HTTPException(401, "no such user")
    return Session(user=found["id"], tenant=found["tenant_id"])


def id_of(request: Request, name: str = "id") -> int:
    """Returns the id in the path; 404 for a number that can be no id."""
    return whole(str(request.path_params[name]), 1, LARGEST_ID, error=404)


def whole(text: str, low: int, high: int, *, error: int = 400) -> int:
    """Reads a whole number within bounds, or answers with the error status."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high):
        raise HTTPException(error, f"a whole number from {low} to {high} was expected")
    return int(text)


def day(request: Request, name: str, default: date) -> date:
    """Reads a date from the query string; 400 if it is none."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise HTTPException(400, f"{name}: a date such as 2026-01-31 was expected") from None


async def body_of(request: Request, **kinds: type) -> dict[str, Any]:
    """Reads a small JSON object that has these keys with values of these types; 400 or 413 otherwise."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_BYTES:
            raise HTTPException(413, f"more than {BODY_BYTES} bytes")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise HTTPException(400, "a JSON object was expected") from None
    if not isinstance(body, dict) or any(type(body.get(key)) is not kind for key, kind in kinds.items()):
        wanted = ", ".join(f"{key} ({kind.__name__})" for key, kind in kinds.items())
        raise HTTPException(400, f"a JSON object was expected with {wanted}")
    if not all(_storable(value) for value in body.values()):
        raise HTTPException(400, "text that cannot be stored")
    return body


def _storable(value: Any) -> bool:
    # PostgreSQL refuses zero bytes, and half a surrogate pair is no UTF-8.
    return not isinstance(value, str) or ("\0" not in value and not re.search("[\ud800-\udfff]", value))


def answer(content: Any, status: int = 200) -> Response:
    """Answers in JSON; dates and decimals become text."""
    return Response(json.dumps(content, default=str), status, media_type="application/json")


def found_or_404(row: Any) -> Response:
    """Answers with the row, or 404 if there is none."""
    if row is None:
        raise HTTPException(404, "no such record")
    return answer(row)
