"""Which parts belong to the window that is judged, and how much of it they cover."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from headroom.observation import Part


class Held(Protocol):
    """A part and the moment, by our clock, at which it was recorded."""

    @property
    def at(self) -> datetime:
        """When it was recorded."""
        ...

    @property
    def part(self) -> Part:
        """What was recorded."""
        ...


HeldT = TypeVar("HeldT", bound=Held)


def in_window(held: Sequence[HeldT], *, at: datetime, length: timedelta) -> list[HeldT]:
    """Return the parts, newest first by sequence, that were recorded in the window that ends at `at`.

    Recording times fall along the sequence unless the clock was set; where one rises, what lies behind it
    was recorded under another time and may be of any age, so it ends the window.
    """
    kept: list[HeldT] = []
    latest = at
    for one in held:
        if one.at > latest or one.at <= at - length:
            break
        latest = one.at
        kept.append(one)
    return kept


def covered_by(parts: Sequence[Part]) -> timedelta:
    """Return how much time the parts stand for together; where they overlap, it counts once."""
    covered, until = timedelta(0), datetime.min.replace(tzinfo=UTC)
    for start, end in sorted({(part.start, part.end) for part in parts}):
        if end > until:
            covered += end - max(start, until)
            until = end
    return covered
