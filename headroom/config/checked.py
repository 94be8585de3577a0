"""How a text of budgets.yaml is checked: one sentence of what is allowed, for messages and editors alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from headroom.units import DURATION_PATTERN, UnitError, format_duration, parse_duration


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


def listed(value: object) -> object:
    """Return a single text as a list of it: for what may be one or several."""
    return [value] if isinstance(value, str) else value


def matching(pattern: str, what: str, allowed: str) -> Checked:
    """Return the mark of texts that match as a whole; `what` is wrong with all others."""

    def check(text: str) -> None:
        if not re.fullmatch(pattern, text):
            raise wrong(what, allowed)

    return Checked(check, allowed, pattern)


def span(least: timedelta, most: timedelta, *, zero: bool = False) -> Checked:
    """Return the mark of durations between two, which count in; `zero`: and of 0s."""
    example = "or 0s" if zero else "e.g. 15s"
    allowed = f"a duration from {format_duration(least)} to {format_duration(most)}, {example}"

    def check(text: str) -> None:
        try:
            given = parse_duration(text)
        except UnitError as error:
            raise wrong(f"which is {error.wrong}", error.allowed) from None
        if not least <= given <= most and not (zero and not given):
            raise wrong("which is too short" if given < least else "which is too long", allowed)

    return Checked(check, allowed, DURATION_PATTERN)
