"""One GET of one door of the application: bounded in time and bytes, and nothing of the body is kept."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from urllib.parse import urlsplit

import requests
import urllib3

from collectors.http import decoding, health
from collectors.http.failures import late, sentence
from collectors.http.place import Place
from collectors.prometheus.wire.access import headers_of
from collectors.prometheus.wire.address import origin_of
from collectors.prometheus.wire.masking import LEFT_OUT, Mask
from collectors.prometheus.wire.refusals import timed_out
from collectors.prometheus.wire.transport import TooMuchError, Transport, Watch
from collectors.prometheus.words import printable
from headroom.audit.application.facts import Answer

MAX_BYTES = 2 * 2**20
"""Bytes of a body that are read."""
_HEADERS = 128 * 1024
"""Bytes that the headers of one answer may have."""
_PIECE = 2**16
_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError)


class _Session(requests.Session):
    """Asks one origin, over a connection that is watched."""

    def __init__(self, place: Place, watch: Watch) -> None:
        super().__init__()
        self.trust_env = False  # no proxies, no .netrc, no CA bundle of the environment
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Only what can be unpacked here is asked for: of another packing the size would tell nothing.
        self.headers.update({"Accept-Encoding": "gzip", "User-Agent": "headroom"})
        self._adapter = Transport(place.access, watch, secure=place.origin.startswith("https:"))
        self._adapter.renew()

    def get_adapter(self, url: str) -> Transport:  # noqa: ARG002 the base class's signature
        """Return the one adapter: the library's own would try again, and wait byte by byte."""
        return self._adapter

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 the base class's signature
        """Return nothing: a redirect is told, not followed."""
        return

    def close(self) -> None:
        """Give back the connection."""
        self._adapter.close()
        super().close()


class Asking:
    """Asks the doors of one application, one at a time."""

    def __init__(self, place: Place, seconds: float) -> None:
        self._place = place
        self._seconds = seconds
        self._sent = headers_of(place.access)
        self._mask = Mask(place.access, self._sent)
        self._watch = Watch()
        self._session = _Session(place, self._watch)

    def close(self) -> None:
        """Give back the connection."""
        self._session.close()

    def ask(self, path: str, *, of_health: bool = False, packed: bool = True) -> Answer:
        """Return what a door answers; raises nothing that a server could cause.

        Not `packed` accepts no packing, as clients do that know none.
        """
        began = monotonic()
        self._watch.until = began + self._seconds
        self._watch.room = _HEADERS
        try:
            url = self._place.door(path)
            if origin_of(url) != self._place.origin:
                return Answer(
                    path, failure="it leads to another server than application.url, and is not asked"
                )
            response = self._session.get(
                url,
                headers=self._sent if packed else {**self._sent, "Accept-Encoding": "identity"},
                stream=True,
                allow_redirects=False,
                timeout=self._seconds,
            )
            self._watch.room += MAX_BYTES + _PIECE  # of which all but the last piece is read
            try:
                body, whole = self._body(response)
            finally:
                response.close()
        except (*_FAILURES, TooMuchError) as error:
            if self._watch.left <= 0 or timed_out(error):
                return Answer(
                    path, seconds=monotonic() - began, failure=late(self._place.name, self._seconds)
                )
            return Answer(path, seconds=monotonic() - began, failure=sentence(error, self._place.name))
        return self._answer(path, response, body, monotonic() - began, whole=whole, of_health=of_health)

    def _body(self, response: requests.Response) -> tuple[bytes, bool]:
        """Return the body as sent, and whether it ended within what is read of one."""
        pieces, size = list[bytes](), 0
        for piece in _pieces(response):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BYTES:
                return b"".join(pieces)[:MAX_BYTES], False
        return b"".join(pieces), True

    def _answer(
        self,
        path: str,
        response: requests.Response,
        body: bytes,
        seconds: float,
        *,
        whole: bool,
        of_health: bool,
    ) -> Answer:
        encoding = decoding.encoding_of(response.headers.get("Content-Encoding", ""))
        plain = decoding.unpacked(body, encoding)
        cut = plain is not None and len(plain) >= decoding.MOST_PLAIN
        failure = ""
        if response.is_redirect:
            failure = (
                f"it redirects to {self._there(response)}; redirects are not followed: declare the final path"
            )
        return Answer(
            path,
            response.status_code,
            seconds,
            encoding,
            len(body),
            None if plain is None else len(plain),
            truncated=not whole or cut,
            said=health.said(plain, self._quotable) if of_health and plain is not None else None,
            failure=failure,
            packed=decoding.packed(plain) if plain and not encoding and not of_health else None,
        )

    def _there(self, response: requests.Response) -> str:
        try:
            host = urlsplit(response.headers["location"]).netloc.rpartition("@")[2]
        except ValueError:
            return "nowhere"
        return self._mask.quotable(printable(host, 80), 80) or "another path"

    def _quotable(self, name: str) -> bool:
        return self._mask.quotable(name) != LEFT_OUT


def _pieces(response: requests.Response) -> Iterator[bytes]:
    # read1 comes back with what has arrived; read and iter_content wait for whole pieces.
    return iter(lambda: response.raw.read1(_PIECE, decode_content=False), b"")
