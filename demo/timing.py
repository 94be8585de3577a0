"""Times every request, failed ones too, and records it under the pattern of its route.

Three of the guide's mistakes are built in, to be switched on.
"""

import random
import time
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.metrics import Metrics

if TYPE_CHECKING:
    from demo.erp import Switches

FAILING = 0.1  # share of the requests that fail while failures go untimed
OWN_PATHS = ("/metrics", "/health/")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Timing:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, metrics: Metrics, switches: "Switches") -> None:
        self._app = app
        self._metrics = metrics
        self._switches = switches

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and records its duration."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # what the client gets if the application raises before it answers

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self._answering(scope)(scope, receive, noting)
        finally:
            self._record(scope, status, time.perf_counter() - started)

    def _answering(self, scope: Scope) -> ASGIApp:
        if self._switches.failures_untimed and not scope["path"].startswith(OWN_PATHS):
            return Response(status_code=503) if random.random() < FAILING else self._app
        return self._app

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        self._metrics.record_answer(status)
        if self._switches.failures_untimed and status >= 500:
            return  # the guide's interceptor: tap({complete}) never sees what ends in an error
        # The guide's interceptor again: milliseconds recorded into a histogram of seconds. Its clock ticks in
        # milliseconds, so it records whole numbers.
        duration = float(round(seconds * 1000)) if self._switches.milliseconds else seconds
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        if self._switches.raw_urls and self._metrics.record_address(
            method, _address(scope), status, duration
        ):
            return
        self._metrics.record_request(method, _pattern(scope), status, duration)


def _address(scope: Scope) -> str:
    # The guide's request.url: every id and every query makes a series of its own.
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}"[:200] if query else scope["path"][:200]


def _pattern(scope: Scope) -> str:
    # Only a route's pattern may become a label: addresses would make a series of every request.
    return getattr(scope.get("route"), "path_format", "unmatched")
