"""What keeps quiet, and when: silences that people set, and maintenance that comes back by a calendar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from headroom.budgets import Subject
from headroom.patterns import starred
from headroom.routing import Told


@dataclass(frozen=True, slots=True)
class Matcher:
    """Which incidents are meant; every part that is given must match.

    Attributes:
        incident: this one only; empty: any.
        budgets, sources, owners: patterns, in which `*` matches anything; empty: any.
        severities: their names; empty: any.
        labels: names of labels of the subject with a pattern each; all must match.
    """

    incident: str = ""
    budgets: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    def takes(self, incident: str, told: Told, subject: Subject) -> bool:
        """Tell whether an incident is meant."""
        of = dict(subject)
        return (
            self.incident in ("", incident)
            and _any(told.budget, self.budgets)
            and _any(told.source, self.sources)
            and _any(told.owner, self.owners)
            and (not self.severities or told.severity.value in self.severities)
            and all(starred(of.get(name, ""), pattern) for name, pattern in self.labels)
        )


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch of time in which nobody is told of certain incidents.

    Attributes:
        id: unique for ever.
        begins, ends: our clock, UTC; it holds from `begins` to before `ends`.
        author: who set it, as they named themselves; comment: why.
    """

    id: str
    matcher: Matcher
    begins: datetime
    ends: datetime
    author: str
    comment: str = ""

    def holds(self, at: datetime) -> bool:
        """Tell whether it is in force."""
        return self.begins <= at < self.ends


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Planned work that comes back: a silence for each time that it takes place.

    Attributes:
        name: unique in the file.
        begins: the first time, as the clocks of `zone` show it, without a time zone of its own.
        lasts: by a stop-watch, whatever the clocks of the place do meanwhile.
        repeat: a recurrence rule of RFC 5545, e.g. FREQ=WEEKLY;BYDAY=SU; empty: once.
        zone: of the IANA database, e.g. Europe/Berlin.
    """

    name: str
    matcher: Matcher
    begins: datetime
    lasts: timedelta
    repeat: str = ""
    zone: str = "UTC"
    comment: str = ""


def silenced_by(
    silences: Iterable[Silence], incident: str, told: Told, subject: Subject, at: datetime
) -> Silence | None:
    """Return the silence that keeps an incident quiet for longest, or None."""
    holding = [one for one in silences if one.holds(at) and one.matcher.takes(incident, told, subject)]
    return max(holding, key=lambda one: one.ends, default=None)


def unmet(matcher: Matcher, subjects: Iterable[Subject]) -> list[str]:
    """Return the labels that a matcher asks for and that no subject has: with them it takes nothing.

    A pattern that takes a missing label too, such as `*`, asks for none.
    """
    known = {label for subject in subjects for label, _ in subject}
    asked = dict.fromkeys(label for label, pattern in matcher.labels if not starred("", pattern))
    return [label for label in asked if label not in known]


def _any(value: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(starred(value, pattern) for pattern in patterns)
