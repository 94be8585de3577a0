"""The two families of classes that a histogram may be asked about: those of requests and those of queries."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.prometheus.asked import Asked
from collectors.prometheus.snapshot import Buckets
from collectors.prometheus.words import printable
from headroom.budgets import Measure
from headroom.sources import EndpointRules, QueryRules

IGNORED = "ignored"
QUERIES = "queries."
"""What stands before a query class in a measure's group; all other groups are of requests."""
_OFFENCE = "5"


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests, by method, path, status and further labels; 5xx are failures.

    Attributes:
        prefix: what stands before the class in a measure's group.
        events: what is counted, in sentences.
        remedy: what to do about events of no class.
    """

    rules: EndpointRules
    prefix: str = "endpoints."
    events: str = "requests"
    remedy: str = "add a class, or ignore them"

    def of(self, one: Buckets) -> str | None:
        """Return the class, "ignored", or None."""
        return self.rules.class_of(one.method, one.path, one.status, dict(one.labels))

    def failed(self, one: Buckets) -> bool:
        """Tell whether the status is 500 to 599, or "5xx"."""
        return len(one.status) == 3 and one.status[0] == _OFFENCE  # noqa: PLR2004 the length of a status

    def tells_failures(self, one: Buckets) -> bool:
        """Tell whether there is a status."""
        return bool(one.status)

    def name(self, one: Buckets) -> str:
        """Return method and path."""
        return f"{one.method} {one.path}".strip() or "without method and path"


@dataclass(frozen=True, slots=True)
class Queries:
    """Queries that an application times itself, by the labels that their classes name."""

    rules: QueryRules
    prefix: str = QUERIES
    events: str = "queries"
    remedy: str = "add their labels to a class of classes.queries"

    def of(self, one: Buckets) -> str | None:
        """Return the class, or None."""
        return self.rules.classify(dict(one.labels))

    def failed(self, one: Buckets) -> bool:  # noqa: ARG002 the protocol's signature
        """Return False: nothing tells."""
        return False

    def tells_failures(self, one: Buckets) -> bool:  # noqa: ARG002 the protocol's signature
        """Return False: nothing tells."""
        return False

    def name(self, one: Buckets) -> str:
        """Return the labels that decide, as PromQL spells them."""
        asked = self.rules.asked
        told = [f'{name}="{printable(value, 40)}"' for name, value in one.labels if name in asked]
        return " ".join(told) or f"without {' and '.join(asked) or 'labels'}"


Family = Requests | Queries
"""How the label sets of a histogram fall into classes, and how sentences call what they count."""


def family_of(measure: Measure, asked: Asked) -> Family:
    """Return the family that a histogram measure's class belongs to."""
    return Queries(asked.queries) if measure.group.startswith(QUERIES) else Requests(asked.endpoints)
