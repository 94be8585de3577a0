"""What the collecting process tells of its own work, to whoever counts it."""

from __future__ import annotations

from typing import Protocol


class Tally(Protocol):
    """Counts polls, cycles and commits; `monitor.serve.own.Own` is one."""

    def polled(self, source: str, seconds: float, result: str) -> None:
        """Count a poll: `result` is "ok" or the value of a Reason."""
        ...

    def cycled(self, source: str, seconds: float) -> None:
        """Count a cycle of a source that was committed, whatever its poll gave."""
        ...

    def committed(self, seconds: float) -> None:
        """Count a commit."""
        ...

    def refused(self, sentence: str) -> None:
        """Count a commit that the history refused, and keep the sentence that says why."""
        ...


class Unheard:
    """Counts nothing: where nobody asks."""

    def polled(self, source: str, seconds: float, result: str) -> None:
        """Count nothing."""

    def cycled(self, source: str, seconds: float) -> None:
        """Count nothing."""

    def committed(self, seconds: float) -> None:
        """Count nothing."""

    def refused(self, sentence: str) -> None:
        """Count nothing."""
