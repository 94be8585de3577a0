"""How many keys SCAN is asked for at once, and how long to wait after it."""

from __future__ import annotations

from typing import Any

from redis.exceptions import ResponseError

from collectors.redis.census.session import Session

LARGEST, SMALLEST = 500, 200
DUTY = 0.05
"""Share of the server's main thread that a pass may take."""
TOO_LONG = 0.010
"""Seconds that one SCAN in a hundred may take: all others wait for it."""
_BOUND = 8455  # microseconds: the last bound of LATENCY HISTOGRAM, which doubles, below that
_SAMPLE = 100
_TWO = 2  # of a hundred: one alone may be a hiccup of ours


def pause(spent: float) -> float:
    """Return how long to wait after the server was busy for `spent` seconds."""
    return spent * (1 / DUTY - 1)


class Pace:
    """Makes the steps shorter where SCAN is slow.

    Round trips are longer than what the server needs: it is asked for its own figures only where they are
    too long, a first time to compare with, and believed. Where it tells none, round trips decide. Asked of
    every server, what some do not know or permit would be an error in their statistics at each audit.
    """

    def __init__(self) -> None:
        self.count = LARGEST
        self._scans = self._slow = 0
        self._before: tuple[int, int] | None = None

    async def fits(self, session: Session, round_trip: float) -> bool:
        """Take note of one SCAN; tell whether it can go on, perhaps in shorter steps."""
        self._scans += 1
        self._slow += round_trip > TOO_LONG
        if self._slow >= _TWO:
            self._scans = self._slow = 0
            before, self._before = self._before, await _own_times(session)
            return not _slow(before, self._before) or self.shorten()
        if self._scans >= _SAMPLE:
            self._scans = self._slow = 0
        return True

    def shorten(self) -> bool:
        """Take half as many keys at once; tell whether that was possible."""
        before, self.count = self.count, max(SMALLEST, self.count // 2)
        return self.count < before


def _slow(before: tuple[int, int] | None, now: tuple[int, int] | None) -> bool:
    """Tell whether more than one SCAN in a hundred took too long, by (slow, all) of the server's life."""
    if now is None:
        return True
    if before is None:
        return False
    slow, scans = now[0] - before[0], now[1] - before[1]
    return slow >= _TWO and slow * _SAMPLE > scans


async def _own_times(session: Session) -> tuple[int, int] | None:
    """Return how many SCANs took too long by the server's own clock, and how many there were."""
    (answer,) = await session.ask([("LATENCY", "HISTOGRAM", "SCAN")])
    if isinstance(answer, ResponseError):  # before 7.0, or not permitted
        return None
    counts = _paired(_paired(_paired(answer).get(b"scan")).get(b"histogram_usec"))
    calls = max(counts.values(), default=0)
    fast = max((count for bound, count in counts.items() if bound <= _BOUND), default=0)
    return calls - fast, calls


def _paired(answer: Any) -> dict[Any, Any]:
    """Return names and values that follow each other in a list; empty where it is none."""
    if not isinstance(answer, list):
        return {}
    pairs = zip(answer[::2], answer[1::2], strict=False)
    return {name: value for name, value in pairs if isinstance(name, bytes | int)}
