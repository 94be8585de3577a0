"""The texts of `alerts:` and `serve:`: hours, days, addresses, recurrences; what each may look like."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from headroom.channels import Pace
from headroom.config.checked import Checked, listed, matching, span, wrong
from headroom.config.recurrence import REPEAT_FORM, REPEAT_PATTERN, wrong_with_repeat
from headroom.config.scalars import Address, LabelValue, Name
from headroom.units import DURATION_PATTERN, UnitError, parse_duration

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = f"(?:{'|'.join(_DAYS)})"
_RANGE = f"{_DAY}(?:-{_DAY})?"
_TIMES = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9]"

_WORDS = "a text of 1 to 100 printable characters (a bare number needs quotes)"
_DAYS_FORM = "days or ranges of days, e.g. mon-fri, sat or mon,wed"
_CLOCK = 'a time of day, e.g. "08:00"'
_MOMENT = 'a day and a time as clocks there show it, e.g. "2026-11-22 02:00"'
_ZONE = "a time zone of the IANA database, e.g. Europe/Berlin"
_PACE = "a number of messages from 1 to 1000 per duration from 1s to 1d, e.g. 20 per 5m"
_MAIL = "an address of mail in plain letters, e.g. on-call@example.org"
_HOST = "the name or address of a server, without port, e.g. mail.example.org"
_LISTEN = "an address and a port from 1 to 65535, e.g. 127.0.0.1:9464 or [::1]:9464"
_ROUTING_KEY = "the 32 letters and digits of the integration's key"
_HEADER = "the name of a header that is not ours to set, e.g. Authorization"
_HEADER_VALUE = "1 to 4000 printable ASCII characters, without blanks around them"
_PATTERN = "the name of a source, in which * matches anything, e.g. erp-*"

_OUR_HEADERS = (
    *(
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
    ),
    *(
        "idempotency-key",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ),
    *("user-agent",),
)
_OUR_PREFIXES = ("headroom-", "x-headroom-", "webhook-")


def _header(text: str) -> None:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", text):
        raise wrong("which is not the name of a header", _HEADER)
    if text.lower() in _OUR_HEADERS or text.lower().startswith(_OUR_PREFIXES):
        raise wrong("which Headroom sets itself", _HEADER)


def _moment(text: str) -> None:
    try:
        moment_of(text)
    except ValueError:
        raise wrong("which is no day with a time", _MOMENT) from None


def _pace(text: str) -> None:
    try:
        pace = pace_of(text)
    except ValueError:  # UnitError is one
        raise wrong("which is no number per duration", _PACE) from None
    if not (1 <= pace.messages <= 1000 and timedelta(seconds=1) <= pace.per <= timedelta(days=1)):  # noqa: PLR2004 as _PACE says
        raise wrong("which is out of bounds", _PACE)


def _listen(text: str) -> None:
    try:
        _, port = place_of(text)
    except ValueError:
        raise wrong("which is no address with a port", _LISTEN) from None
    if not 1 <= port <= 65535:  # noqa: PLR2004 the ports of TCP
        raise wrong("which has no such port", _LISTEN)


def _repeat(text: str) -> None:
    what = wrong_with_repeat(text)
    if what:
        raise wrong(what, REPEAT_FORM)


def days_of(texts: list[str]) -> frozenset[int]:
    """Return the days that texts of `Days` name, 0 for Monday: "mon-wed,sat" gives 0, 1, 2 and 5."""
    found: set[int] = set()
    for part in ",".join(texts).replace(" ", "").split(","):
        first, _, last = part.partition("-")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found.update((begin + ahead) % 7 for ahead in range((end - begin) % 7 + 1))
    return frozenset(found)


def clock_of(text: str) -> time:
    """Return a time of day; 24:00, the end of a day, is the 00:00 of the next one."""
    hour, _, minute = text.partition(":")
    return time(int(hour) % 24, int(minute))


def moment_of(text: str) -> datetime:
    """Return a day and time without a time zone, or raise ValueError."""
    if not re.fullmatch(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{_TIMES}", text):
        raise ValueError("no day with a time")
    return datetime.strptime(text.replace("T", " "), "%Y-%m-%d %H:%M")  # noqa: DTZ007 clocks of a place


def pace_of(text: str) -> Pace:
    """Return the pace that a text such as "20 per 5m" tells, or raise ValueError."""
    count, separator, per = text.partition(" per ")
    if not separator or not re.fullmatch(r"[0-9]{1,6}", count):
        raise UnitError("no pace", _PACE)
    return Pace(int(count), parse_duration(per))


def place_of(text: str) -> tuple[str, int]:
    """Return host and port of a text such as "[::1]:9464", or raise ValueError."""
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9a-zA-Z._-]{1,253})):([0-9]{1,5})", text)
    if not match:
        raise ValueError("no address with a port")
    return match[1] or match[2], int(match[3])


Words = Annotated[
    str, matching(r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]{1,100}$", "which is no such text", _WORDS)
]
"""For names that stand in subjects of mail and in labels: no line breaks."""
Remind = Annotated[str, span(timedelta(minutes=1), timedelta(days=31), zero=True)]
Digest = Annotated[str, span(timedelta(minutes=1), timedelta(days=1), zero=True)]
Beat = Annotated[str, span(timedelta(seconds=10), timedelta(days=1))]
Clock = Annotated[str, matching(f"^{_TIMES}$", "which is no time of day", _CLOCK)]
ClosingClock = Annotated[str, matching(f"^(?:{_TIMES}|24:00)$", "which is no time of day", _CLOCK)]
_Days = Annotated[str, matching(f"^{_RANGE}(?:, ?{_RANGE}){{0,6}}$", "which names no days", _DAYS_FORM)]
Days = Annotated[
    list[_Days],
    BeforeValidator(listed, json_schema_input_type=_Days | list[_Days]),
    Field(min_length=1, max_length=7),
]
Moment = Annotated[str, Checked(_moment, _MOMENT, rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T]{_TIMES}$")]
Repeat = Annotated[str, Checked(_repeat, REPEAT_FORM, REPEAT_PATTERN)]
Zone = Annotated[str, matching(r"^[A-Za-z0-9_+/-]{1,64}$", "which is no time zone", _ZONE)]
AtMost = Annotated[str, Checked(_pace, _PACE, rf"^[0-9]{{1,4}} per {DURATION_PATTERN.removeprefix('^')}")]
Mail = Annotated[
    str,
    matching(
        r"^[0-9A-Za-z!#$%&'*+/=?^_`{|}~.-]{1,64}@[0-9A-Za-z._-]{1,253}$", "which is no address of mail", _MAIL
    ),
]
Mails = Annotated[
    list[Mail],
    BeforeValidator(listed, json_schema_input_type=Mail | list[Mail]),
    Field(min_length=1, max_length=50),
]
Host = Annotated[
    str, matching(r"^(?:[0-9A-Za-z._-]{1,253}|[0-9a-fA-F:.]{2,45})$", "which is no server", _HOST)
]
Listen = Annotated[str, Checked(_listen, _LISTEN, r"^.{1,255}:[0-9]{1,5}$")]
RoutingKey = Annotated[str, matching("^[0-9A-Za-z]{32}$", "which is no such key", _ROUTING_KEY)]
ChannelHeader = Annotated[str, Checked(_header, _HEADER)]
ChannelHeaderValue = Annotated[
    str, matching(r"^[!-~](?:[ -~]{0,3998}[!-~])?$", "which is no value of a header", _HEADER_VALUE)
]
_SourcePattern = Annotated[str, matching(r"^[a-z0-9_*?-]{1,64}$", "which is no pattern of sources", _PATTERN)]
SourcePatterns = Annotated[
    list[_SourcePattern],
    BeforeValidator(listed, json_schema_input_type=_SourcePattern | list[_SourcePattern]),
    Field(min_length=1, max_length=100),
]
Addresses = Annotated[
    list[Address],
    BeforeValidator(listed, json_schema_input_type=Address | list[Address]),
    Field(min_length=1, max_length=20),
]
Channels = Annotated[list[Name], Field(min_length=1, max_length=100)]
SubjectPattern = LabelValue
"""The value of a label, in which * matches anything."""
