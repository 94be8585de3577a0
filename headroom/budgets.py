"""The words of Headroom as frozen records: what is promised, and what is said of it.

Durations are seconds in thresholds and `timedelta` in settings; shares run from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from headroom.bounds import Interval

Subject = tuple[tuple[str, str], ...]
"""Sorted labels; the empty tuple is all of it."""


class Outcome(StrEnum):
    """The five things that can be said of a limit; exactly these on every surface."""

    MET = "met"
    OVER = "over"
    UNDECIDED = "undecided"
    IDLE = "idle"
    BLIND = "blind"


class Reason(StrEnum):
    """Why an outcome is what it is."""

    WITHIN_LIMIT = "within limit"
    OVER_LIMIT = "over limit"
    # undecided
    BUCKET = "bucket"
    SAMPLES = "samples"
    MOMENTS = "moments"
    RESET = "reset"
    PARTIAL = "partial"
    POLICY = "policy"
    # idle
    NO_TRAFFIC = "no traffic"
    # blind
    NO_DATA = "no data"
    STALE = "stale"
    UNREACHABLE = "unreachable"
    NOT_PERMITTED = "not permitted"
    NOT_CONFIGURED = "not configured"
    BROKEN_INSTRUMENTATION = "broken instrumentation"
    NO_LIMIT = "no limit"

    @property
    def outcome(self) -> Outcome:
        """The one outcome that this reason can explain."""
        return _OUTCOMES.get(self, Outcome.BLIND)


_OUTCOMES = {
    Reason.WITHIN_LIMIT: Outcome.MET,
    Reason.OVER_LIMIT: Outcome.OVER,
    Reason.BUCKET: Outcome.UNDECIDED,
    Reason.SAMPLES: Outcome.UNDECIDED,
    Reason.MOMENTS: Outcome.UNDECIDED,
    Reason.RESET: Outcome.UNDECIDED,
    Reason.PARTIAL: Outcome.UNDECIDED,
    Reason.POLICY: Outcome.UNDECIDED,
    Reason.NO_TRAFFIC: Outcome.IDLE,
}


class Severity(StrEnum):
    """How loud a broken limit is."""

    WARNING = "warning"
    CRITICAL = "critical"


class Unit(StrEnum):
    """What a threshold and a value count in."""

    SECONDS = "s"
    SHARE = "share"
    BYTES = "bytes"
    PER_1000_COMMANDS = "per 1,000 commands"


class Statistic(StrEnum):
    """What of the evidence is held against a threshold."""

    P50 = "p50"
    P90 = "p90"
    P95 = "p95"
    P99 = "p99"
    P999 = "p99.9"
    MEAN = "mean"
    AVERAGE = "average"

    @property
    def share(self) -> Fraction | None:
        """The share of events that must not exceed the threshold; None for a mean."""
        if not self.value.startswith("p"):
            return None
        return Fraction(self.value[1:]) / 100

    @property
    def allowed(self) -> Fraction | None:
        """The share of events that may exceed the threshold; None for a mean."""
        share = self.share
        return None if share is None else 1 - share


@dataclass(frozen=True, slots=True)
class Limit:
    """One number of a budget.

    Attributes:
        name: unique in its budget: the statistic, or "target" and "alert" for resources.
        threshold: in `unit`; inclusive, so the guide's "< 200ms" is kept at exactly 200 ms.
        at_least: True where the value must not fall below the threshold (a hit rate).
    """

    name: str
    statistic: Statistic
    threshold: float
    unit: Unit
    severity: Severity
    at_least: bool = False


class Kind(StrEnum):
    """What can be measured, each by one kind of source."""

    HISTOGRAM = "histogram"  # prometheus: a latency histogram's class
    GAUGE = "gauge"  # prometheus: a gauge that an application sets, read as a share
    STATEMENTS = "statements"  # postgres: execution time of a class of statements
    CONNECTIONS = "connections"  # postgres: connections in use, of the limit that `of` names
    POOL = "pool"  # pgbouncer: connections of its servers or clients in use; `of` says which
    MEMORY_LIMIT = "redis_memory"  # redis: used memory of maxmemory
    EVICTIONS = "evictions"  # redis: evicted keys per command
    HIT_RATE = "hit_rate"  # redis: hits of look-ups
    COMMANDS = "command_latency"  # redis: execution time of commands; `of` is a command or "all"
    CPU = "cpu"  # prometheus with node_exporter: busy share of CPU time
    MEMORY = "memory"  # prometheus with node_exporter: share of memory not available
    DISK_IO = "disk_io"  # prometheus with node_exporter: share of time with I/O in flight
    IO_PRESSURE = "io_pressure"  # prometheus with node_exporter: share of time in which some task waited
    CONTAINER_CPU = "container_cpu"  # prometheus with cAdvisor: CPU used of a container's limit
    CONTAINER_MEMORY = "container_memory"  # prometheus with cAdvisor: working set of a container's limit
    THROTTLING = "throttling"  # prometheus with cAdvisor: share of periods in which a container was held back
    ONE_CORE = "one_core"  # prometheus: CPU time of a process as a share of one core
    EVENT_LOOP = "event_loop"  # prometheus: p99 of the delay of Node.js's event loop, in seconds


LATENCIES = frozenset({Kind.HISTOGRAM, Kind.STATEMENTS, Kind.COMMANDS})
"""The kinds that tell how long single events took."""


@dataclass(frozen=True, slots=True, order=True)
class Measure:
    """What is measured, and where.

    Attributes:
        source: the name of a source.
        kind: what is measured.
        of: what the kind needs to know: a histogram's metric name, the denominator of the connections, a
            gauge as Prometheus selects it: cache_hit_rate{cache_type="redis"}.
        group: "endpoints.login" or "queries.lookup": the class; of a gauge how it reads and the side of its
            limits, "percent.min"; empty where the kind has neither.
        key: the measure's name inside its source, as stored in the history.
    """

    source: str
    kind: Kind
    of: str = ""
    group: str = ""
    key: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        key = ":".join(word for word in (self.kind.value, self.of, self.group) if word)
        object.__setattr__(self, "key", key)

    @property
    def latency(self) -> bool:
        """Whether it is about how long single events took."""
        return self.kind in LATENCIES


@dataclass(frozen=True, slots=True)
class Budget:
    """A promise: what is measured, over which window, with which limits.

    Attributes:
        id: the stable name that everything refers to.
        guide: the place in the guide that the figures come from.
        window: evidence older than this is not judged.
        pending_for: how long a limit must be over before the incident fires (`for` in the file).
        recover_for: how long it must be met before the incident resolves.
        evicting: the limits that hold instead of `limits` while Redis evicts by policy, by their names: where
            a name stands for both evictions and a hit rate, it is over only where both are.
        second: another measure of the same promise. Where it decides, it judges; otherwise `measure` does.
    """

    id: str
    title: str
    guide: str
    measure: Measure
    window: timedelta
    pending_for: timedelta
    recover_for: timedelta
    limits: tuple[Limit, ...]
    evicting: tuple[Limit, ...] = ()
    second: Measure | None = None
    owner: str = ""
    runbook: str = ""
    if_broken: str = ""
    review_by: date | None = None
    note: str = ""

    @property
    def measures(self) -> tuple[Measure, ...]:
        """What the promise is measured by: one, or two."""
        return (self.measure,) if self.second is None else (self.measure, self.second)

    @property
    def statistics(self) -> tuple[Statistic, ...]:
        """The statistics of the limits, each once, in the file's order: one row each."""
        return tuple(dict.fromkeys(limit.statistic for limit in self.limits))


