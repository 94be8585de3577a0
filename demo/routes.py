"""Every address of the sample ERP, its health checks and metrics, and what a failing database answers."""

from collections.abc import Mapping
from typing import Any

import psycopg
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from demo import catalog, files, reading, reports, writing
from demo.session import answer, cache_of, database_of


async def live(_: Request) -> Response:
    """GET /health/live."""
    return answer({"status": "OK"})


async def ready(request: Request) -> Response:
    """GET /health/ready: 503 if the database or the cache does not answer."""
    up = {"database": True, "cache": await cache_of(request).ping()}
    try:
        await database_of(request).ping()
    except psycopg.Error:
        up["database"] = False
    # The guide's shape of a check; with a status that says so, too, where one of them is down.
    checks = {name: {"key": name, "status": "up" if well else "down"} for name, well in up.items()}
    return answer(checks, 200 if all(up.values()) else 503)


async def metrics(request: Request) -> Response:
    """GET /metrics."""
    cache = cache_of(request)
    request.app.state.metrics.record_cache(cache.hits, cache.misses)
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


async def unavailable(_: Request, error: Exception) -> Response:
    """Answers 503 where the database failed."""
    return answer({"error": type(error).__name__}, 503)


ON_ERROR: Mapping[Any, Any] = {psycopg.OperationalError: unavailable}

ROUTES = [
    Route("/auth/login", writing.login, methods=["POST"]),
    Route("/transactions", reading.transactions),
    Route("/transactions", writing.add_transaction, methods=["POST"]),
    Route("/transactions/{id}", reading.transaction),
    Route("/bookings", reading.bookings),
    Route("/bookings", writing.add_booking, methods=["POST"]),
    Route("/bookings/{id}", writing.delete_booking, methods=["DELETE"]),
    Route("/bookings/{id}/tasks", reading.booking_tasks),
    Route("/bookings/{id}/transactions", reading.booking_transactions),
    Route("/tasks/{id}", writing.set_task_status, methods=["PATCH"]),
    Route("/users/{id}", reading.user),
    Route("/users/{id}/wallet", reading.wallet),
    Route("/reports/profit-and-loss", reports.profit_and_loss),
    Route("/reports/revenue", reports.revenue),
    Route("/reports/cash-flow", reports.cash_flow),
    Route("/files/{name}", files.upload, methods=["POST"]),
    Route("/catalog", catalog.catalog),
    Route("/health/live", live),
    Route("/health/ready", ready),
    Route("/metrics", metrics),
]
