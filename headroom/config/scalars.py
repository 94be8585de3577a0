"""The texts that budgets.yaml is made of: what each may look like, in code and in the JSON Schema.

Every type names what is allowed once; error messages and editors show the same sentence.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from headroom.config.checked import Checked, listed, matching, span, wrong
from headroom.patterns import unpaired
from headroom.units import (
    DURATION_PATTERN,
    RATE_PATTERN,
    SHARE_FORM,
    SHARE_PATTERN,
    SIZE_FORM,
    SIZE_PATTERN,
    UnitError,
    parse_share,
    parse_size,
)

_ID = "1 to 64 lower-case letters and digits, joined by . _ or -, e.g. api.login"
_NAME = "1 to 64 lower-case letters and digits, joined by _ or -, e.g. erp-db"
_TEXT = "a text of 1 to 500 characters (a bare number needs quotes)"
_PATH = "a path that begins with / or *, in which * also matches /, e.g. /files/*"
_PAIRED = "braces and angle brackets in pairs around the name of one segment, e.g. /users/{id}"
_STATUS = "an HTTP status or several: 2xx, 4* or 404"
_CLASS_LABEL = "the name of a label that a histogram keeps: letters, digits and _, e.g. tenant"
_METHOD = "an HTTP method in capital letters, e.g. POST"
_METRIC = "the name of a metric: letters, digits, _ and :, e.g. http_request_duration_seconds"
_IN_SECONDS = (
    "a histogram of seconds, which is what Headroom reads: name one such as http_request_duration_seconds, "
    "or let the application count seconds"
)
_BARE = "the name of the histogram itself, without _bucket, _sum or _count"
_LABEL = "the name of a label: letters, digits and _, e.g. cache_type"
_LABEL_VALUE = "a text of 1 to 200 characters"
_REGEX = "a regular expression of 1 to 200 characters, e.g. ^refresh materialized"
_PATTERN = "the id of a budget, in which * matches anything, e.g. api.*"
_THRESHOLD = "a number with its unit, e.g. 200ms, 70% or 1 per 1000 commands"
_USER = "a user of 1 to 200 characters, without : and control characters"
_CREDENTIAL = "a text of 1 to 4000 printable characters (a bare number needs quotes)"
_BEARER = "1 to 16000 letters, digits and signs without blanks"
_HEADER = "the name of a header that is not ours to set, e.g. X-Scope-OrgID"
_DATE = "a date as year-month-day, e.g. 2026-04-08"
_POOL = "max_connections, or the size of the pool as a whole number, e.g. 20"


def _histogram(text: str) -> None:
    if not re.fullmatch(_METRIC_PATTERN, text):
        raise wrong("which is not the name of a metric", _METRIC)
    *before, last = re.split("[_:]+", text.lower())
    if before and last in _SERIES:
        raise wrong("which is one of the series of a histogram", _BARE)
    if last in _SECONDS:
        return
    unit = next((word for word in reversed((*before, last)) if word in _OTHER_TIMES), "")
    unit = unit or (last if before and last in _SHORT_TIMES else "")
    if unit:
        raise wrong(f"which is told in {unit}", _IN_SECONDS)
    if before and last in _NO_TIMES:
        raise wrong("which counts no durations by its name", _IN_SECONDS)


def _size(text: str) -> None:
    try:
        size = parse_size(text)
    except UnitError as error:
        raise wrong(f"which is {error.wrong}", error.allowed) from None
    if not size:
        raise wrong("which nothing fits into", SIZE_FORM)


def _share(text: str) -> None:
    try:
        share = parse_share(text)
    except UnitError as error:
        raise wrong(f"which is {error.wrong}", error.allowed) from None
    if not share:
        raise wrong("which leaves nothing", SHARE_FORM)


def _regex(text: str) -> None:
    try:
        if 1 <= len(text) <= 200:  # noqa: PLR2004 as _REGEX says
            re.compile(text)
            return
    except (re.error, RecursionError, OverflowError):
        pass
    raise wrong("which is no such expression", _REGEX)


def _route(text: str) -> None:
    if not re.fullmatch(r"[/*].{0,499}", text):
        raise wrong("which is no path pattern", _PATH)
    if unpaired(text):
        raise wrong("in which a brace or an angle bracket stands alone", _PAIRED)


def _header(text: str) -> None:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", text):
        raise wrong("which is not the name of a header", _HEADER)
    if text.lower() in _OUR_HEADERS:
        instead = "; log in with auth" if text.lower() == "authorization" else ""
        raise wrong("which Headroom sets itself", _HEADER + instead)


def _date(text: str) -> None:
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            date.fromisoformat(text)
            return
    except ValueError:
        pass
    raise wrong("which is not a date", _DATE)


def _pool(value: object) -> object:
    if value == "max_connections" or (type(value) is int and 1 <= value <= 1_000_000):  # noqa: PLR2004 a sane pool
        return value
    raise wrong("which is no number of connections", _POOL)


def _any_text(_text: str) -> None:
    """Leave the check to the rules, which know what is around it."""


def _statuses(value: object) -> object:
    """Take 404 for "404": no quotes are needed around what everybody writes as a number."""
    listed = value if isinstance(value, list) else [value]
    return [str(each) if type(each) is int else each for each in listed]


_WORD = "[a-z0-9]+"
_METRIC_PATTERN = r"^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$"
_SERIES = ("bucket", "sum", "count")
_SECONDS = ("seconds", "second", "secs", "sec", "s")
_OTHER_TIMES = tuple(
    f"{size}{word}"
    for size in ("milli", "micro", "nano")
    for word in ("seconds", "second", "secs", "sec", "s")
)
"""Words that mean a unit wherever they stand in a name."""
_SHORT_TIMES = (
    *("ms", "msec", "msecs", "us", "usec", "usecs", "ns", "nsec", "nsecs"),
    *("minutes", "minute", "mins", "hours", "hour", "days", "day", "weeks", "week"),
)
"""Words that mean a unit at the end of a name only: us_east_request_duration is no time."""
_NO_TIMES = (
    *("bytes", "byte", "kilobytes", "megabytes", "gigabytes", "kb", "mb", "gb", "kib", "mib", "gib", "bits"),
    *("total", "ratio", "percent", "celsius", "joules", "watts", "volts", "amperes", "meters", "grams"),
)
_SHORTEST = timedelta(milliseconds=100)
_OUR_HEADERS = (
    *("accept-encoding", "authorization", "connection", "content-length", "content-type", "cookie", "expect"),
    *("host", "keep-alive", "proxy-authorization", "range", "te", "trailer", "transfer-encoding", "upgrade"),
)

Id = Annotated[str, matching(rf"^(?=.{{1,64}}$){_WORD}(?:[._-]{_WORD})*$", "which is not an id", _ID)]
Name = Annotated[str, matching(rf"^(?=.{{1,64}}$){_WORD}(?:[_-]{_WORD})*$", "which is not a name", _NAME)]
Text = Annotated[str, matching(r"^[^\u0000]{1,500}$", "which is empty or too long", _TEXT)]
Every = Annotated[str, span(_SHORTEST, timedelta(hours=1))]
Span = Annotated[str, span(_SHORTEST, timedelta(days=31))]
Patience = Annotated[str, span(_SHORTEST, timedelta(days=31), zero=True)]
Timeout = Annotated[str, span(_SHORTEST, timedelta(minutes=1))]
Metric = Annotated[str, matching(_METRIC_PATTERN, "which is not the name of a metric", _METRIC)]
HistogramName = Annotated[str, Checked(_histogram, _METRIC, _METRIC_PATTERN)]
"""Names without any unit are taken at their word: the figures tell whether they are seconds."""
Label = Annotated[
    str, matching(r"^[a-zA-Z_][a-zA-Z0-9_]{0,199}$", "which is not the name of a label", _LABEL)
]
LabelValue = Annotated[
    str, matching(r"^[^\u0000-\u001f]{1,200}$", "which is empty or too long", _LABEL_VALUE)
]
Size = Annotated[str, Checked(_size, SIZE_FORM, SIZE_PATTERN)]
Share = Annotated[str, Checked(_share, SHARE_FORM, SHARE_PATTERN)]
Date = Annotated[str, Checked(_date, _DATE, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Threshold = Annotated[
    str, Checked(_any_text, _THRESHOLD, f"{DURATION_PATTERN}|{SHARE_PATTERN}|{RATE_PATTERN}")
]

Address = Annotated[str, Checked(_any_text, "an address, or a ${NAME} or ${file:PATH} that holds one")]
User = Annotated[str, matching(r"^[^:\u0000-\u001f\u007f]{1,200}$", "which is no user", _USER)]
Credential = Annotated[
    str,
    matching(r"^[^\u0000-\u001f\u007f]{1,4000}$", "which is empty, too long or not printable", _CREDENTIAL),
]
Token = Annotated[str, matching(r"^[!-~]{1,16000}$", "which is no token", _BEARER)]
HeaderName = Annotated[str, Checked(_header, _HEADER)]
HeaderValue = Credential
QueryClassName = Annotated[str, Checked(_any_text, "queries.NAME, a class of classes.queries", r"^queries\.")]
AnyClassName = Annotated[
    str,
    Checked(
        _any_text,
        "endpoints.NAME or queries.NAME, a class of classes.endpoints or classes.queries",
        r"^(?:endpoints|queries)\.",
    ),
]

_Path = Annotated[str, Checked(_route, _PATH, r"^[/*].{0,499}$")]
_Status = Annotated[
    str, matching(r"^[1-5](?:[xX]{2}|[0-9]{2}|[0-9]?\*)$", "which is no pattern of statuses", _STATUS)
]
_Method = Annotated[str, matching("^[A-Z]{1,20}$", "which is no HTTP method", _METHOD)]
_Regex = Annotated[str, Checked(_regex, _REGEX)]
_Pattern = Annotated[str, matching(r"^[a-z0-9._*?-]{1,64}$", "which is no pattern of budget ids", _PATTERN)]
_Many = Field(min_length=1, max_length=100)
Paths = Annotated[list[_Path], BeforeValidator(listed, json_schema_input_type=_Path | list[_Path]), _Many]
Methods = Annotated[
    list[_Method], BeforeValidator(listed, json_schema_input_type=_Method | list[_Method]), _Many
]
Statuses = Annotated[
    list[_Status],
    BeforeValidator(_statuses, json_schema_input_type=_Status | int | list[_Status | int]),
    _Many,
]
ClassLabel = Annotated[
    str,
    matching(
        r"^(?!le$|__)[a-zA-Z_][a-zA-Z0-9_]{0,199}$", "which is no label to tell classes by", _CLASS_LABEL
    ),
]
LabelValues = Annotated[
    list[LabelValue], BeforeValidator(listed, json_schema_input_type=LabelValue | list[LabelValue]), _Many
]
ClassLabels = Annotated[dict[ClassLabel, LabelValues], Field(min_length=1, max_length=20)]
_Tag = Annotated[
    str,
    matching(
        r"^[a-zA-Z_][a-zA-Z0-9_.-]{0,99}$",
        "which is no name of a tag",
        "letters, digits and _ . -, e.g. controller",
    ),
]
Tags = Annotated[dict[_Tag, LabelValues], Field(min_length=1, max_length=20)]
Regexes = Annotated[
    list[_Regex], BeforeValidator(listed, json_schema_input_type=_Regex | list[_Regex]), _Many
]
Patterns = Annotated[
    list[_Pattern], BeforeValidator(listed, json_schema_input_type=_Pattern | list[_Pattern]), _Many
]
_Glob = LabelValue
Globs = Annotated[list[_Glob], BeforeValidator(listed, json_schema_input_type=_Glob | list[_Glob]), _Many]
"""Names of roles or databases, * matching anything."""
Connections = Annotated[
    str | int,
    BeforeValidator(_pool, json_schema_input_type=Literal["max_connections"] | Annotated[int, Field(ge=1)]),
]
