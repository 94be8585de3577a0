"""The way to one server: a connection that is kept, read by the clock, and trusted only as its `Access` says.

Knows HTTP and TLS; what the bytes mean is the session's business.
"""

from __future__ import annotations

import io
import logging
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPResponse
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from collectors.prometheus.wire.access import Stamp, context_of, stamp_of
from headroom.sources import Access

# It logs a traceback for each answer with strange headers; what matters of them, the source's error says.
logging.getLogger("urllib3.connection").setLevel(logging.CRITICAL)


class TooMuchError(Exception):
    """More bytes than one answer may have; no OSError, or libraries would take it for a broken connection."""


class NothingCameError(ConnectionResetError):
    """The connection ended before the first byte of an answer."""


@dataclass(slots=True)
class Watch:
    """What all connections of one session share.

    Attributes:
        until: when everything must be over, by the monotonic clock.
        room: how many bytes the answer under way may still have, headers included.
        connected: how many connections were made.
    """

    until: float = 0.0
    room: int = 0
    connected: int = 0

    @property
    def left(self) -> float:
        """Seconds until everything must be over; none is left once it is negative."""
        return self.until - monotonic()


class _Punctual(io.RawIOBase):
    """Reads a socket until the watch says stop: a time-out of the socket's own starts anew with each byte."""

    def __init__(self, raw: Any, sock: socket.socket, watch: Watch) -> None:
        self._raw, self._sock, self._watch = raw, sock, watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._watch.left
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        self._watch.room -= count or 0
        if self._watch.room < 0:
            raise TooMuchError
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, watch: Watch, sock: socket.socket, **named: Any) -> None:
        super().__init__(sock, **named)
        self.fp = io.BufferedReader(_Punctual(self.fp.detach(), sock, watch))

    def begin(self) -> None:
        if self.headers is None:
            try:
                came = self.fp.peek(1)
            except ConnectionError as error:
                raise NothingCameError(*error.args) from None
            except ssl.SSLEOFError:
                came = b""
            if not came:
                raise NothingCameError
        super().begin()


class _Watched:
    def __init__(self, *given: Any, watch: Watch, **named: Any) -> None:
        super().__init__(*given, **named)
        self._watch = watch
        self.response_class: Any = partial(_Response, watch)

    def connect(self) -> None:
        self._watch.connected += 1
        super().connect()  # type: ignore[misc]  # mixed into connections only


class _Plain(_Watched, HTTPConnection):
    pass


class _Secure(_Watched, HTTPSConnection):
    def request(self, *given: Any, **named: Any) -> None:
        try:
            super().request(*given, **named)
        except ssl.SSLEOFError:
            # As without TLS, urllib3 then looks for an answer: a server that refused us has said so by now.
            raise BrokenPipeError from None


class Transport(HTTPAdapter):
    """Sends requests over one kept connection; certificates are always verified, whatever a caller says."""

    def __init__(self, access: Access, watch: Watch, *, secure: bool) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)
        self._access = access
        self._watch = watch
        self._secure = secure
        self._context: ssl.SSLContext | None = None
        self._stamp: Stamp | None = None

    def renew(self) -> None:
        """Read the certificates if they are other ones than before, or raise SourceError."""
        if not self._secure:
            return
        stamp = stamp_of(self._access)
        if self._context is None or stamp != self._stamp:
            self._context = None
            self._context = context_of(self._access)
            self._stamp = stamp

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Return where to connect to, and our own rules of TLS in place of the caller's.

        A kept connection is found by both, so that one made with other certificates is not used again.
        """
        where, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return where, {"ssl_context": self._context, "cert_reqs": "CERT_REQUIRED"} if self._secure else {}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: the library would add the authorities that it knows to ours."""

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the pool of the one connection, which is watched."""
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        pool.ConnectionCls = _Secure if self._secure else _Plain
        pool.conn_kw["watch"] = self._watch
        return pool

    def send(self, request: requests.PreparedRequest, *given: Any, **named: Any) -> requests.Response:
        """Send a request; once more if the kept connection turns out to have been closed in the meantime."""
        connected = self._watch.connected
        try:
            return super().send(request, *given, **named)
        except requests.ConnectionError as error:
            fresh = self._watch.connected != connected
            if fresh or not any(isinstance(link, NothingCameError) for link in chain(error)):
                raise
        return super().send(request, *given, **{**named, "timeout": max(self._watch.left, 0.001)})


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what led to it, be it as its cause or, as the libraries do, among its arguments."""
    waiting, seen = [error], set[int]()
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [link.__cause__, link.__context__, *link.args]