@dataclass(frozen=True, slots=True)
class Window:
    """The span of time that was judged; `coverage` is the share of it that evidence covers, 0 to 1."""

    start: datetime
    end: datetime
    coverage: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one limit for one subject over one window.

    Attributes:
        detail: one sentence for a person: the figures behind the outcome, or what would settle it.
        value: where the statistic lies for certain in this window, in `unit`; None without evidence.
        slow: for percentiles, how many of `n` events were over, for certain.
        slow_share: for percentiles, where the present rate of slow events lies (one-sided confidence at
            each end); decides the outcome.
        n: events for percentiles and means of events, samples otherwise.
        headroom: what is left of the promise: 1 at no use, 0 at the limit, negative over it.
        at_least: the value must not fall below the threshold.
        firm: over at the level that may wake somebody (alpha = 0.001); meaningless unless over.
    """

    budget: str
    limit: str
    statistic: Statistic
    severity: Severity
    subject: Subject
    source: str
    outcome: Outcome
    reason: Reason
    detail: str
    unit: Unit
    threshold: float
    window: Window
    at: datetime
    value: Interval | None = None
    slow: tuple[int, int] | None = None
    slow_share: Interval | None = None
    allowed: float | None = None
    n: int = 0
    headroom: float | None = None
    firm: bool = field(default=False)
    at_least: bool = False

    @property
    def near(self) -> bool:
        """Met, but with less than a tenth of the promise left."""
        return self.outcome is Outcome.MET and self.headroom is not None and self.headroom < 0.1  # noqa: PLR2004 the design's figure
