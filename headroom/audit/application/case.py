"""What a rule about the application is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from headroom.audit.application.facts import Doors, Metrics
from headroom.audit.finding import Finding
from headroom.budgets import Budget
from headroom.observation import Part, Series
from headroom.policies import Policies


@dataclass(frozen=True, slots=True)
class ApplicationCase:
    """The application, as its rules see it.

    Attributes:
        doors: None where the file declares no application, or its address is not set.
        metrics: of each Prometheus that could be read.
        parts: recorded evidence of processes (`headroom.recorded.PROCESS_MEMORY` and HEAP) of the last two
            days, newest first; empty where nobody collected.
    """

    policies: Policies
    budgets: tuple[Budget, ...] = ()
    doors: Doors | None = None
    metrics: tuple[Metrics, ...] = ()
    parts: Mapping[Series, tuple[Part, ...]] = field(default_factory=dict)


ApplicationRule = Callable[[ApplicationCase], Iterable[Finding]]
"""Pure: the same case gives the same findings."""
