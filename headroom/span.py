"""The interval between two polls by the source's clock, and when it is too long to be judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from headroom.observation import Quality

GAP = 2.2  # polls: longer than two, with a tenth for jitter

_ORDER = (
    Quality.EXACT,
    Quality.FIRST_SEEN,
    Quality.RESET,
    Quality.UNSORTED,
    Quality.LOST,
    Quality.RUNNING,
    Quality.UNFINISHED,
    Quality.GAP,
    Quality.SUSPECT,
)


@dataclass(frozen=True, slots=True)
class Span:
    """From one poll to the next.

    Attributes:
        seconds: its length; 0 where the clock went back, for then it is unknown.
        quality: exact, or gap where it is too long, or of unknown length, to be judged.
    """

    start: datetime
    end: datetime
    seconds: float
    quality: Quality
    detail: str = ""


def span(start: datetime, end: datetime, every: timedelta) -> Span:
    """Return the interval between two polls that were due `every` so often."""
    seconds = (end - start).total_seconds()
    if seconds <= 0:
        detail = f"the server's clock went back by {-seconds:.0f} s: how long this interval was is unknown"
        return Span(end, end, 0.0, Quality.GAP, detail)
    if seconds > GAP * every.total_seconds():
        detail = f"no reading for {seconds:.0f} s, where one was due every {every.total_seconds():g} s"
        return Span(start, end, seconds, Quality.GAP, detail)
    return Span(start, end, seconds, Quality.EXACT)


def worst(*qualities: Quality) -> Quality:
    """Return the quality that says least for the evidence."""
    return max(qualities, key=_ORDER.index)
