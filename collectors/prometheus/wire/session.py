"""A requests.Session that is bounded in time, bytes and trust, and keeps what a server says beside its data.

Whatever a server sends, the outcome is an `Answer` or one `SourceError`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from collectors.prometheus.words import LONGEST, printable
from headroom.budgets import Reason
from headroom.observation import SourceError

MAX_BYTES = 32 * 2**20
"""What one answer may weigh: 20,000 series with 20 samples each weigh about half of it."""
MAX_VALUES = 1_500_000
"""How many JSON arrays and objects one answer may hold: "[]," is 3 bytes to send and 60 to keep."""

_PIECE = 2**16
_OK, _BAD_QUERY, _UNAUTHORISED, _FORBIDDEN, _NO_SUCH_PAGE = 200, (400, 422), 401, 403, (404, 405)
_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError)


class Answer(requests.Response):
    """A whole answer, already parsed."""

    parsed: Any

    def json(self, **_: Any) -> Any:
        """Return the parsed envelope."""
        return self.parsed


class BoundedSession(requests.Session):
    """Asks one server, each time within what is left of the time given by `within`.

    Attributes:
        complaints: what the last answer says of its own completeness; empty where it claims to be whole.
        remarks: what else the server noted beside the last answer.
    """

    def __init__(self, place: str, *, max_bytes: int = MAX_BYTES) -> None:
        super().__init__()
        self.trust_env = False  # no proxies, no .netrc, no CA bundle of the environment
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # A compressed answer could be a thousand times what was read of it.
        self.headers.update({"Accept-Encoding": "identity", "User-Agent": "headroom"})
        self.complaints: tuple[str, ...] = ()
        self.remarks: tuple[str, ...] = ()
        self._place = place
        self._max_bytes = max_bytes
        self._seconds = 0.0
        self._deadline = 0.0
        self._adapter = HTTPAdapter(pool_connections=1, pool_maxsize=1, max_retries=0)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give all requests made inside `seconds` seconds together."""
        self._seconds, self._deadline = seconds, monotonic() + seconds
        yield

    @property
    def left(self) -> float:
        """Seconds until the deadline; raises SourceError once it has passed."""
        left = self._deadline - monotonic()
        if left <= 0:
            self._late()
        return left

    def get_adapter(self, url: str) -> HTTPAdapter:  # noqa: ARG002 the base class's signature
        """Return the one adapter: the library mounts another, which retries and so feeds an overload."""
        return self._adapter

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 the base class's signature
        """Return nothing: even unfollowed, a redirect's body would be read without bounds."""
        return

    def close(self) -> None:
        """Give back the connection."""
        self._adapter.close()
        super().close()

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> Answer:
        """Send a request and read the whole answer; raise SourceError for all but a good one."""
        kwargs.update(stream=True, allow_redirects=False, timeout=self.left)
        self.complaints = self.remarks = ()
        try:
            response = super().send(request, **kwargs)
            try:
                body = self._body(response)
            finally:
                response.close()
        except _FAILURES as error:
            if monotonic() >= self._deadline or _timed_out(error):
                self._late()
            raise SourceError(
                Reason.UNREACHABLE,
                f"Prometheus at {self._place} cannot be reached: {_cause(error)}; is it running, and is the "
                "address right?",
            ) from None
        if response.status_code != _OK:
            self._refuse(response, body)
        answer = Answer()
        answer.status_code = _OK
        answer.parsed = self._envelope(request, response, body)
        self.complaints = _said(answer.parsed, "warnings")
        if answer.parsed.get("isPartial"):
            self.complaints += ("isPartial is set",)
        self.remarks = _said(answer.parsed, "infos")
        return answer

    def _body(self, response: requests.Response) -> bytes:
        pieces: list[bytes] = []
        size = 0
        socket = getattr(response.raw.connection, "sock", None)
        while True:
            # The time-out given with the request starts anew with every byte.
            left = self.left
            if socket is not None:
                socket.settimeout(left)
            # read1 comes back with what has arrived; read and iter_content wait for whole pieces.
            piece = response.raw.read1(_PIECE, decode_content=False)
            if not piece:
                return b"".join(pieces)
            size += len(piece)
            if size > self._max_bytes:
                raise SourceError(
                    Reason.NO_DATA,
                    f"the answer of Prometheus at {self._place} is larger than {self._max_bytes >> 20} MiB; "
                    "drop labels with many values, or split the metric over several sources",
                )
            pieces.append(piece)

    def _envelope(
        self, request: requests.PreparedRequest, response: requests.Response, body: bytes
    ) -> dict[str, Any]:
        if body.count(b"[") + body.count(b"{") > MAX_VALUES:
            raise SourceError(
                Reason.NO_DATA,
                f"the answer of Prometheus at {self._place} holds more than {MAX_VALUES} values; drop labels "
                "with many values, or split the metric over several sources",
            )
        try:
            parsed = json.loads(body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            kind = printable(response.headers.get("Content-Type", "no type"), 60)
            path = urlsplit(request.url or "").path
            raise SourceError(
                Reason.UNREACHABLE,
                f"what answers at {self._place} is no Prometheus: {printable(path, 60)} gives {len(body)} "
                f"bytes ({kind}) that are no JSON; is the address that of a login page or a proxy?",
            ) from None
        if not (isinstance(parsed, dict) and parsed.get("status") == "success"):
            raise SourceError(
                Reason.UNREACHABLE,
                f"Prometheus at {self._place} answers without success: {_words(body) or 'no reason given'}; "
                "see its log",
            )
        return parsed

    def _refuse(self, response: requests.Response, body: bytes) -> NoReturn:
        status = response.status_code
        words = f"{status} {_words(body)}".strip()
        who = f"Prometheus at {self._place}"
        if status in _BAD_QUERY:
            raise SourceError(Reason.NO_DATA, f"{who} refuses a query: {words}; see its limits and version")
        if status in {_UNAUTHORISED, _FORBIDDEN}:
            raise SourceError(
                Reason.NOT_PERMITTED, f"{who} denies access: {words}; check user and password in its address"
            )
        if status in _NO_SUCH_PAGE:
            path = printable(urlsplit(response.url).path, 60)
            raise SourceError(
                Reason.UNREACHABLE, f"{who} has no {path}: {words}; check the path of its address"
            )
        if response.is_redirect:
            there = _host(response.headers["location"])
            raise SourceError(
                Reason.UNREACHABLE,
                f"{who} redirects to {there} ({status}); redirects are not followed: give the final address",
            )
        raise SourceError(Reason.UNREACHABLE, f"{who} fails: {words}; see its log")

    def _late(self) -> NoReturn:
        raise SourceError(
            Reason.UNREACHABLE,
            f"Prometheus at {self._place} did not answer within {self._seconds:.3g} s; is it overloaded, or "
            "behind a firewall?",
        ) from None


def _host(location: str) -> str:
    try:
        return printable(urlsplit(location).netloc.rpartition("@")[2], 80) or "another page"
    except ValueError:
        return "nowhere"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _words(body: bytes) -> str:
    """Return the reason that a server gives, as JSON or as plain text; nothing of a page of HTML."""
    text = body[: LONGEST * 8].decode(errors="replace")
    try:
        parsed = json.loads(body) if len(body) < _PIECE else {}
    except (ValueError, RecursionError):
        return "" if "<" in text else printable(text)
    return printable(parsed.get("error", "")) if isinstance(parsed, dict) else ""


def _said(parsed: dict[str, Any], key: str) -> tuple[str, ...]:
    lines = parsed.get(key)
    return tuple(printable(line) for line in lines[:3]) if isinstance(lines, list) else ()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _timed_out(error: BaseException) -> bool:
    # Not urllib3's TimeoutError: a connection that is refused is one of those, too.
    timeouts = (TimeoutError, requests.Timeout, urllib3.exceptions.ReadTimeoutError)
    return any(isinstance(link, timeouts) for link in _chain(error))


def _cause(error: BaseException) -> str:
    """Return the operating system's words where there are some, for the libraries' wrap them in URLs."""
    for link in _chain(error):
        if isinstance(link, OSError) and link.strerror:
            return printable(link.strerror.lower())
    return type(error).__name__ if isinstance(error, ValueError) else "the connection broke off"
