"""Whose samples carry time stamps of their own instead of those of the scrapes that brought them.

All samples of one scrape have the time stamp of the `up` sample that it made
(https://prometheus.io/docs/concepts/jobs_instances/), unless the target stamps them: a federated Prometheus
does, and so do some exporters. Of those, a later scrape says nothing about when a series ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Any

from collectors.prometheus.asked import Target
from collectors.prometheus.levels import Levels
from collectors.prometheus.samples import target_of
from collectors.prometheus.snapshot import PrometheusSnapshot, Scrape

_LOOKED_AT = 200
"""Series of one target in one answer from which its spacing is told; all of them would tell the same."""


class Stamps:
    """Compares samples with scrapes, reading by reading; what it remembers is who stamps, and how often."""

    def __init__(self) -> None:
        self._own: dict[Target, float] = {}
        self._sampled: dict[Target, set[float]] = {}
        self._spacing: dict[Target, float] = {}

    def remember(self, snapshot: PrometheusSnapshot) -> None:
        """Take over what an earlier run knew."""
        self._own |= {one.target: one.own for one in snapshot.scrapes.values() if one.own is not None}

    def begin(self) -> None:
        """Forget the samples of the reading before."""
        self._sampled, self._spacing = {}, {}

    def own(self, target: Target) -> bool:
        """Tell whether a target was found to stamp its samples itself, up to the reading before."""
        return target in self._own

    def see(
        self, result: Any, sampled: Iterable[tuple[Target, float]], scrapes: Mapping[Target, Scrape]
    ) -> None:
        """Take note of the newest samples in an answer that was found to be one."""
        foreign: dict[Target, int] = {}
        for target, at in sampled:
            self._sampled.setdefault(target, set()).add(at)
            if target in scrapes and at not in scrapes[target].times:
                foreign[target] = 0
        if not foreign:
            return
        for one in result:
            target = target_of(one["metric"])
            if foreign.get(target, _LOOKED_AT) < _LOOKED_AT:
                foreign[target] += 1
                self._spaced(target, [at for at, *_ in one.get("values") or one.get("histograms") or ()])

    def see_levels(self, levels: Levels) -> None:
        """Take note of the samples of a gauge."""
        for one in levels.sets:
            self._sampled.setdefault(one.target, set()).add(one.at)
            self._spaced(one.target, [at for at, _ in one.samples])

    def marked(self, scrapes: Mapping[Target, Scrape]) -> dict[Target, Scrape]:
        """Return the scrapes, each with how far its samples lie apart where their time is the target's own.

        Of whom nothing was sampled, what was known of it before holds.
        """
        for target, times in self._sampled.items():
            scrape = scrapes.get(target)
            if scrape is None or not scrape.times or times & scrape.times:
                self._own.pop(target, None)
            elif min(times) <= scrape.at:  # a newer one may be of a scrape that ended while this was read
                self._own[target] = self._spacing.get(target, self._own.get(target, 0.0))
        self._own = {target: spacing for target, spacing in self._own.items() if target in scrapes}
        return {
            target: replace(scrape, own=self._own[target]) if target in self._own else scrape
            for target, scrape in scrapes.items()
        }

    def _spaced(self, target: Target, times: list[Any]) -> None:
        """Keep the widest spacing: behind a federation, each origin has a period of its own."""
        if len(times) > 1 and all(type(at) in {int, float} for at in times):
            spacing = median(later - earlier for earlier, later in pairwise(times))
            self._spacing[target] = max(self._spacing.get(target, 0.0), float(spacing))
