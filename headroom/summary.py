"""A moment in words and figures: what dashboard, command line, report and alert show alike.

Pure: it reads verdicts and says what stands; it judges nothing and opens nothing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from headroom.bounds import Interval
from headroom.budgets import Budget, Outcome, Reason, Severity, Statistic, Unit
from headroom.history.records import Poll, Standing
from headroom.incidents import Incident
from headroom.sources import Source
from headroom.standpoint import Standpoint, as_of, by_subject, late_after, standpoints, used
from headroom.units import format_duration, format_interval, format_value

__all__ = [
    "Banner",
    "Row",
    "SourceAge",
    "Standpoint",
    "as_of",
    "badness",
    "banner",
    "by_subject",
    "rows",
    "source_ages",
    "standpoints",
]

WORST_FIRST = (Outcome.OVER, Outcome.BLIND, Outcome.UNDECIDED, Outcome.IDLE, Outcome.MET)


@dataclass(frozen=True, slots=True)
class Row:
    """One budget and statistic, with all the limits on it: target and alert of a resource share a row.

    Attributes:
        limits: in the file's order; the first is what the row's bar is measured against.
        worst: the limit that the row's outcome comes from.
        incident: the open incident of this row, if there is one.
    """

    budget: Budget
    statistic: Statistic
    limits: tuple[Standpoint, ...]
    worst: Standpoint
    incident: Incident | None = None

    @property
    def id(self) -> str:
        """The row's stable name: "api.login:p95"."""
        return f"{self.budget.id}:{self.statistic.value}"

    @property
    def title(self) -> str:
        """The row's name for people: "Authentication (login) p95"."""
        return f"{self.budget.title} {self.statistic.value}"

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of its limits."""
        return self.worst.verdict.outcome

    @property
    def since(self) -> datetime | None:
        """Since when the outcome holds."""
        return self.worst.since

    @property
    def detail(self) -> str:
        """One sentence: the figures behind the outcome, or what would settle it."""
        return self.worst.verdict.detail

    @property
    def target(self) -> str:
        """The limits as the guide writes them: "< 70% · alert > 80%"."""
        first, *others = (standpoint.limit for standpoint in self.limits)
        words = [f"{'≥' if first.at_least else '<'} {format_value(first.threshold, first.unit)}"]
        words += [
            f"{limit.name} {'<' if limit.at_least else '>'} {format_value(limit.threshold, limit.unit)}"
            for limit in others
        ]
        if {limit.unit for limit in others} == {Unit.PER_1000_COMMANDS}:  # a long unit, said once
            words[:-1] = [word.removesuffix(f" {Unit.PER_1000_COMMANDS}") for word in words[:-1]]
        return " · ".join(words)

    @property
    def value(self) -> str:
        """Where the value lies for certain: "100 to 500 ms"; empty without evidence."""
        verdict = self.worst.verdict
        if verdict.value is None:
            return ""
        return format_interval(verdict.value, verdict.unit, against=verdict.threshold)

    @property
    def used(self) -> Interval | None:
        """How much of the first limit's promise is used, 1 at the limit; None where it cannot be told."""
        return used(self.limits[0])

    @property
    def marks(self) -> tuple[tuple[str, float], ...]:
        """The further limits as shares of the first one: (("alert", 1.143),); none for percentiles."""
        first, *others = (standpoint.limit for standpoint in self.limits)
        if first.statistic.share is not None or first.threshold <= 0 or first.at_least:
            return ()
        return tuple((limit.name, limit.threshold / first.threshold) for limit in others)


def rows(
    budgets: Iterable[Budget],
    sources: Mapping[str, Source],
    standings: Sequence[Standing],
    incidents: Iterable[Incident],
    now: datetime,
) -> list[Row]:
    """Return one row per budget and statistic for all of its subject, worst first.

    Worst first: over (critical before warning), blind, undecided, idle, near, met; then by headroom; then
    as the file has them.
    """
    opened = {
        (incident.budget, incident.statistic): incident
        for incident in incidents
        if not incident.subject and incident.ended is None
    }
    found = []
    for budget in budgets:
        stand = standpoints(budget, sources, standings, now)
        for statistic in budget.statistics:
            limits = tuple(
                each for limit, each in zip(budget.limits, stand, strict=True) if limit.statistic is statistic
            )
            worst = min(limits, key=badness)
            found.append(Row(budget, statistic, limits, worst, opened.get((budget.id, statistic))))
    return sorted(found, key=lambda row: badness(row.worst))


