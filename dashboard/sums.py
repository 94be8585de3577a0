"""What was recorded of several measures in a period, by stretches of time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboard.added import added, level
from headroom.evidence import Evidence
from headroom.observation import Series

Columns = Mapping[datetime, tuple[Evidence, ...]]


@dataclass(frozen=True, slots=True)
class Sums:
    """What was recorded of several measures in a period.

    Attributes:
        columns: of each series, its sums by where each stretch of time begins, oldest first.
        since, until: the period: from where the evidence begins, if that is later.
        step: the length of a stretch.
    """

    columns: Mapping[Series, Columns]
    since: datetime
    until: datetime
    step: timedelta

    def whole(self, series: Series) -> tuple[Evidence, ...]:
        """Return the sums of a series over the period; none where nothing was recorded."""
        return added(part for parts in self.columns.get(series, {}).values() for part in parts)

    def course(self, series: Series) -> list[float | None]:
        """Return the mean of each stretch of the period, None where nothing was recorded."""
        found = self.columns.get(series, {})
        begun = min((start for ones in self.columns.values() for start in ones), default=self.since)
        count = max(0, (self.until - begun) // self.step) + 1
        return [level(found.get(begun + k * self.step, ())) for k in range(count)]

    def of(self, measure: str) -> list[Series]:
        """Return the series of a measure, in the order of their subjects."""
        return sorted(series for series in self.columns if series.measure == measure)
