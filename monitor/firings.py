"""When the earlier incidents of each row fired: what tells flapping from a second fault."""

from __future__ import annotations

from datetime import datetime, timedelta

from headroom.budgets import Budget, Statistic, Subject
from headroom.incidents import About, Incident

Row = tuple[str, Statistic, Subject, About]
"""What an incident is of: budget, statistic, subject, and whether it is about a limit or about sight."""


def row_of(incident: Incident) -> Row:
    """Return what an incident is of."""
    return (incident.budget, incident.statistic, incident.subject, incident.about)


class Firings:
    """Moments by row, as far back as flapping looks; a cache that a restart rebuilds."""

    def __init__(self, within: timedelta) -> None:
        self._within = within
        self._moments: dict[Row, list[datetime]] = {}

    def remember(self, incident: Incident) -> None:
        """Keep when an incident that has ended had fired."""
        if incident.fired is not None and incident.ended is not None:
            moments = self._moments.setdefault(row_of(incident), [])
            if incident.fired not in moments:
                moments.append(incident.fired)

    def lately(self, row: Row, at: datetime) -> int:
        """Count the firings of a row; one that a set clock puts far ahead is as old as one far behind."""
        moments = self._moments.get(row)
        if not moments:
            return 0
        moments[:] = [one for one in moments if abs(at - one) <= self._within]
        if not moments:
            del self._moments[row]
        return len(moments)

    def of_sight(self, budget: Budget, subject: Subject, at: datetime) -> int:
        """Count the firings about sight of a budget, whichever of its rows was the first to be blind."""
        rows = ((budget.id, statistic, subject, About.BLIND) for statistic in budget.statistics)
        return sum(self.lately(row, at) for row in rows)
