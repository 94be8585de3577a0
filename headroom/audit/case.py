"""What a rule of the audit is given: facts, earlier counters, and what is known of the statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from headroom.audit.facts import Facts
from headroom.audit.finding import Finding
from headroom.audit.past import Past
from headroom.budgets import Budget
from headroom.observation import Part, Series
from headroom.statements import Statement


@dataclass(frozen=True, slots=True)
class Case:
    """One source, as its rules see it.

    Attributes:
        facts: what was read now.
        past: the counters that an earlier audit read; None where there was none, or none is known.
        statements: shapes that were seen at the source; empty where nobody collected.
        parts: evidence of single statements (measure `headroom.statements.MEASURE`) of the last day, newest
            first in each series.
        budgets: those of the configuration.
    """

    facts: Facts
    past: Past | None = None
    statements: tuple[Statement, ...] = ()
    parts: Mapping[Series, tuple[Part, ...]] = field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of all statements known, each once; normalised, and without what may be a secret."""
        texts = [one.text for one in self.statements]
        if self.facts.workload is not None:
            texts += [one.text for one in self.facts.workload.seen]
        return tuple(dict.fromkeys(text for text in texts if text))


Rule = Callable[[Case], Iterable[Finding]]
"""Pure: the same case gives the same findings."""
