"""Times in which nothing was judged: Headroom did not run, its machine was suspended, or it stood still."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from headroom.history import Poll
from headroom.standpoint import late_after
from headroom.units import format_duration

NOTICED = timedelta(seconds=10)
"""So long a time between two looks, which are a second apart, is one in which nothing was judged."""


class Cause(StrEnum):
    """Why nothing was judged."""

    NOT_RUNNING = "Headroom did not run"
    SUSPENDED = "the machine was suspended"
    STALLED = "the process stood still"


@dataclass(frozen=True, slots=True)
class Sleep:
    """A time in which nothing was judged; both ends by our clock, UTC, as it stands after it."""

    begin: datetime
    end: datetime
    why: Cause

    @property
    def span(self) -> timedelta:
        """How long it lasted."""
        return self.end - self.begin

    @property
    def sentence(self) -> str:
        """The whole story for people."""
        lasted = format_duration(timedelta(seconds=int(self.span.total_seconds())))
        return (
            f"{self.why.value} from {self.begin:%Y-%m-%d %H:%M:%S} to {self.end:%Y-%m-%d %H:%M:%S} UTC "
            f"({lasted}); nothing was judged in that time"
        )


@dataclass(frozen=True, slots=True)
class Clocks:
    """One reading of three clocks.

    Attributes:
        monotonic: seconds; stands still while the machine is suspended, and is never set.
        awake: seconds of the same kind that go on in suspension: Linux's CLOCK_BOOTTIME.
    """

    wall: datetime
    monotonic: float
    awake: float


def read_clocks() -> Clocks:
    """Read the clocks; where the system has only one monotonic clock, no suspension can be told."""
    monotonic = time.monotonic()
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    awake = monotonic if boot is None else time.clock_gettime(boot)
    return Clocks(datetime.now(UTC), monotonic, awake)


class Watch:
    """Notices at each look what happened since the last one; look about once a second.

    A virtual machine that is paused by its host stops all three clocks: it looks like a clock that was set.
    """

    def __init__(self, *, noticed: timedelta = NOTICED, read: Callable[[], Clocks] = read_clocks) -> None:
        self._noticed = noticed.total_seconds()
        self._read = read
        self._before = read()
        self.step = 0.0
        """Seconds by which the wall clock was set before the last look: all plans by it are void."""

    def look(self, expected: float = 1.0) -> Sleep | None:
        """Return the time in which nothing was judged since the last look, if there was one.

        Args:
            expected: seconds since the last look, had nothing happened.
        """
        before, after = self._before, self._read()
        self._before = after
        passed = after.awake - before.awake
        # The two clocks are read one after the other: what is between them may grow by a stall, not shrink.
        suspended = max(0.0, passed - (after.monotonic - before.monotonic))
        self.step = (after.wall - before.wall).total_seconds() - passed
        away = passed - expected
        if away <= self._noticed:
            return None
        why = Cause.SUSPENDED if suspended > away / 2 else Cause.STALLED
        return Sleep(after.wall - timedelta(seconds=away), after.wall, why)


def not_running(polls: Iterable[Poll], shortest: timedelta, now: datetime) -> Sleep | None:
    """Return the time before this process in which none ran, if it was long enough to matter.

    Long enough is what makes a verdict too old to be shown: three times the shortest interval, and a minute
    at least, so that a restart is no news.

    Args:
        polls: the newest of each source in the history, good or not.
        shortest: of the intervals of the sources.
        now: our clock, UTC. Before the newest poll, it was set back, and nothing can be told.
    """
    last = max((poll.at + poll.duration for poll in polls), default=None)
    if last is None or now - last <= late_after(shortest):
        return None
    return Sleep(last, now, Cause.NOT_RUNNING)
