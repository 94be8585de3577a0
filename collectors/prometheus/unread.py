"""What a Prometheus knows of and could not read: the targets whose scrapes fail."""

from __future__ import annotations

from collections.abc import Iterable

from collectors.prometheus.asked import OF_CONTAINERS, OF_MACHINES, OF_PROCESSES
from collectors.prometheus.health import Health
from headroom.budgets import Measure
from headroom.observation import Unread

_SERIES = {**OF_MACHINES, **OF_CONTAINERS, **OF_PROCESSES}


def unread(measures: Iterable[Measure], health: Health) -> tuple[Unread, ...]:
    """Return by measure the targets that give it, or may, and whose newest scrape failed.

    One that left service discovery is not among them: it has no `up` any more.
    """
    found = []
    for measure in measures:
        series = _SERIES.get(measure.kind, (measure.of,))[0]
        known = {scrape.target for scrape in health.failing(series, known=True)}
        for scrape in health.failing(series):
            job, instance = scrape.target
            labels = (("instance", instance), ("job", job))
            found.append(Unread(measure.key, labels, scrape.target in known))
    return tuple(found)
