"""One rule of the guide, and what can answer it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from hashlib import sha256

from headroom.audit.finding import Finding
from headroom.budgets import Subject


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the guide, by its headings."""

    chapter: str
    section: str

    def __str__(self) -> str:
        return f"{self.chapter} › {self.section}"  # noqa: RUF001 how places are cited


class Asked(Enum):
    """Who is asked for what answers a rule."""

    POSTGRES = auto()
    REDIS = auto()
    PROMETHEUS = auto()
    DOORS = auto()  # the application's HTTP doors
    DOCTOR = auto()  # what only two readings of a Prometheus tell
    BUDGETS = auto()  # budgets.yaml itself
    NOBODY = auto()  # it cannot be seen from outside


@dataclass(frozen=True, slots=True)
class GuideRule:
    """A rule of the guide.

    Attributes:
        id: stable, for scripts; what a person confirms.
        says: what the guide says, in a few words.
        asked: who is.
        findings: the rules of the audit whose findings answer it; empty where none does.
        about: labels that such a finding bears, where its rule looks at several things.
        cites: the section that such a finding cites, where budgets.yaml decides what is looked at.
        by_hand: where no finding decides it, a person can.
        why: why nobody need answer it; with this it is not applicable.
        declared: its findings only hold declarations against each other, so that none of them decides it.
        row: what `says` was put together from, where somebody may declare it: data, trigger, strategy.
    """

    id: str
    place: Place
    says: str
    asked: Asked = Asked.NOBODY
    findings: tuple[str, ...] = ()
    about: Subject = ()
    cites: str = ""
    by_hand: bool = False
    why: str = ""
    declared: bool = False
    row: tuple[str, ...] = ()

    def answered_by(self, finding: Finding) -> bool:
        """Tell whether a finding is about this rule."""
        if finding.rule not in self.findings or self.cites not in finding.guide:
            return False
        return set(self.about) <= set(finding.subject)

    @property
    def cited(self) -> str:
        """The place in the guide, and what it says there."""
        return f"{self.place}: {self.says}"

    @property
    def digest(self) -> str:
        """What it says in 16 hexadecimal digits: a confirmation is of these words, and of no others."""
        return sha256("\0".join(self.row or (self.says,)).encode()).hexdigest()[:16]
