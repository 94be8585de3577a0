"""Reading one Prometheus for the audit: by a session of its own, within seconds, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

from collectors.prometheus.asked import named
from collectors.prometheus.audited.asking import Asking
from collectors.prometheus.audited.breakers import breakers_of
from collectors.prometheus.audited.containers import containers_of
from collectors.prometheus.audited.counted import Counted
from collectors.prometheus.audited.limited import NoStatusError, limited_by
from collectors.prometheus.wire.address import Address
from collectors.prometheus.wire.session import BoundedSession
from collectors.prometheus.wire.thread import OneAtATime
from collectors.prometheus.words import listed
from headroom.audit.application.facts import Metrics
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.policies import LayerPolicy
from headroom.sources import EndpointRules, Source

SECONDS = 30.0
"""That all questions together may take."""
PERIOD = 3600.0
"""Seconds that differences of counters span, where the server knows that much."""
_GRACE = 0.5  # seconds that a call may take to notice its own deadline before it is abandoned
_MOST_GAUGES = 1_000
Part = TypeVar("Part")


async def read(
    source: Source,
    endpoints: EndpointRules,
    histograms: Collection[str],
    layers: Sequence[LayerPolicy],
    now: datetime,
    *,
    period: float = PERIOD,
) -> Metrics:
    """Return what one Prometheus knows of containers, refused requests, breakers and in-memory layers.

    Args:
        source: of kind prometheus.
        endpoints: how requests fall into classes.
        histograms: the metrics of requests that the budgets of this source are held to.
        layers: policies of any source; those of others are left alone.
        now: UTC, when the audit was asked for.
        period: seconds that differences of counters span; less where the server knows less.

    Raises:
        SourceError: it cannot be asked at all. What only a part of it refuses, `Metrics.why` says.
    """
    address = Address.of(source)
    session = BoundedSession(address)
    mine = [policy for policy in layers if policy.source == source.name]

    def work() -> Metrics:
        with session.within(SECONDS):
            asking = Asking(address, session)
            asking.begin()
            return _Reading(source.name, asking, now).metrics(endpoints, sorted(histograms), mine, period)

    try:
        async with asyncio.timeout(SECONDS + _GRACE):
            return await OneAtATime[Metrics](f"audit {address.place}").run(work)
    except TimeoutError:
        raise SourceError(
            Reason.UNREACHABLE,
            f"Prometheus at {address.place} did not finish within {SECONDS:.3g} s; is it, or the way to it, "
            "overloaded?",
        ) from None
    finally:
        session.close()


class _Reading:
    def __init__(self, source: str, asking: Asking, now: datetime) -> None:
        self._source = source
        self._asking = asking
        self._now = now
        self._why: dict[str, str] = {}

    def metrics(
        self,
        endpoints: EndpointRules,
        histograms: Sequence[str],
        layers: Sequence[LayerPolicy],
        period: float,
    ) -> Metrics:
        counted = Counted(self._asking)
        self._part("counters", lambda: counted.begin(period))
        containers = self._part("containers", lambda: containers_of(self._asking, counted))
        limited = None
        if histograms:
            before = set(counted.newcomers)
            limited = self._part("limited", lambda: limited_by(counted, histograms, endpoints))
            self._newcomers(sorted(counted.newcomers - before))
        breakers = self._part("breakers", lambda: breakers_of(self._asking, counted))
        told = {policy.name: ends for policy in layers if (ends := self._layer(policy)) is not None}
        return Metrics(
            self._source,
            self._now,
            counted.seconds,
            containers,
            limited,
            breakers,
            told if layers else None,
            tuple(dict.fromkeys(self._why.values())),
            self._why,
        )

    def _part(self, about: str, ask: Callable[[], Part]) -> Part | None:
        try:
            return ask()
        except SourceError as error:
            self._why[about] = error.message
        except NoStatusError as error:
            self._why[about] = str(error)
        return None

    def _newcomers(self, targets: Sequence[Any]) -> None:
        if targets:
            names = listed([self._asking.quotable(named(target), 120) for target in targets])
            self._why.setdefault(
                "limited",
                f"what {names} counted is not known: scraped only since, and without a time of its start",
            )

    def _layer(self, policy: LayerPolicy) -> tuple[float, float] | None:
        told = self._part("layers", lambda: self._asking.vector(policy.gauge, _MOST_GAUGES))
        values = [value for _, value in told or ()]
        return (min(values), max(values)) if values else None
