"""The configuration as the rest of Headroom sees it: frozen, checked, and safe to log."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from headroom.alerting import USUAL, Alerting
from headroom.budgets import Budget
from headroom.channels import Channel
from headroom.policies import NOTHING, Policies
from headroom.routing import Route
from headroom.sources import EndpointRules, QueryRules, Source


@dataclass(frozen=True, slots=True)
class Config:
    """All that a budgets.yaml says.

    Attributes:
        path: the file, absolute.
        text: the file as written, with literal passwords and channel addresses hidden; fit to be stored.
        digest: SHA-256 of `text`, in hexadecimal: the identity of this version.
        history: SQLAlchemy's address of the history.
    """

    path: Path
    text: str = field(repr=False)
    digest: str
    history: str = field(repr=False)
    sources: tuple[Source, ...]
    endpoints: EndpointRules = field(repr=False)
    queries: QueryRules = field(repr=False)
    budgets: tuple[Budget, ...] = field(repr=False)
    alerting: Alerting = USUAL
    policies: Policies = NOTHING

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The receivers of alerts."""
        return self.alerting.channels

    @property
    def routes(self) -> tuple[Route, ...]:
        """Which alerts go where."""
        return self.alerting.routes
