"""The sample ERP, started as a process: its parts, its life, and the pipe on which the demo talks to it.

The first line on standard input holds the settings, each later one switches a fault; its end ends the ERP.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import BinaryIO

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from demo.cache import Cache
from demo.database import Database
from demo.metrics import Metrics
from demo.ports import LOOPBACK
from demo.routes import ON_ERROR, ROUTES
from demo.timing import Timing
from demo.upkeep import keep_small, newest_ids

KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS = 1

log = logging.getLogger("demo.erp")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the ERP listens and what it works with."""

    port: int
    postgres_url: str
    redis_url: str
    files: str

    @classmethod
    def from_line(cls, line: bytes) -> "Settings":
        """Reads the settings from one line of JSON."""
        return cls(**json.loads(line))


@dataclass(slots=True)
class Switches:
    """The faults that are built into the ERP, all off."""

    slow_login: bool = False
    n_plus_one: bool = False
    offset_pagination: bool = False
    milliseconds: bool = False
    raw_urls: bool = False
    label_mismatch: bool = False
    failures_untimed: bool = False

    def apply(self, line: bytes) -> None:
        """Sets one switch from a line of JSON: {"switch": name, "on": true or false}."""
        order = json.loads(line)
        if order["switch"] not in {field.name for field in fields(self)}:
            raise ValueError(f"no switch {order['switch']!r}")
        setattr(self, order["switch"], order["on"] is True)


def create_app(settings: Settings, switches: Switches) -> Starlette:
    """Builds the application."""
    metrics = Metrics(switches)
    database = Database(settings.postgres_url, metrics)
    cache = Cache(settings.redis_url)

    @contextlib.asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        await database.open()
        upkeep = asyncio.create_task(keep_small(database, await newest_ids(database)))
        try:
            yield
        finally:
            upkeep.cancel()
            await cache.close()
            await database.close()

    app = Starlette(
        routes=ROUTES,
        exception_handlers=ON_ERROR,
        middleware=[
            Middleware(Timing, metrics=metrics, switches=switches),
            Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6),  # the guide's figures
        ],
        lifespan=life,
    )
    app.state.database = database
    app.state.cache = cache
    app.state.metrics = metrics
    app.state.switches = switches
    app.state.files = Path(settings.files)
    return app


async def serve(orders: BinaryIO) -> None:
    """Serves until the end of `orders` or a signal."""
    settings = Settings.from_line(orders.readline())
    switches = Switches()
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings, switches),
            host=LOOPBACK,
            port=settings.port,
            loop="asyncio",
            http="h11",
            ws="none",
            log_level="warning",
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
    )
    listening = asyncio.create_task(_obey(orders, switches))
    try:
        await server.serve()
    finally:
        listening.cancel()


async def _obey(orders: BinaryIO, switches: Switches) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), orders)
    while line := await reader.readline():
        try:
            switches.apply(line)
        except (ValueError, KeyError, TypeError) as error:
            log.error("order %r not understood: %r", line, error)  # noqa: TRY400 - the order is at fault, not we
        else:
            log.warning("switches are now %s", switches)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Unbuffered: a buffer would swallow the lines after the first, which the event loop is to read.
    asyncio.run(serve(open(0, "rb", buffering=0)))  # noqa: SIM115 - standard input, open to the end
