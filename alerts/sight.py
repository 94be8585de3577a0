"""What the verdicts on all limits of one row say together, to whoever decides on its incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from headroom.budgets import Outcome, Reason, Severity, Verdict

RANK = {Severity.WARNING: 0, Severity.CRITICAL: 1}
"""How loud a severity is."""


class Sight(Enum):
    """What the verdicts on a row say together."""

    OVER = auto()
    MET = auto()
    UNCLEAR = auto()  # there is evidence, but it cannot settle every limit
    LOST = auto()  # no traffic, or nothing to see at all


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts on one row at one moment.

    Attributes:
        at: our clock, for the record only.
        elapsed: time since the row was last judged, above zero.
    """

    verdicts: Sequence[Verdict]
    at: datetime
    elapsed: timedelta

    @property
    def over(self) -> list[Verdict]:
        """The verdicts that are over, the loudest and surest first."""
        over = [verdict for verdict in self.verdicts if verdict.outcome is Outcome.OVER]
        return sorted(over, key=lambda verdict: (-RANK[verdict.severity], not verdict.firm))

    @property
    def firm(self) -> list[Verdict]:
        """Those that are over so surely that somebody may be woken."""
        return [verdict for verdict in self.over if verdict.firm]

    @property
    def sight(self) -> Sight:
        """What the verdicts say together: over if any is, met only if all are."""
        # A threshold that nothing can reach is judged by nobody; it must not keep the others from clearing.
        judged = [verdict for verdict in self.verdicts if verdict.reason is not Reason.NO_LIMIT]
        outcomes = {verdict.outcome for verdict in judged}
        if Outcome.OVER in outcomes:
            return Sight.OVER
        if outcomes == {Outcome.MET}:
            return Sight.MET
        return Sight.UNCLEAR if outcomes & {Outcome.MET, Outcome.UNDECIDED} else Sight.LOST

    @property
    def detail(self) -> str:
        """The sentence of the verdict that matters most."""
        open_ones = [verdict for verdict in self.verdicts if verdict.outcome is not Outcome.MET]
        return next((verdict.detail for verdict in [*self.over, *open_ones, *self.verdicts]), "not judged")

    def swing(self, severity: Severity) -> Verdict | None:
        """Return the verdict by which what is over is louder than this for sure, or no longer as loud."""
        firm, rank = self.firm, RANK[severity]
        if firm and RANK[firm[0].severity] > rank:
            return firm[0]
        loudest = self.over[0]
        quieter = RANK[loudest.severity] < rank and self.cleared_above(loudest.severity)
        return loudest if quieter else None

    def cleared_above(self, severity: Severity) -> bool:
        """Tell whether every louder limit is met: one that cannot be told is no news of getting better."""
        louder = [verdict for verdict in self.verdicts if RANK[verdict.severity] > RANK[severity]]
        return all(verdict.outcome is Outcome.MET or verdict.reason is Reason.NO_LIMIT for verdict in louder)
