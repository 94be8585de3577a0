"""The answer to a scrape: read and written beside the event loop, once for all who ask within a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client import generate_latest as as_plain
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST as OPENMETRICS
from prometheus_client.openmetrics.exposition import generate_latest as as_openmetrics
from prometheus_client.registry import Collector

from headroom.config import Config
from headroom.history import History, HistoryError
from monitor.aside import Aside
from monitor.serve.own import Own
from monitor.serve.recorded import families, recorded

log = logging.getLogger("headroom.serve")

PATIENCE = 5.0
"""Seconds for reading the history: half of what a Prometheus waits at least."""
KEPT = 1.0
"""Seconds for which a text is given again: two servers that ask together cost one reading."""


class Scrape:
    """Makes the text of /metrics."""

    def __init__(
        self,
        config: Config,
        history: History,
        own: Own,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._config = config
        self._history = history
        self._own = own
        self._wall = wall
        self._aside = Aside("headroom-metrics")
        self._one = asyncio.Lock()
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._failed = False

    async def text(self, accept: str) -> tuple[str, bytes]:
        """Return content type and text; without what the history knows where it cannot be read in time."""
        kind = negotiated(accept)
        try:
            async with asyncio.timeout(PATIENCE), self._one:
                at, kept = self._kept.get(kind, (0.0, b""))
                if not kept or monotonic() - at > KEPT:
                    kept = await self._aside(partial(self._whole, kind), PATIENCE)
                    self._kept[kind] = (monotonic(), kept)
                return kind, kept
        except TimeoutError:
            return kind, written(kind, _Exposed(self._own, None))

    def _whole(self, kind: str) -> bytes:
        try:
            found = tuple(families(recorded(self._config, self._history, self._wall())))
        except HistoryError as error:
            if not self._failed:
                log.warning("/metrics goes without what the history knows: %s", error)
            self._failed = True
            return written(kind, _Exposed(self._own, None))
        self._failed = False
        return written(kind, _Exposed(self._own, found))


def negotiated(accept: str) -> str:
    """Return the content type for an Accept header: OpenMetrics where it is asked for, else plain text.

    One version of each: whatever else of the header were repeated in the answer would be a stranger's text.
    """
    kinds = {each.split(";")[0].strip().lower() for each in accept.split(",")}
    return OPENMETRICS if "application/openmetrics-text" in kinds else CONTENT_TYPE_PLAIN_0_0_4


def written(kind: str, exposed: Collector) -> bytes:
    """Return the metrics as text of a content type."""
    if kind == OPENMETRICS:
        text: bytes = as_openmetrics(exposed, version="1.0.0")  # type: ignore[no-untyped-call]
        return text
    return as_plain(exposed)


class _Exposed:
    """All metrics; those of the history only where it could be read."""

    def __init__(self, own: Own, found: tuple[Metric, ...] | None) -> None:
        self._own = own
        self._found = found

    def collect(self) -> Iterator[Metric]:
        for metric in self._own.collect():
            # When each counter began says what headroom_start_time_seconds says, in twice as many series.
            metric.samples = [one for one in metric.samples if not one.name.endswith("_created")]
            yield metric
        yield GaugeMetricFamily(
            "headroom_history_up",
            "1: the history could be read; 0: not, and the metrics that it knows are missing.",
            value=float(self._found is not None),
        )
        yield from self._found or ()
