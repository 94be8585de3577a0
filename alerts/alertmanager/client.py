"""The API (version 2) of one Alertmanager: requests out, bounded answers in, believed in nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from alerts.alertmanager.labels import ALERTNAMES, WATCHDOG, Labels
from alerts.channels import ChannelError
from alerts.channels.discreet import in_address, in_header, without
from alerts.channels.post import Answer, accepted, exchange
from alerts.text import clean
from headroom.channels import Alertmanager, Channel

_LONGEST_LIST = 16_000_000  # bytes: some ten thousand alerts
_LONGEST_STATUS = 1_000_000  # its whole configuration comes with it
_REFUSED = frozenset({400, 413, 422})
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_PLAIN = re.compile(r"[A-Za-z0-9 _.:-]{1,100}")
_MOST_NAMES = 20
_LONGEST_TEXT = 4096

_Text = Callable[[object, int], str]


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a member says of itself.

    Attributes:
        ahead: how far its clock is before ours; None where it does not tell.
        started: when it started, as it writes that; empty where it does not tell.
    """

    ahead: timedelta | None
    started: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An alert that a member holds, and what it does with it.

    Attributes:
        ends: until when it fires there, by the member's clock; None where that cannot be read.
        state: unprocessed, active or suppressed.
        silenced, inhibited, muted: by which silences, alerts and time intervals: identifiers.
    """

    labels: Labels
    ends: datetime | None
    state: str
    silenced: tuple[str, ...] = ()
    inhibited: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SilenceThere:
    """A silence that somebody set at Alertmanager."""

    author: str
    comment: str
    ends: datetime | None


class RefusedError(ChannelError):
    """The member will not take these alerts, or some of them."""


class StrangeError(ChannelError):
    """What answers does not speak as an Alertmanager."""


class Client:
    """Asks and tells one member; every method blocks, and raises ChannelError without secrets."""

    def __init__(self, channel: Channel, url: str, clock: Callable[[], datetime]) -> None:
        assert isinstance(channel.receiver, Alertmanager)
        self._url = url.rstrip("/")
        self._receiver = channel.receiver
        self._within = channel.timeout.total_seconds()
        self._clock = clock
        of_headers = (part for _, value in self._receiver.headers for part in in_header(value.reveal()))
        self._secrets = (*in_address(url), *of_headers)

    def greet(self) -> Greeting:
        """Ask for its time and when it started; of an answer that is refused, the time still counts."""
        before = self._clock()
        answer = self._get("/api/v2/status", _LONGEST_STATUS)
        between = before + (self._clock() - before) / 2
        started = ""
        if answer.status == 200:  # noqa: PLR2004 OK
            status = _json(answer.body)
            started = self._text(status.get("uptime"), 100) if isinstance(status, dict) else ""
        kept = "Age" in answer.headers  # a cache answered, with the time of another request
        return Greeting(None if kept else _ahead(answer.headers.get("Date", ""), between), started)

    def post(self, alerts: Sequence[str]) -> None:
        """Hand over alerts, each as JSON; RefusedError where it does not take all of them."""
        body = f"[{','.join(alerts)}]".encode()
        answer = self._exchange("POST", "/api/v2/alerts", body, {"Content-Type": "application/json"}, 4096)
        if answer.status in _REFUSED:
            raise RefusedError(f"it answered {answer.status} ({clean(answer.text, 200)})", permanent=True)
        accepted(answer)

    def stored(self, installation: str) -> dict[Labels, Stored]:
        """Return the alerts of Headroom that fire there, by their labels.

        Only this proves that an alert has arrived: what a limit of Alertmanager drops is answered with 200.
        """
        names = "|".join([*ALERTNAMES.values(), WATCHDOG])
        matchers = [f'alertname=~"{names}"']
        if _PLAIN.fullmatch(installation):
            matchers.append(f'installation="{installation}"')
        filters = "&".join(f"filter={quote(each, safe='')}" for each in matchers)
        answer = accepted(self._get(f"/api/v2/alerts?{filters}", _LONGEST_LIST))
        listed = _json(answer.body)
        if not isinstance(listed, list):
            raise StrangeError("its list of alerts cannot be read; does something else answer in its place?")
        found = (_stored(each, self._text) for each in listed if isinstance(each, dict))
        return {one.labels: one for one in found}

    def silence(self, ident: str) -> SilenceThere | None:
        """Return one silence; None where there is none of that id."""
        if not _ID.fullmatch(ident):
            return None
        answer = self._get(f"/api/v2/silence/{ident}", 100_000)
        if answer.status == 404:  # noqa: PLR2004 not found
            return None
        told = _json(accepted(answer).body)
        if not isinstance(told, dict):
            return None
        author, comment = self._text(told.get("createdBy"), 100), self._text(told.get("comment"), 200)
        return SilenceThere(author, comment, _moment(told.get("endsAt")))

    def _text(self, value: object, longest: int) -> str:
        """Return a text of an answer for people; whoever answers may repeat what it was sent."""
        return clean(without(self._secrets, value[:_LONGEST_TEXT]), longest) if isinstance(value, str) else ""

    def _get(self, path: str, longest: int) -> Answer:
        return self._exchange(
            "GET", path, None, {"Accept-Encoding": "identity", "Cache-Control": "no-cache"}, longest
        )

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], longest: int
    ) -> Answer:
        given = {name: value.reveal() for name, value in self._receiver.headers}
        return exchange(
            method,
            self._url + path,
            body,
            {"User-Agent": "headroom", **given, **headers},
            within=self._within,
            longest=longest,
            secrets=self._secrets,
            ca=self._receiver.ca,
        )


def place(url: str) -> str:
    """Return host and port of an address, without what else stands in it: that may be a secret."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "(address that cannot be read)"
    host = f"[{host}]" if ":" in host else host
    return clean(host, 200) + (f":{port}" if port else "")


def _ahead(date: str, ours: datetime) -> timedelta | None:
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        return None
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    return theirs + timedelta(seconds=0.5) - ours  # it is cut down to whole seconds


def _stored(told: dict[str, Any], text: _Text) -> Stored:
    labels = told.get("labels")
    status = told.get("status")
    status = status if isinstance(status, dict) else {}
    pairs = labels.items() if isinstance(labels, dict) else ()
    return Stored(
        labels=tuple(sorted((name, value) for name, value in pairs if isinstance(value, str))),
        ends=_moment(told.get("endsAt")),
        state=text(status.get("state"), 20),
        silenced=_names(status.get("silencedBy"), text),
        inhibited=_names(status.get("inhibitedBy"), text),
        muted=_names(status.get("mutedBy"), text),
    )


def _names(value: object, text: _Text) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(text(each, 100) for each in listed[:_MOST_NAMES] if isinstance(each, str))


def _moment(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _json(body: bytes) -> object:
    """Return what a body holds; None where it was cut off, is no JSON, or is nested without end."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
