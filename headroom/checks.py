"""What `headroom doctor` finds: can budgets be decided at all, and is what measures them sound?

Its states are those of the audit's findings, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check came out."""

    PASS = "pass"  # noqa: S105 a word of the documented output, no secret
    WARN = "warn"  # works in part, or may mislead
    FAIL = "fail"  # cannot work as it is
    CANNOT_CHECK = "cannot check"
    NOT_APPLICABLE = "not applicable"
    BY_HAND = "by hand"  # cannot be seen from outside: a person has to confirm it, or has


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        id: stable, for scripts: what was checked, and of what: "decidable:api.login:p95".
        title: what was asked, in a few words.
        detail: what was found, one sentence with the figures.
        fix: what mends it, fit to be pasted; empty where nothing needs mending.
    """

    id: str
    state: State
    title: str
    detail: str
    fix: str = ""
