"""The webhook receiver of the demo: it keeps each alert that is posted to it."""

import logging
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from demo.errors import DemoError
from demo.inbox import Inbox
from demo.ports import LOOPBACK, free_port
from demo.received import BadAlertError, read_alerts, sentence

CHANNEL = "webhook"
LARGEST_BYTES = 1024 * 1024  # two hundred alerts together, with all that each says
DRAINED_BYTES = 16 * 1024 * 1024
READ_SECONDS = 5.0
MOST_AT_ONCE = 8
BIND_TRIES = 5

log = logging.getLogger("demo.receiver")


class Receiver:
    """An HTTP server on a free loopback port, in threads of its own."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._server = _bind(self)
        self.url = f"http://{LOOPBACK}:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def accept(self, raw: bytes) -> None:
        """Keeps what is in the body, one alert or several.

        Raises:
            BadAlertError: something in it is none.
        """
        for alert in read_alerts(raw):
            self._inbox.keep(CHANNEL, alert, sentence(alert))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a sender that hangs must not hold up the end of the demo

    def __init__(self, port: int, receiver: Receiver) -> None:
        self.receiver = receiver
        self.places = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__((LOOPBACK, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's
        log.warning("a request ended early: %r", sys.exception())


class _Handler(BaseHTTPRequestHandler):
    timeout = READ_SECONDS

    def do_POST(self) -> None:
        server = cast("_Server", self.server)
        with server.places:
            status, answer = self._receive(server.receiver)
        if status is not HTTPStatus.OK:
            log.warning("answered %d: %s", status, answer)
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(answer.encode())))
        self.end_headers()
        self.wfile.write(answer.encode())

    def _receive(self, receiver: Receiver) -> tuple[HTTPStatus, str]:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return HTTPStatus.LENGTH_REQUIRED, "a Content-Length is needed"
        too_large = len(length) > 9 or int(length) > LARGEST_BYTES
        try:
            # A sender whose body is left unread gets a broken connection instead of the answer.
            raw = self._read(min(int(length[:9]), DRAINED_BYTES) if too_large else int(length))
            if too_large:
                return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {LARGEST_BYTES} bytes"
            receiver.accept(raw)
        except TimeoutError:
            return HTTPStatus.REQUEST_TIMEOUT, f"the body took longer than {READ_SECONDS:g} s"
        except BadAlertError as error:
            return HTTPStatus.BAD_REQUEST, str(error)
        return HTTPStatus.OK, "received"

    def _read(self, length: int) -> bytes:
        deadline = time.monotonic() + READ_SECONDS
        body = bytearray()
        while len(body) < length:
            # A limit per read alone would let one byte every few seconds hold a place for hours.
            self.connection.settimeout(max(0.001, deadline - time.monotonic()))
            chunk = self.rfile.read1(length - len(body))
            if not chunk:
                break
            body += chunk
        return bytes(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in http.server
        log.debug(format, *args)


def _bind(receiver: Receiver) -> _Server:
    for _ in range(BIND_TRIES):
        try:
            return _Server(free_port(), receiver)
        except OSError as error:
            log.debug("port lost: %s", error)
    raise DemoError(f"The webhook receiver found {BIND_TRIES} ports taken one after the other.")
