"""One Prometheus as a collector: reading it without ever holding up the event loop."""

from __future__ import annotations

import asyncio

from collectors.prometheus.asked import Asked
from collectors.prometheus.difference import difference
from collectors.prometheus.fetch import Reader
from collectors.prometheus.snapshot import PrometheusSnapshot, load
from collectors.prometheus.wire.address import Address
from collectors.prometheus.wire.thread import OneAtATime, StillBusyError
from headroom.budgets import Reason
from headroom.observation import Reading, Snapshot, SourceError

SHARE_OF_PERIOD = 0.7
"""How much of the time between two polls one reading may take; the caller gives up at 0.8."""
_GRACE = 0.2
"""Seconds that a call may take to notice its own deadline before it is abandoned."""


class PrometheusCollector:
    """Reads one Prometheus, and tells what happened between two readings."""

    def __init__(self, address: Address, asked: Asked) -> None:
        self._asked = asked
        self._seconds = SHARE_OF_PERIOD * asked.every
        self._reader = Reader(address, asked, self._seconds)
        self._thread = OneAtATime[PrometheusSnapshot](f"prometheus {asked.source}")

    async def fetch(self) -> PrometheusSnapshot:
        """Read the source once, or raise SourceError."""
        who = f"Prometheus at {self._asked.place}"
        try:
            async with asyncio.timeout(self._seconds + min(_GRACE, 0.05 * self._asked.every)):
                return await self._thread.run(self._reader.read)
        except StillBusyError:
            message = f"still waiting for the previous answer of {who}; it is asked again once that is over"
        except TimeoutError:
            message = (
                f"{who} did not finish within {self._seconds:.3g} s; is it, or the way to it, overloaded?"
            )
        raise SourceError(Reason.UNREACHABLE, message) from None

    def difference(self, before: Snapshot | None, after: Snapshot) -> Reading:
        """Return what happened between two snapshots of this collector."""
        assert isinstance(after, PrometheusSnapshot)
        assert before is None or isinstance(before, PrometheusSnapshot)
        return difference(before, after, self._asked)

    def load(self, data: bytes) -> PrometheusSnapshot | None:
        """Return a dumped snapshot, or None; what it knows of the targets serves the next reading."""
        snapshot = load(data)
        if snapshot is not None:
            self._reader.remember(snapshot)
        return snapshot

    async def close(self) -> None:
        """Give back the connection; a call still under way ends by its own deadline."""
        self._reader.close()
