"""One HTTP POST to a receiver that may hang, drip, redirect or answer without end: bounded in every way."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from alerts.channels import ChannelError

LONGEST_ANSWER = 4096  # bytes of an answer that are read: enough for a receiver's reason
_LATER = frozenset({408, 425, 429})
_CONNECT_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered; `text` holds no control characters."""

    status: int
    headers: Mapping[str, str]
    text: str


def post(url: str, body: bytes, headers: Mapping[str, str], *, within: float) -> Answer:
    """Send a body once and return the answer with status 2xx, or raise ChannelError.

    Args:
        url: never printed, since it may hold a token.
        body: the whole request body.
        headers: added to the client's own.
        within: seconds for everything together, from connecting to the last byte of the answer.
    """
    deadline = _Deadline(within)
    with _Session() as session, deadline:
        session.trust_env = False  # a proxy or .netrc of the environment is none of the budget file's wishes
        adapter = _DeadlineAdapter(deadline)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        try:
            with session.post(
                url,
                data=body,
                headers=dict(headers),
                timeout=(min(_CONNECT_WITHIN, within), within),
                allow_redirects=False,
                stream=True,
            ) as response:
                if deadline.passed:  # headers cut off in the middle look like headers at their end
                    raise requests.Timeout
                answer = Answer(response.status_code, response.headers, _beginning(response))
        except ValueError as error:  # requests: no schema, no host, a port that is no number
            raise ChannelError(
                "its url is not one that can be posted to; write http://host/path or https://host/path",
                permanent=True,
            ) from error
        except (OSError, HTTPError) as error:  # requests' own errors are OSErrors
            raise ChannelError(_why(error, deadline, within)) from error
    return _accepted(answer)


def _beginning(response: requests.Response) -> str:
    """Return the beginning of the body; the status has been heard, so a body that breaks off is fine."""
    try:
        data = response.raw.read(LONGEST_ANSWER, decode_content=False)  # decoding may blow up a small answer
    except (OSError, HTTPError):
        return ""
    text = bytes(data or b"").decode("utf-8", "replace")
    return "".join(char if char.isprintable() else " " for char in text).strip()


def _accepted(answer: Answer) -> Answer:
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 the class of success
        return answer
    said = f"the receiver answered {status}"
    if answer.text:
        said += f" ({answer.text[:200]})"
    if 300 <= status < 400:  # noqa: PLR2004 the class of redirects
        raise ChannelError(
            f"{said}, a redirect, which is not followed; write the address it leads to", permanent=True
        )
    if 400 <= status < 500 and status not in _LATER:  # noqa: PLR2004 the class of our own faults
        raise ChannelError(f"{said} and will not take this message; check the channel's url", permanent=True)
    raise ChannelError(said, retry_after=_retry_after(answer.headers.get("Retry-After", "")))


def _retry_after(header: str) -> float | None:
    """Return seconds from either form of Retry-After (RFC 9110, 10.2.3); None where it says nothing."""
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _why(error: Exception, deadline: _Deadline, within: float) -> str:
    if deadline.passed or isinstance(error, requests.Timeout):
        return f"no full answer within {within:g} s; is the receiver overloaded or a firewall in the way?"
    if isinstance(error, requests.exceptions.SSLError):
        return "no trusted TLS connection to the receiver; check its certificate and this machine's clock"
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, socket.gaierror):
            return "the receiver's name cannot be resolved; check the channel's url and this machine's DNS"
        if isinstance(chain, ConnectionRefusedError):
            return "the receiver refuses connections; is it running, and is the port right?"
        chain = chain.__cause__ or chain.__context__
    return f"the connection to the receiver broke ({type(error).__name__}); it is tried again"


class _Session(requests.Session):
    """Never looks where a redirect leads: for that, requests reads its body to the end, however long."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Lead nowhere."""


class _Deadline:
    """Cuts the connections of one exchange when its time is over.

    A read timeout starts anew with every byte, so a receiver that drips would hold the channel for ever.
    """

    def __init__(self, within: float) -> None:
        self._ends = monotonic() + within
        self._timer = threading.Timer(within, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []

    @property
    def passed(self) -> bool:
        return monotonic() >= self._ends

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for watched in self._watched:
                watched.close()
            self._watched.clear()

    def watch(self, connection: socket.socket) -> None:
        # A duplicate: wrapping in TLS takes the original's descriptor away, in the middle of the handshake.
        with self._lock:
            self._watched.append(socket.socket(fileno=os.dup(connection.fileno())))
        if self.passed:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            for watched in self._watched:
                try:
                    watched.shutdown(socket.SHUT_RDWR)
                except OSError:  # the other side was quicker; the reader has seen it
                    continue


class _DeadlineAdapter(HTTPAdapter):
    """Lets the deadline know each connection as soon as it stands."""

    def __init__(self, deadline: _Deadline) -> None:
        self._deadline = deadline
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        deadline = self._deadline

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                connection = super()._new_conn()
                deadline.watch(connection)
                return connection

        class Secured(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                connection = super()._new_conn()
                deadline.watch(connection)
                return connection

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecuredPool(HTTPSConnectionPool):
            ConnectionCls = Secured

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecuredPool}
