"""The texts that budgets.yaml is made of: what each may look like, in code and in the JSON Schema.

Every type names what is allowed once; error messages and editors show the same sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from headroom.units import (
    DURATION_PATTERN,
    RATE_PATTERN,
    SHARE_PATTERN,
    UnitError,
    format_duration,
    parse_duration,
)

_ID = "1 to 64 lower-case letters and digits, joined by . _ or -, e.g. api.login"
_NAME = "1 to 64 lower-case letters and digits, joined by _ or -, e.g. erp-db"
_TEXT = "a text of 1 to 500 characters (a bare number needs quotes)"
_PATH = "a path that begins with / or *, in which * also matches /, e.g. /files/*"
_METHOD = "an HTTP method in capital letters, e.g. POST"
_METRIC = "the name of a metric: letters, digits, _ and :, e.g. http_request_duration_seconds"
_REGEX = "a regular expression of 1 to 200 characters, e.g. ^refresh materialized"
_PATTERN = "the id of a budget, in which * matches anything, e.g. api.*"
_THRESHOLD = "a number with its unit, e.g. 200ms, 70% or 1 per 1000 commands"
_DATE = "a date as year-month-day, e.g. 2026-04-08"
_POOL = "max_connections, or the size of the pool as a whole number, e.g. 20"


def wrong(what: str, allowed: str) -> PydanticCustomError:
    """Return the error that says what is wrong with a value, without the value, and what is allowed."""
    return PydanticCustomError("wrong", "{what}; allowed: {allowed}", {"what": what, "allowed": allowed})


@dataclass(frozen=True, slots=True)
class Checked:
    """Marks a text type that must pass `check`; `pattern` is the part of the check that editors can do."""

    check: Callable[[str], None]
    allowed: str
    pattern: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        pattern = {"pattern": self.pattern} if self.pattern else {}
        return {**handler(schema), **pattern, "patternErrorMessage": f"allowed: {self.allowed}"}

    def _checked(self, text: str) -> str:
        self.check(text)
        return text


def _matching(pattern: str, what: str, allowed: str) -> Checked:
    def check(text: str) -> None:
        if not re.fullmatch(pattern, text):
            raise wrong(what, allowed)

    return Checked(check, allowed, pattern)


def _span(least: timedelta, most: timedelta) -> Checked:
    allowed = f"a duration from {format_duration(least)} to {format_duration(most)}, e.g. 15s"

    def check(text: str) -> None:
        try:
            span = parse_duration(text)
        except UnitError as error:
            raise wrong(f"which is {error.wrong}", error.allowed) from None
        if not least <= span <= most:
            raise wrong("which is too short" if span < least else "which is too long", allowed)

    return Checked(check, allowed, DURATION_PATTERN)


def _regex(text: str) -> None:
    try:
        if 1 <= len(text) <= 200:  # noqa: PLR2004 as _REGEX says
            re.compile(text)
            return
    except (re.error, RecursionError, OverflowError):
        pass
    raise wrong("which is no such expression", _REGEX)


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


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_WORD = "[a-z0-9]+"
_SHORTEST = timedelta(milliseconds=100)

Id = Annotated[str, _matching(rf"^(?=.{{1,64}}$){_WORD}(?:[._-]{_WORD})*$", "which is not an id", _ID)]
Name = Annotated[str, _matching(rf"^(?=.{{1,64}}$){_WORD}(?:[_-]{_WORD})*$", "which is not a name", _NAME)]
Text = Annotated[str, _matching(r"^[^\u0000]{1,500}$", "which is empty or too long", _TEXT)]
Every = Annotated[str, _span(_SHORTEST, timedelta(hours=1))]
Span = Annotated[str, _span(_SHORTEST, timedelta(days=31))]
Timeout = Annotated[str, _span(_SHORTEST, timedelta(minutes=1))]
Metric = Annotated[
    str, _matching(r"^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$", "which is not the name of a metric", _METRIC)
]
Date = Annotated[str, Checked(_date, _DATE, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Threshold = Annotated[
    str, Checked(_any_text, _THRESHOLD, f"{DURATION_PATTERN}|{SHARE_PATTERN}|{RATE_PATTERN}")
]

Address = Annotated[str, Checked(_any_text, "an address, or a ${NAME} or ${file:PATH} that holds one")]
EndpointClassName = Annotated[
    str, Checked(_any_text, "endpoints.NAME, a class of classes.endpoints", r"^endpoints\.")
]
QueryClassName = Annotated[str, Checked(_any_text, "queries.NAME, a class of classes.queries", r"^queries\.")]

_Path = Annotated[str, _matching(r"^[/*].{0,499}$", "which is no path pattern", _PATH)]
_Method = Annotated[str, _matching("^[A-Z]{1,20}$", "which is no HTTP method", _METHOD)]
_Regex = Annotated[str, Checked(_regex, _REGEX)]
_Pattern = Annotated[str, _matching(r"^[a-z0-9._*?-]{1,64}$", "which is no pattern of budget ids", _PATTERN)]
_Many = Field(min_length=1, max_length=100)
Paths = Annotated[list[_Path], BeforeValidator(_listed, json_schema_input_type=_Path | list[_Path]), _Many]
Methods = Annotated[
    list[_Method], BeforeValidator(_listed, json_schema_input_type=_Method | list[_Method]), _Many
]
Regexes = Annotated[
    list[_Regex], BeforeValidator(_listed, json_schema_input_type=_Regex | list[_Regex]), _Many
]
Patterns = Annotated[
    list[_Pattern], BeforeValidator(_listed, json_schema_input_type=_Pattern | list[_Pattern]), _Many
]
Connections = Annotated[
    str | int,
    BeforeValidator(_pool, json_schema_input_type=Literal["max_connections"] | Annotated[int, Field(ge=1)]),
]
