"""The result of auditing one rule of the guide."""

from __future__ import annotations

from dataclasses import dataclass

from headroom.budgets import Subject
from headroom.checks import State


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says of one subject.

    Attributes:
        rule: stable, for scripts: "postgres.index.required".
        subject: sorted labels: what it is about, such as (("index", "idx_…"), ("source", "erp-db")).
        guide: the place in the guide, and what it says there, in a few words.
        found: what was found, one sentence with the figures.
        fix: what mends it, fit to be pasted; empty where nothing needs mending.
        migration: statements, each ending in a semicolon, that a person can run to mend it; empty where it
            is not mended by SQL, or where running it needs a thought that no script can have.
    """

    rule: str
    subject: Subject
    state: State
    guide: str
    found: str
    fix: str = ""
    migration: tuple[str, ...] = ()
