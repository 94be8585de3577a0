"""The service catalog: the same for everybody, without a login, and cached for half a day."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from demo.session import answer, cache_of

KEY = "service:catalog:all"
CATALOG_CACHE_SECONDS = 12 * 3600
_PACKAGES = ("portrait", "wedding", "newborn", "family", "product", "event")
_SIZES = ("small", "medium", "large", "all day")


async def catalog(request: Request) -> Response:
    """GET /catalog: some kilobytes, which go compressed to whoever takes that."""
    return answer(await cache_of(request).get_or_set(KEY, _services, CATALOG_CACHE_SECONDS))


async def _services() -> list[dict[str, Any]]:
    return [
        {
            "package": package,
            "size": size,
            "hours": 2 * number,
            "price": 90 * number * (1 + place),
            "includes": [f"{10 * number} pictures", "an album" if number > 1 else "a folder of files"],
        }
        for place, package in enumerate(_PACKAGES)
        for number, size in enumerate(_SIZES, 1)
    ]
