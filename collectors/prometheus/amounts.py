"""Numbers and labels of exporters, checked, and the newest of each series."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from collectors.prometheus.samples import StrangeAnswerError
from collectors.prometheus.words import printable


def label(labels: Mapping[str, Any], name: str, longest: int = 80) -> str:
    """Return a label fit to be stored and shown; "" where it is missing."""
    value = labels.get(name, "")
    if not isinstance(value, str):
        raise StrangeAnswerError("labels that are no texts")
    if (value.isalnum() or value.isidentifier()) and len(value) <= longest:  # most are, and printable then
        return value
    return printable(value, longest)


def amount(text: str) -> float | None:
    """Return a number from 0 up; None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


class Newest:
    """The samples of one thing, by series and by what tells apart several of one series."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, tuple[float, str]]] = {}

    def add(self, series: str, part: str, at: float, text: str) -> None:
        """Take in a sample; of one part the newer one stays."""
        rows = self._rows.setdefault(series, {})
        if part not in rows or rows[part][0] <= at:
            rows[part] = at, text

    def at(self, series: str) -> float | None:
        """Return when a series was last sampled; None where it was not."""
        rows = self._rows.get(series)
        return max(at for at, _ in rows.values()) if rows else None

    @property
    def newest(self) -> float:
        """When anything was last sampled."""
        return max(at for rows in self._rows.values() for at, _ in rows.values())

    def rows(self, series: str, since: float | None = None) -> dict[str, str]:
        """Return the texts of a series' newest sample by part; {} where that is older than `since`."""
        newest = self.at(series)
        if newest is None or (since is not None and newest < since):
            return {}
        return {part: text for part, (at, text) in self._rows[series].items() if at == newest}
