"""One HTTP request to a receiver that may hang, drip, redirect or answer endlessly: bounded in every way."""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from alerts.channels import ChannelError
from alerts.channels.deadline import Deadline
from alerts.channels.discreet import in_address, without

LONGEST_ANSWER = 4096  # bytes of an answer that are read: enough for a receiver's reason
_LATER = frozenset({408, 425, 429})
_THIS_MESSAGE = frozenset({400, 413, 415, 422})  # another one may be taken; all others speak of the address
_CONNECT_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered.

    Attributes:
        text: the beginning of the body, without control characters and without the channel's secrets.
        body: its bytes, as many as were asked for; none where it broke off.
    """

    status: int
    headers: Mapping[str, str]
    text: str
    body: bytes = b""


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    within: float,
    secrets: Collection[str] = (),
    ca: str = "",
) -> Answer:
    """Send a body once and return the answer with status 2xx, or raise ChannelError.

    Args:
        url: never printed, since it may hold a token.
        body: the whole request body.
        headers: added to the client's own.
        within: seconds for everything together, from connecting to the last byte of the answer.
        secrets: what else than the url's parts the answer must not repeat.
        ca: as for `exchange`.
    """
    hidden = (*in_address(url), *secrets)
    return accepted(exchange("POST", url, body, headers, within=within, secrets=hidden, ca=ca))


def exchange(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    within: float,
    longest: int = LONGEST_ANSWER,
    secrets: Collection[str] | None = None,
    ca: str = "",
) -> Answer:
    """Send one request and return the answer, whatever its status; ChannelError where there is none.

    Args:
        method: GET or POST.
        url: as for `post`.
        body: None for a request without one.
        headers: added to the client's own.
        within: as for `post`.
        longest: bytes of the answer's body that are read.
        secrets: what the answer's text must not repeat; None: the parts of the url.
        ca: a file of authorities that are trusted instead of the publicly known ones.
    """
    if ca and not Path(ca).exists():
        raise ChannelError(
            f'the file "{ca}" of trusted authorities is not there', permanent=True, about_channel=True
        )
    hidden = in_address(url) if secrets is None else secrets
    deadline = Deadline(within)
    with _Session() as session, deadline:
        session.trust_env = False  # a proxy or .netrc of the environment is none of the budget file's wishes
        adapter = _DeadlineAdapter(deadline)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        try:
            with session.request(
                method,
                url,
                data=body,
                headers=dict(headers),
                verify=ca or True,
                timeout=(min(_CONNECT_WITHIN, within), within),
                allow_redirects=False,
                stream=True,
            ) as response:
                if deadline.passed:  # headers cut off in the middle look like headers at their end
                    raise requests.Timeout
                data = _beginning(response, longest)
                said = without(hidden, _printable(data))
                return Answer(response.status_code, response.headers, said, data)
        except ValueError as error:  # requests: no schema, no host, a port that is no number
            raise ChannelError(
                "its url is not one that can be posted to; write http://host/path or https://host/path",
                permanent=True,
                about_channel=True,
            ) from error
        except (OSError, HTTPError) as error:  # requests' own errors are OSErrors
            raise ChannelError(why(error, within, late=deadline.passed)) from error


def _beginning(response: requests.Response, longest: int) -> bytes:
    """Return the beginning of the body; the status has been heard, so a body that breaks off is fine."""
    try:
        data = response.raw.read(longest, decode_content=False)  # decoding may blow up a small answer
    except (OSError, HTTPError):
        return b""
    return bytes(data or b"")


def _printable(data: bytes) -> str:
    text = data[:LONGEST_ANSWER].decode("utf-8", "replace")
    return "".join(char if char.isprintable() else " " for char in text).strip()


def accepted(answer: Answer) -> Answer:
    """Return an answer with status 2xx, or raise ChannelError with what the receiver said instead."""
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 the class of success
        return answer
    said = f"the receiver answered {status}"
    if answer.text:
        said += f" ({answer.text[:200]})"
    if 300 <= status < 400:  # noqa: PLR2004 the class of redirects
        raise ChannelError(
            f"{said}, a redirect, which is not followed; write the address it leads to",
            permanent=True,
            about_channel=True,
        )
    if 400 <= status < 500 and status not in _LATER:  # noqa: PLR2004 the class of our own faults
        raise ChannelError(
            f"{said} and will not take this message; check the channel's url",
            permanent=True,
            about_channel=status not in _THIS_MESSAGE,
        )
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


def why(error: Exception, within: float, *, late: bool) -> str:
    """Return the sentence for a request that got no answer.

    Args:
        error: what requests raised.
        within: seconds that everything together might have taken.
        late: whether they were over.
    """
    if late or isinstance(error, requests.Timeout):
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


class _DeadlineAdapter(HTTPAdapter):
    """Lets the deadline know each connection as soon as it stands."""

    def __init__(self, deadline: Deadline) -> None:
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
