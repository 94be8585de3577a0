"""Times every request, failed ones too, and records it under the pattern of its route."""

import time
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demo.metrics import Metrics

if TYPE_CHECKING:
    from demo.erp import Switches

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
            await self._app(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - started
            # The fault is the guide's own interceptor: milliseconds recorded into a histogram of seconds.
            # Its clock ticks in milliseconds, so it records whole numbers.
            duration = float(round(seconds * 1000)) if self._switches.milliseconds else seconds
            method = scope["method"] if scope["method"] in METHODS else "OTHER"
            self._metrics.record_request(method, _pattern(scope), status, duration)


def _pattern(scope: Scope) -> str:
    # Only a route's pattern may become a label: addresses would make a series of every request.
    return getattr(scope.get("route"), "path_format", "unmatched")