def badness(standpoint: Standpoint) -> tuple[int, int, int, float]:
    """Return a key that sorts what needs a person first, first."""
    verdict = standpoint.verdict
    over = verdict.outcome is Outcome.OVER
    return (
        WORST_FIRST.index(verdict.outcome),
        int(over and verdict.severity is not Severity.CRITICAL),
        int(verdict.outcome is Outcome.MET and not verdict.near),
        math.inf if verdict.headroom is None else verdict.headroom,
    )


@dataclass(frozen=True, slots=True)
class Banner:
    """All rows in one sentence.

    Attributes:
        level: what the sentence comes to; met only where every row with traffic is met.
    """

    sentence: str
    level: Outcome


def banner(rows: Sequence[Row]) -> Banner:
    """Return one sentence on all rows, worst first as `rows` returns them; it is never met while blind."""
    total = len(rows)
    if not total:
        return Banner("No budgets: the file names none", Outcome.BLIND)
    counts = Counter(row.outcome for row in rows)
    worst = rows[0]
    if counts[Outcome.BLIND] == total:
        return Banner(_nothing_known(rows), Outcome.BLIND)
    if counts[Outcome.IDLE] == total:
        return Banner(f"No traffic: all {total} rows are idle", Outcome.IDLE)
    unclear = counts[Outcome.BLIND] + counts[Outcome.UNDECIDED]
    met = counts[Outcome.MET]
    words = [f"All {total} rows met" if met == total else f"{met} of {total} rows met"]
    words += [f"{counts[Outcome.OVER]} over"] if counts[Outcome.OVER] else []
    words += [f"{unclear} cannot be told"] if unclear else []
    words += [f"{counts[Outcome.IDLE]} idle"] if counts[Outcome.IDLE] else []
    if worst.outcome in {Outcome.OVER, Outcome.BLIND, Outcome.UNDECIDED}:
        words.append(f"worst: {worst.title}, {worst.outcome}")
        return Banner(" · ".join(words), worst.outcome)
    near = [row for row in rows if row.worst.verdict.near]
    words += [f"nearest to its limit: {near[0].title}"] if near else []
    return Banner(" · ".join(words), Outcome.MET)


def _nothing_known(rows: Sequence[Row]) -> str:
    reasons = Counter(row.worst.verdict.reason for row in rows)
    if reasons[Reason.STALE] == len(rows):
        return f"Nothing can be told: {rows[0].detail}"
    if all(row.since is None for row in rows):
        return f"Nothing can be told: {rows[0].detail}"
    reason, often = reasons.most_common(1)[0]
    if often == len(rows):
        return f"Nothing can be told: all {len(rows)} rows are blind, {reason}"
    return f"Nothing can be told: all {len(rows)} rows are blind, {often} of them for the reason “{reason}”"


@dataclass(frozen=True, slots=True)
class SourceAge:
    """How old a source's newest good reading is.

    Attributes:
        age: None where it was never read.
        late: older than a verdict may be.
        detail: why its last poll failed; empty where it did not.
    """

    name: str
    age: timedelta | None
    late: bool
    detail: str = ""

    @property
    def words(self) -> str:
        """The age for people: "34 s ago", "never"."""
        if self.age is None:
            return "never"
        return f"{format_duration(timedelta(seconds=int(self.age.total_seconds())))} ago"


def source_ages(
    sources: Iterable[Source], last_ok: Mapping[str, datetime], last_polls: Mapping[str, Poll], now: datetime
) -> list[SourceAge]:
    """Return the age of each source's newest good reading, in the file's order."""
    ages = []
    for source in sources:
        read, poll = last_ok.get(source.name), last_polls.get(source.name)
        age = None if read is None else max(timedelta(0), now - read)
        detail = "" if poll is None or poll.result == "ok" else poll.detail
        ages.append(SourceAge(source.name, age, age is None or age > late_after(source.every), detail))
    return ages
