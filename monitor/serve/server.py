"""The server of /metrics, /livez and /readyz: where it listens, who may ask, and how many at once."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
from http import HTTPStatus

from headroom.alerting import Serving
from headroom.config import Config
from headroom.history import History
from monitor.serve.connection import LONGEST_HEAD, Answer, Request, converse
from monitor.serve.own import Own
from monitor.serve.scrape import Scrape

MOST = 32
"""Connections at once; the one that has taken longest to ask makes room for another."""


class ServeError(Exception):
    """It cannot be listened there; the text is a sentence for people: what happened, why, what to do."""


class Server:
    """Serves inside the collecting process, on its event loop.

    Nothing that it does for a client takes the loop more than a moment: the history is read in a thread.
    """

    def __init__(self, serving: Serving, config: Config, history: History, own: Own) -> None:
        self._serving = serving
        self._own = own
        self._scrape = Scrape(config, history, own)
        self._server: asyncio.Server | None = None
        self._asking: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._pages = {"/metrics": self._metrics, "/livez": self._livez, "/readyz": self._readyz}

    @property
    def port(self) -> int:
        """The port that is listened on, once it is."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen; ServeError where that cannot be."""
        host, port = self._serving.host, self._serving.port
        if self._serving.token is None and not _is_loopback(host):
            raise ServeError(
                f"serve: {host} can be reached from other machines, and no token is set; "
                "set serve.token, or listen on 127.0.0.1"
            )
        try:
            self._server = await asyncio.start_server(self._accept, host, port, limit=LONGEST_HEAD)
        except (OSError, UnicodeError, OverflowError) as error:
            # asyncio wraps the words of the system in words of its own, with the address in them twice.
            why = getattr(error, "strerror", None) or str(error)
            raise ServeError(
                f"serve: {host}:{port} cannot be listened on: {why.rpartition(': ')[2]}; "
                "see who has it, or name another port under `serve:` in budgets.yaml"
            ) from error

    async def stop(self) -> None:
        """Listen no more, and end what is under way."""
        if self._server is not None:
            self._server.close()
        tasks = [*self._asking, *self._answering]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._asking) + len(self._answering) >= MOST:
            if not self._asking:
                writer.transport.abort()
                return
            slowest = next(iter(self._asking))
            self._asking.pop(slowest).transport.abort()
        task = asyncio.get_running_loop().create_task(
            converse(reader, writer, self._answer, lambda: self._asked(task))
        )
        self._asking[task] = writer
        task.add_done_callback(self._ended)

    def _asked(self, task: asyncio.Task[None]) -> None:
        if self._asking.pop(task, None) is not None:
            self._answering.add(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._asking.pop(task, None)
        self._answering.discard(task)

    async def _answer(self, request: Request) -> Answer:
        if not self._may(request):
            said = b"a token is needed: Authorization: Bearer ...\n"
            return Answer(
                HTTPStatus.UNAUTHORIZED, said, headers={"WWW-Authenticate": 'Bearer realm="headroom"'}
            )
        page = self._pages.get(request.path)
        if page is None:
            return Answer(HTTPStatus.NOT_FOUND, b"there are /metrics, /livez and /readyz\n")
        if request.method not in {"GET", "HEAD"}:
            return Answer(
                HTTPStatus.METHOD_NOT_ALLOWED, b"only GET and HEAD\n", headers={"Allow": "GET, HEAD"}
            )
        return await page(request)

    def _may(self, request: Request) -> bool:
        if self._serving.token is None:
            return True
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        wanted = self._serving.token.reveal().encode()
        return hmac.compare_digest(given.strip().encode("latin-1"), wanted) and scheme.lower() == "bearer"

    async def _metrics(self, request: Request) -> Answer:
        kind, text = await self._scrape.text(request.headers.get("accept", ""))
        return Answer(HTTPStatus.OK, text, kind)

    async def _livez(self, _: Request) -> Answer:
        return Answer(HTTPStatus.OK, b"ok\n")

    async def _readyz(self, _: Request) -> Answer:
        reasons = self._own.unready()
        told = {"ready": not reasons, "reasons": reasons, "heartbeat": self._own.withheld}
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        return Answer(status, f"{json.dumps(told, ensure_ascii=False)}\n".encode(), "application/json")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
