"""Steady traffic to the sample ERP, class by class: open loop, so that a slow ERP gets no fewer requests."""

import asyncio
import logging
import random
import time
from collections import Counter

from demo.errors import DemoError
from demo.http_client import HttpClient, HttpError, Request
from demo.mixes import Mixes

# Requests per second. In one minute each class has the 500 requests that a 99th percentile needs.
RATES = {"login": 10.0, "read": 12.0, "write": 10.0, "reports": 9.0, "uploads": 9.0}
MOST_AT_ONCE = 80
TIMEOUT_SECONDS = 15.0
JITTER = 0.2  # of the distance between two requests of a class
WARM_UP_REQUESTS = 16  # of each class; no mix is longer
NOTE_SECONDS = 10.0

log = logging.getLogger("demo.traffic")


class Traffic:
    """Sends the requests and counts the answers."""

    def __init__(self, port: int, sample_password: str) -> None:
        self.answers: Counter[str] = Counter()
        self._client = HttpClient(port)
        self._mixes = Mixes(sample_password)

    async def warm_up(self) -> None:
        """Sends each kind of request at least once.

        Raises:
            DemoError: the ERP did not answer one of them well.
        """
        for name in list(RATES) * WARM_UP_REQUESTS:
            request = self._mixes.next(name)
            try:
                status, body = await self._client.send(request, TIMEOUT_SECONDS)
            except (OSError, HttpError) as error:
                raise DemoError(f"The sample ERP does not answer {name} requests: {error!r}") from error
            self._mixes.remember(request, status, body)
            if status >= 400:
                raise DemoError(f"The sample ERP answers {request.method} {request.path} with {status}.")

    async def run(self) -> None:
        """Sends requests until it is cancelled."""
        pending: set[asyncio.Task[None]] = set()
        try:
            async with asyncio.TaskGroup() as group:
                for number, name in enumerate(RATES):
                    # Classes start apart, or their requests would arrive in bunches.
                    delay = number / len(RATES) / RATES[name]
                    group.create_task(self._send_class(name, delay, pending))
                group.create_task(self._note())
        finally:
            for task in pending:
                task.cancel()
            self._client.close()

    async def _send_class(self, name: str, delay: float, pending: set[asyncio.Task[None]]) -> None:
        distance = 1 / RATES[name]
        due = time.monotonic() + delay
        while True:
            await asyncio.sleep(due + random.uniform(-JITTER, JITTER) * distance - time.monotonic())
            # After a stall of the machine the missed requests are not made up for in one burst.
            due = max(due + distance, time.monotonic() - distance)
            if len(pending) >= MOST_AT_ONCE:
                self.answers["not sent"] += 1
                continue
            task = asyncio.create_task(self._send(self._mixes.next(name)))
            pending.add(task)
            task.add_done_callback(pending.discard)

    async def _send(self, request: Request) -> None:
        try:
            status, body = await self._client.send(request, TIMEOUT_SECONDS)
        except (OSError, HttpError) as error:
            self.answers[type(error).__name__] += 1
            return
        self.answers[str(status)] += 1
        self._mixes.remember(request, status, body)

    async def _note(self) -> None:
        while True:
            before = Counter(self.answers)
            await asyncio.sleep(NOTE_SECONDS)
            bad = {what: n for what, n in (self.answers - before).items() if not what.startswith("2")}
            if bad:
                log.warning("answers other than success in the last %g s: %s", NOTE_SECONDS, bad)
