"""A server over a real history, and a client that sends exactly the bytes it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from headroom.alerting import Alerting, Serving
from headroom.budgets import Budget, Kind, Limit, Measure, Severity, Statistic, Unit, Verdict, Window
from headroom.channels import Channel, Webhook
from headroom.config import Config
from headroom.history import History, open_history
from headroom.sources import EndpointRules, QueryRules, Secret, Source, SourceKind
from monitor.clock import Moment
from monitor.serve import Own, Server
from tests.history import build

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOOPBACK = Serving(port=0)
HOOK = Channel("hook", Webhook(Secret("http://127.0.0.1:1/s3cret")), digest="as configured")


@dataclass
class Hands:
    """A clock that the test moves."""

    seconds: float = 0.0

    def read(self) -> Moment:
        """Read the clock."""
        return Moment(NOON + timedelta(seconds=self.seconds), 1000 + self.seconds)


@dataclass
class Answered:
    """What a client got, the names of headers in lower case."""

    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Stage:
    """A server and what stands behind it."""

    server: Server
    own: Own
    history: History
    config: Config
    hands: Hands = field(default_factory=Hands)

    @property
    def place(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.server.port}"

    async def ask(self, path: str, method: str = "GET", **headers: str) -> Answered:
        """Ask as any client does."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.place}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return answered(await self.send("\r\n".join([*lines, "", ""]).encode()))

    async def send(self, data: bytes) -> bytes:
        """Send bytes, and return all that comes back."""
        reader, writer = await self.connect()
        writer.write(data)
        try:
            return await asyncio.wait_for(reader.read(), 20)
        finally:
            await leave(writer)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, and say nothing yet."""
        return await asyncio.open_connection("127.0.0.1", self.server.port)


async def leave(*writers: asyncio.StreamWriter) -> None:
    """Hang up."""
    for writer in writers:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


def answered(data: bytes) -> Answered:
    """Return the answer that some bytes are."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answered(int(first.split()[1]), headers, body.decode())


def budget(ident: str = "api.login", source: str = "metrics") -> Budget:
    """Return a budget with a limit on p95."""
    limit = Limit("p95", Statistic.P95, 0.2, Unit.SECONDS, Severity.CRITICAL)
    measure = Measure(source, Kind.HISTOGRAM, "http_request_duration_seconds", "endpoints.login")
    minute = timedelta(minutes=1)
    return Budget(ident, ident, "", measure, 5 * minute, minute, minute, (limit,))


def source(name: str = "metrics", *, every: float = 15, url: str = "http://127.0.0.1:1") -> Source:
    """Return a source; one without a url is not configured."""
    secret = Secret(url) if url else None
    return Source(name, SourceKind.PROMETHEUS, secret, timedelta(seconds=every), unset="" if url else "URL")


def configured(
    folder: Path,
    *budgets: Budget,
    sources: tuple[Source, ...] = (source(),),
    alerting: Alerting | None = None,
) -> Config:
    """Return a configuration with its history in a folder."""
    return Config(
        path=folder / "budgets.yaml",
        text="",
        digest="d",
        history=str(folder / "history.db"),
        sources=sources,
        endpoints=EndpointRules(()),
        queries=QueryRules(()),
        budgets=budgets or (budget(),),
        alerting=alerting or Alerting(channels=(HOOK,)),
    )


def damage(config: Config) -> None:
    """Write something into the history's file that is none."""
    Path(config.history).write_bytes(b"no database" * 100)


def judged(verdict: Verdict, at: datetime) -> Verdict:
    """Return a verdict as it was made at a moment."""
    return replace(verdict, at=at, window=Window(at - timedelta(minutes=5), at, 1.0))


def fresh(**changes: object) -> Verdict:
    """Return a verdict of now."""
    return judged(build.verdict(**changes), datetime.now(UTC))  # type: ignore[arg-type]


@asynccontextmanager
async def stage(config: Config, serving: Serving = LOOPBACK) -> AsyncIterator[Stage]:
    """Serve a new history, or the one that is there."""
    hands = Hands()
    own = Own(config, read_clock=hands.read)
    with open_history(config.history, collecting=True) as history:
        server = Server(serving, config, history, own)
        await server.start()
        try:
            yield Stage(server, own, history, config, hands)
        finally:
            await server.stop()
