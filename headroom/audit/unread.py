"""What the audit could not read, as findings: silence about it would pass for a pass."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.case import Case
from headroom.audit.finding import Finding
from headroom.audit.labels import of_database
from headroom.checks import State

RULE = "postgres.catalogue"
_GUIDE = "Index Strategy"


def unread(case: Case) -> Iterator[Finding]:
    """Yield a finding for each thing that was not read."""
    for sentence in case.facts.skipped:
        yield Finding(RULE, of_database(case.facts), State.CANNOT_CHECK, _GUIDE, sentence)
