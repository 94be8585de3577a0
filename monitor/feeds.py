"""Which collector serves which source, and what it is asked for."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import timedelta
from hashlib import sha256

from headroom import cost, evicting
from headroom.budgets import Budget, Kind, Measure, Reason
from headroom.config import Config
from headroom.evidence import Ratio
from headroom.observation import Absence, Collector, Quality, Reading, Series, Snapshot, Unread
from headroom.sources import Source, SourceKind

FAILURES_BEFORE_PAUSE = 5
LONGEST_PAUSE = 4  # in polls: a source that comes back is seen within this


@dataclass(slots=True)
class Feed:
    """A source, the budgets that it feeds, and what the next poll needs to know of the last one.

    Attributes:
        budgets: those that are judged in its cycles.
        seconds: those that it gives the second measure of; they are judged in the first's cycles.
        collector: None where the source is not configured.
        snapshot: the newest one, the next difference's start.
        failures: polls in a row that gave nothing.
        skip: polls to leave out before the next try.
        judged: when its budgets were last judged, by the monotonic clock.
        absences: what the latest poll said instead of evidence.
        unread: what the latest good poll could not read; None where there was none.
        policies: what the latest good poll said of memories that are judged by their evictions.
        busy: a poll or a judgement is under way.
        costs: what the latest polls cost the source, since it was last slowed down or let go.
        sparing: it is polled half as often, since it cost too much; its intervals stay short of a gap.
        meaning: identifies what the source's evidence is about: where it comes from and how it is classed.
    """

    source: Source
    budgets: tuple[Budget, ...]
    collector: Collector | None
    seconds: tuple[Budget, ...] = ()
    snapshot: Snapshot | None = None
    failures: int = 0
    skip: int = 0
    judged: float | None = None
    busy: bool = False
    costs: deque[Ratio] = field(default_factory=lambda: deque(maxlen=2 * cost.LEAST))
    sparing: bool = False
    absences: dict[Series, Absence] = field(default_factory=dict)
    unread: tuple[Unread, ...] | None = None
    policies: dict[Series, Absence] = field(default_factory=dict)
    meaning: str = ""

    @property
    def deadline(self) -> timedelta:
        """How long a poll may take: it must be over before the next one is due."""
        return self.source.every * 0.8

    def asked(self) -> set[Series]:
        """Return the series of subject {} that the budgets need."""
        instead = {
            Series.of(one)
            for budget in self.budgets
            for one in evicting.beside(budget)
            if one.kind is not Kind.MEMORY_LIMIT
        }
        seconds = {Series.of(budget.second) for budget in self.seconds if budget.second is not None}
        return {Series.of(budget.measure) for budget in self.budgets} | instead | seconds

    def all_absent(self, reason: Reason, detail: str) -> tuple[Absence, ...]:
        """Return the same absence for every series that is asked of the source."""
        return tuple(Absence(series, reason, detail) for series in sorted(self.asked()))

    def succeeded(self) -> None:
        """Note a poll that gave something."""
        self.failures, self.skip = 0, int(self.sparing)

    def weighed(self, reading: Reading) -> Reading:
        """Note what a poll cost the source; slow down, or go back; return the reading with what to know."""
        spent = Series(self.source.name, cost.OWN_TIME)
        parts = [part for one in reading.observations if one.series == spent for part in one.parts]
        for part in parts:
            if part.quality is Quality.EXACT and isinstance(part.evidence, Ratio):
                self.costs.append(part.evidence)
        before, self.sparing = self.sparing, cost.sparing(self.costs, self.source.cost, before=self.sparing)
        if self.sparing is not before and isinstance(self.collector, cost.Thrifty):
            self.collector.spare(on=self.sparing)
        told = cost.note(self.costs, self.source.cost) if self.sparing else ""
        if self.sparing is not before:
            self.costs.clear()
        return replace(reading, notes=(*reading.notes, told)) if told else reading

    def failed(self) -> None:
        """Note a poll that gave nothing; after a few, poll less often."""
        self.failures += 1
        beyond = self.failures - FAILURES_BEFORE_PAUSE
        self.skip = min(LONGEST_PAUSE, 2**beyond) - 1 if beyond >= 0 else 0


def meaning_of(config: Config, source: Source) -> str:
    """Return what identifies the evidence of a source: under another one, what was kept is of no use."""
    # Everything behind the credentials, as it is written: several hosts, sockets and parameters among it.
    place = "" if source.url is None else source.url.reveal().partition("://")[2].rpartition("@")[2]
    place = re.sub(r"password=[^&]*", "", place)
    rules: list[object] = []
    if source.kind is SourceKind.PROMETHEUS:
        # Behind one address, another tenant is another source; servers disagree on the header that names it.
        tenants = sorted((name.lower(), value.reveal()) for name, value in source.access.headers.items())
        rules = [_spelled(config.endpoints), tenants]
        measures = {measure for budget in config.budgets for measure in budget.measures}
        if any(
            measure.source == source.name and measure.group.startswith("queries.") for measure in measures
        ):
            rules.append(_spelled(config.queries))
    elif source.kind is SourceKind.POSTGRES:
        rules = [
            (rule.name, rule.patterns, rule.tags, rule.roles, rule.databases)
            for rule in config.queries.classes
        ]
    return sha256(repr((source.kind.value, place, rules)).encode()).hexdigest()[:16]


def _spelled(rules: object) -> object:
    """Return rules in an order that does not change from one process to the next, as that of sets does."""
    match rules:
        case Mapping():
            return sorted((name, _spelled(value)) for name, value in rules.items())
        case frozenset() | set():
            return sorted(repr(_spelled(value)) for value in rules)
        case tuple() | list():
            return [_spelled(value) for value in rules]
        case _ if is_dataclass(rules):
            return [(one.name, _spelled(getattr(rules, one.name))) for one in fields(rules) if one.compare]
        case _:
            return rules


def thresholds(source: str, budgets: Iterable[Budget]) -> Mapping[Measure, tuple[float, ...]]:
    """Return what is measured at a source, with the thresholds, in seconds, at which bounds are wanted."""
    asked: dict[Measure, set[float]] = defaultdict(set)
    for budget in budgets:
        for measure in budget.measures:
            if measure.source == source:
                asked[measure].update(limit.threshold for limit in budget.limits if measure.latency)
    return {measure: tuple(sorted(limits)) for measure, limits in asked.items()}


def feeds(config: Config) -> list[Feed]:
    """Return a feed for every source of the configuration."""
    made = []
    for source in config.sources:
        budgets = tuple(budget for budget in config.budgets if budget.measure.source == source.name)
        seconds = tuple(one for one in config.budgets if one.second and one.second.source == source.name)
        feed = Feed(source, budgets, _collector(config, source), seconds, meaning=meaning_of(config, source))
        if feed.collector is None:
            unset = f"{source.name} is not configured: the environment variable {source.unset} is not set"
            absences = feed.all_absent(Reason.NOT_CONFIGURED, unset)
            feed.absences = {absence.series: absence for absence in absences}
        made.append(feed)
    return made


def _collector(config: Config, source: Source) -> Collector | None:
    """Build the collector; a driver is imported only where a source needs it."""
    if source.url is None:
        return None
    measures = thresholds(source.name, config.budgets)
    match source.kind:
        case SourceKind.POSTGRES:
            from collectors import postgres  # noqa: PLC0415 as above

            return postgres.build(source, measures, config.queries)
        case SourceKind.PGBOUNCER:
            from collectors import pgbouncer  # noqa: PLC0415 as above

            return pgbouncer.build(source, measures)
        case SourceKind.REDIS:
            from collectors import redis  # noqa: PLC0415 as above

            return redis.build(source, measures)
        case SourceKind.PROMETHEUS:
            from collectors import prometheus  # noqa: PLC0415 as above

            return prometheus.build(source, measures, config.endpoints, config.queries)
