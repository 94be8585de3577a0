"""The reports: two aggregations kept in the cache as the guide does, and an analysis made anew each time."""

from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response

from demo.queries import CASH_FLOW, PROFIT_AND_LOSS, REVENUE, Query
from demo.session import answer, cache_of, database_of, day, session_of

REPORT_CACHE_SECONDS = 3600


async def profit_and_loss(request: Request) -> Response:
    """GET /reports/profit-and-loss?from=DATE&to=DATE."""
    return await _cached(request, "pnl", PROFIT_AND_LOSS)


async def revenue(request: Request) -> Response:
    """GET /reports/revenue?from=DATE&to=DATE."""
    return await _cached(request, "revenue", REVENUE)


async def cash_flow(request: Request) -> Response:
    """GET /reports/cash-flow?from=DATE&to=DATE."""
    session = await session_of(request)
    return answer(await database_of(request).rows(CASH_FLOW, [session.tenant, *_period(request)]))


async def _cached(request: Request, name: str, query: Query) -> Response:
    session = await session_of(request)
    first, last = _period(request)
    report = await cache_of(request).get_or_set(
        f"finance:report:{session.tenant}:{name}:{first}_{last}",
        lambda: database_of(request).rows(query, [session.tenant, first, last]),
        REPORT_CACHE_SECONDS,
    )
    return answer(report)


def _period(request: Request) -> tuple[date, date]:
    today = date.today()  # noqa: DTZ011 - a day of the calendar, in no zone
    return day(request, "from", today - timedelta(days=365)), day(request, "to", today)
