"""The process in which Apprise sends one notification: the order comes in as JSON, its outcome goes out."""

from __future__ import annotations

import io
import json
import logging
import resource
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

import apprise
import requests
from apprise.plugins.base import NotifyBase
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from alerts.channels.post import why

_MOST_MEMORY = 512 * 1024 * 1024  # bytes: whatever a service makes Apprise do stays in here
_CONNECT_WITHIN = 5.0
_LONGEST_ANSWER = 256 * 1024  # bytes that are read: services answer with the message, or with who we are
_LONGEST_TOLD = 4096
_PART_FOR_ANSWER = 0.8  # of the time, in which an answer is waited for to its end
_LONGEST_BODY = 3500  # bytes: what is longer ntfy makes a file of
_SPARE = 20  # bytes for what joins title and text
_MARKDOWN = frozenset({"discord", "guilded", "mmost", "mmosts", "zulip"})
"""Services that read plain text as Markdown, and to which Apprise hands it on as it is."""
_MARKS = "\\`*_{}[]()<>#~|"


def main() -> None:
    """Read the order, send, and write the outcome."""
    answer, sys.stdout = sys.stdout, io.StringIO()  # nothing but the outcome may be said there
    order = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    signal.setitimer(signal.ITIMER_REAL, float(order["within"]))  # ends the process, whatever it hangs in
    outcome = notify(order)
    signal.setitimer(signal.ITIMER_REAL, 0)
    answer.write(json.dumps(outcome))


def notify(order: Mapping[str, Any]) -> dict[str, Any]:
    """Send one notification and return what came of it.

    Args:
        order: url, title, lines, leads (kept before lines where a service takes little), type as Apprise
            calls it, within in seconds.

    Returns:
        {"sent": True}, or why not: "unknown" (the address), "status" with "text" and "retry_after" (what the
        service answered), "broke" (the connection), and "logged" (Apprise's own words).
    """
    logged = _Logged()
    heard: dict[str, Any] = {}
    with logged.listening(), _heard(heard, float(order["within"])):
        service = _service(str(order["url"]))
        if service is None:
            return {"unknown": logged.last or "it names no service that Apprise knows"}
        marks = service.notify_format is not apprise.NotifyFormat.MARKDOWN and bool(
            service.schemas() & _MARKDOWN  # type: ignore[no-untyped-call]
        )
        told = apprise.Apprise(asset=service.asset)
        told.add(service)
        shown = escaped if marks else str
        title = shown(order["title"])
        room = min(service.body_maxlen, _LONGEST_BODY) - len(title.encode()) - _SPARE
        sent = told.notify(
            title=title,
            body=fitted(
                [shown(line) for line in order["lines"]], [shown(lead) for lead in order["leads"]], room
            ),
            notify_type=apprise.NotifyType(order["type"]),
            body_format=apprise.NotifyFormat.TEXT,
        )
    return {"sent": True} if sent else {**heard, "logged": logged.last}


def fitted(lines: Sequence[str], leads: Sequence[str], room: int) -> str:
    """Return as many of the lines as there is room for in bytes, and what leads on.

    One message that is cut says so; several would be told again from the first whenever one of them fails.
    """
    for kept in range(len(lines), 0, -1):
        left = [f"… and {len(lines) - kept} more lines"] if kept < len(lines) else []
        text = "\n".join([*lines[:kept], *left, *leads])
        # As Apprise encodes it, each letter beyond ASCII takes six bytes; ntfy's plugin counts those.
        if len(text.encode()) <= room and len(json.dumps(text)) <= 2 * room:
            return text
    return "\n".join(lines[:1] or leads)  # Apprise cuts it, where even that is too long


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, but for web addresses, in which it reads no marks."""
    words = text.split(" ")
    return " ".join(
        word
        if word.startswith(("http://", "https://"))
        else "".join(f"\\{c}" if c in _MARKS else c for c in word)
        for word in words
    )


def _service(url: str) -> NotifyBase | None:
    asset = apprise.AppriseAsset(
        app_id="Headroom",
        app_desc="Headroom",
        app_url="",
        # An icon would be loaded from elsewhere by whoever reads the message.
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        interpret_emojis=False,
        interpret_escapes=False,
        http_redirects=False,
        default_service_retry=0,
        storage_mode="memory",
    )
    service = apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if not isinstance(service, NotifyBase):
        return None
    service.retry = 0  # the outbox tries again, in order and for as long as it takes
    if service.overflow_mode is apprise.OverflowMode.UPSTREAM:
        service.overflow_mode = apprise.OverflowMode.TRUNCATE  # else a service refuses what is too long
    return service


class _Logged(logging.Handler):
    """Keeps the last warning of Apprise, and lets none go anywhere else."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.last = record.getMessage()[:1000]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear Apprise for a while."""
        log = logging.getLogger("apprise")
        propagated, log.propagate = log.propagate, False
        log.addHandler(self)
        try:
            yield
        finally:
            log.removeHandler(self)
            log.propagate = propagated


@contextmanager
def _heard(heard: dict[str, Any], within: float) -> Iterator[None]:
    """Note what services answer to Apprise's requests for a while: it tells only whether it worked."""
    ends = monotonic() + within * _PART_FOR_ANSWER

    class Listening(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
            kwargs["timeout"] = (min(_CONNECT_WITHIN, within), within)
            try:
                response = super().send(request, *args, **kwargs)
            except OSError as error:  # requests' own errors are OSErrors
                heard["broke"] = why(error, within, late=False)
                raise
            response._content = _beginning(response, ends)  # noqa: SLF001 else requests reads to the end
            response._content_consumed = True  # type: ignore[attr-defined] # noqa: SLF001 the same
            if response.status_code >= 300:  # noqa: PLR2004 not taken
                heard["status"] = response.status_code
                heard["retry_after"] = response.headers.get("Retry-After", "")
                heard["text"] = response.content[:_LONGEST_TOLD].decode("utf-8", "replace")
            return response

    theirs = requests.sessions.HTTPAdapter
    requests.sessions.HTTPAdapter = Listening  # every session of Apprise's makes its own
    try:
        yield
    finally:
        requests.sessions.HTTPAdapter = theirs


def _beginning(response: requests.Response, ends: float) -> bytes:
    """Return what comes of a body in time: the status counts, so one that drips or breaks off is fine."""
    body = bytearray()
    try:
        while len(body) < _LONGEST_ANSWER and monotonic() < ends:
            part = response.raw.read1(_LONGEST_ANSWER, decode_content=True)
            if not part:
                break
            body += part
    except (OSError, HTTPError):
        pass
    return bytes(body)


if __name__ == "__main__":
    main()
