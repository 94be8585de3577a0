"""A requests.Session that is bounded in time, bytes and trust, and keeps what a server says beside its data.

Whatever a server sends, the outcome is an `Answer` or one `SourceError`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from requests.cookies import RequestsCookieJar
from requests.structures import CaseInsensitiveDict

from collectors.prometheus.bulk import in_bulk
from collectors.prometheus.wire.access import headers_of
from collectors.prometheus.wire.address import Address, origin_of
from collectors.prometheus.wire.masking import Mask
from collectors.prometheus.wire.refusals import login_hint, timed_out, unreachable, words_of
from collectors.prometheus.wire.transport import TooMuchError, Transport, Watch
from collectors.prometheus.words import LONGEST, printable
from headroom.budgets import Reason
from headroom.observation import SourceError

MAX_BYTES = 32 * 2**20
"""What one answer may weigh: 20,000 series with 20 samples each weigh about half of it."""
MAX_VALUES = 4_000_000
"""How many values one answer may hold, objects counted five times: "[]," is 3 bytes to send, 60 to keep."""

_PIECE = 2**16
_PAGES = 20
"""Addresses of pages that are remembered as the library spells them."""
_OK, _BAD_QUERY, _UNAUTHORISED, _FORBIDDEN, _NO_SUCH_PAGE = 200, (400, 422), 401, 403, (404, 405)
_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError)


class TooLargeError(SourceError):
    """An answer that is larger than is read."""


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
        received: bytes of all good answers since the last `within`.
    """

    def __init__(self, address: Address, *, max_bytes: int = MAX_BYTES) -> None:
        super().__init__()
        self.trust_env = False  # no proxies, no .netrc, no CA bundle of the environment
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # A compressed answer could be a thousand times what was read of it.
        self.headers.update({"Accept-Encoding": "identity", "User-Agent": "headroom"})
        self.complaints: tuple[str, ...] = ()
        self.remarks: tuple[str, ...] = ()
        self.received = 0
        self._place = address.place
        self._access = address.access
        self._origin = origin_of(address.base)
        self._max_bytes = max_bytes
        self._seconds = 0.0
        self._watch = Watch()
        self._adapter = Transport(address.access, self._watch, secure=self._origin.startswith("https:"))
        self._sent: dict[str, bytes] = {}
        self._mask = Mask(address.access, {})
        self._pages: dict[str, str] = {}

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Give all requests made inside `seconds` seconds together, and log in as the files say now.

        Raises SourceError where a token or a certificate is not to be had.
        """
        self._seconds, self._watch.until = seconds, monotonic() + seconds
        self.received = 0
        self._sent = headers_of(self._access)
        self._mask = Mask(self._access, self._sent)
        self._adapter.renew()
        yield

    @property
    def left(self) -> float:
        """Seconds until the deadline; raises SourceError once it has passed."""
        left = self._watch.left
        if left <= 0:
            self._late()
        return left

    def get_adapter(self, url: str) -> Transport:  # noqa: ARG002 the base class's signature
        """Return the one adapter: the library mounts another, which retries and so feeds an overload."""
        return self._adapter

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 the base class's signature
        """Return nothing: even unfollowed, the library would read a redirect's body and prepare to follow."""
        return

    def close(self) -> None:
        """Give back the connection."""
        self._adapter.close()
        super().close()

    def request(  # type: ignore[override]  # none of the library's other options is of use here
        self, method: str, url: str, params: Mapping[str, str] | None = None, **_: Any
    ) -> Answer:
        """Send a request for a page of the API; what the library does to prepare one costs as much as it.

        Logins and headers are the session's own, whatever a caller adds.
        """
        if url not in self._pages and len(self._pages) < _PAGES:
            self._pages[url] = requests.Request("GET", url).prepare().url or url
        request = requests.PreparedRequest()
        request.prepare_method(method)
        request.url = f"{self._pages.get(url, url)}?{urlencode(params or {})}"
        request.headers = CaseInsensitiveDict()
        request.headers.update(self.headers)  # type: ignore[arg-type]  # all of ours are texts
        request.prepare_hooks(self.hooks)
        request.prepare_cookies(RequestsCookieJar())
        return self.send(request)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> Answer:
        """Send a request and read the whole answer; raise SourceError for all but a good one."""
        url = request.url or ""
        if not url.startswith(f"{self._origin}/") and origin_of(url) != self._origin:
            raise ValueError("a request to another server would carry the credentials of this one")
        request.headers.update(self._sent)  # type: ignore[arg-type]  # bytes are fine, the stubs say text
        kwargs.update(stream=True, allow_redirects=False, timeout=self.left, proxies={})
        self.complaints = self.remarks = ()
        self._watch.room = self._max_bytes
        try:
            response = super().send(request, **kwargs)
            try:
                body = self._body(response)
            finally:
                response.close()
        except TooMuchError:
            raise TooLargeError(
                Reason.NO_DATA,
                f"the answer of Prometheus at {self._place} is larger than {self._max_bytes >> 20} MiB; "
                "drop labels with many values, or split the metric over several sources",
            ) from None
        except _FAILURES as error:
            if self._watch.left <= 0 or timed_out(error):
                self._late()
            raise unreachable(error, self._place, self._access) from None
        if response.status_code != _OK:
            self._refuse(response, body)
        self.received += len(body)
        answer = Answer()
        answer.status_code = _OK
        answer.parsed = self._envelope(request, response, body)
        self.complaints = self._said(answer.parsed, "warnings")
        if answer.parsed.get("isPartial"):
            self.complaints += ("isPartial is set",)
        self.remarks = self._said(answer.parsed, "infos")
        return answer

    def _body(self, response: requests.Response) -> bytes:
        # read1 comes back with what has arrived; read and iter_content wait for whole pieces.
        return b"".join(iter(lambda: response.raw.read1(_PIECE, decode_content=False), b""))

    def _envelope(
        self, request: requests.PreparedRequest, response: requests.Response, body: bytes
    ) -> dict[str, Any]:
        if body.count(b"[") + body.count(b",") + 4 * body.count(b"{") > MAX_VALUES:
            raise TooLargeError(
                Reason.NO_DATA,
                f"the answer of Prometheus at {self._place} holds more than {MAX_VALUES} values; drop labels "
                "with many values, or split the metric over several sources",
            )
        try:
            with in_bulk():
                parsed = json.loads(body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            kind = self.quotable(response.headers.get("Content-Type", "no type"), 60)
            path = urlsplit(request.url or "").path
            raise SourceError(
                Reason.UNREACHABLE,
                f"what answers at {self._place} is no Prometheus: {printable(path, 60)} gives {len(body)} "
                f"bytes ({kind}) that are no JSON; is the address that of a login page or a proxy?",
            ) from None
        if not (isinstance(parsed, dict) and parsed.get("status") == "success"):
            words = self.quotable(words_of(body)) or "no reason given"
            raise SourceError(
                Reason.UNREACHABLE,
                f"Prometheus at {self._place} answers without success: {words}; see its log",
            )
        return parsed

    def _refuse(self, response: requests.Response, body: bytes) -> NoReturn:
        status = response.status_code
        words = self.quotable(words_of(body))
        words = words if words.startswith(f"{status}") else f"{status} {words}".strip()
        who = f"Prometheus at {self._place}"
        if "HTTP request to an HTTPS server" in words:
            raise SourceError(
                Reason.UNREACHABLE, f"{who} speaks TLS: {words}; write its address with https://"
            )
        if status in _BAD_QUERY:
            raise SourceError(Reason.NO_DATA, f"{who} refuses a query: {words}; see its limits and version")
        if status in {_UNAUTHORISED, _FORBIDDEN}:
            raise SourceError(
                Reason.NOT_PERMITTED, f"{who} denies access: {words}; {login_hint(self._access)}"
            )
        if status in _NO_SUCH_PAGE:
            path = printable(urlsplit(response.url).path, 60)
            raise SourceError(
                Reason.UNREACHABLE, f"{who} has no {path}: {words}; check the path of its address"
            )
        if response.is_redirect:
            there = self.quotable(_host(response.headers["location"]), 80)
            raise SourceError(
                Reason.UNREACHABLE,
                f"{who} redirects to {there} ({status}); redirects are not followed: give the final address",
            )
        raise SourceError(Reason.UNREACHABLE, f"{who} fails: {words}; see its log")

    def _said(self, parsed: dict[str, Any], key: str) -> tuple[str, ...]:
        lines = parsed.get(key)
        return tuple(self.quotable(str(line)) for line in lines[:3]) if isinstance(lines, list) else ()

    def quotable(self, words: str, longest: int = LONGEST) -> str:
        """Return a server's words as they may be shown: none where they repeat our credentials."""
        return self._mask.quotable(words, longest)

    def _late(self) -> NoReturn:
        raise SourceError(
            Reason.UNREACHABLE,
            f"Prometheus at {self._place} did not answer within {self._seconds:.3g} s; is it overloaded, or "
            "behind a firewall?",
        ) from None


def _host(location: str) -> str:
    try:
        return urlsplit(location).netloc.rpartition("@")[2] or "another page"
    except ValueError:
        return "nowhere"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
