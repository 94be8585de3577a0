"""The figures of this process: it counts from its start, as is usual, and asks the history for nothing."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta

from prometheus_client import Counter, Gauge, Histogram, Info
from prometheus_client.metrics_core import Metric

from headroom import __version__
from headroom.budgets import Reason
from headroom.config import Config
from headroom.history import OK
from headroom.standpoint import late_after
from headroom.units import format_duration
from monitor import clock
from monitor.clock import Moment
from monitor.serve.labels import clean

OTHER = "other"
"""The label of what is not known by name: a word from outside must not become a series of its own."""
SENT, FAILED, REFUSED = "sent", "failed", "refused"
"""What came of one attempt to deliver a message: after `failed` it is tried again, after `refused` not."""
ANSWERED, UNANSWERED, WITHHELD = "answered", "unanswered", "withheld"
"""What came of one turn of the heartbeat."""

_RESULTS = frozenset({OK, *(reason.value for reason in Reason)})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Own:
    """Counters and times of one collecting process, told by those who do the work.

    Its methods take microseconds, never raise for what they are told, and may be called from any thread.
    Sources and channels are those of the configuration: others are counted together.
    """

    def __init__(self, config: Config, *, read_clock: Callable[[], Moment] = clock.now) -> None:
        self._clock = read_clock
        self._every = {source.name: source.every for source in config.sources}
        self._polled = {source.name for source in config.sources if source.url is not None}
        self._channels = {channel.name for channel in config.alerting.channels}
        self._begun = read_clock()
        self._cycled: dict[str, float] = {}
        self._refusal: tuple[float, str] | None = None
        self.withheld = ""
        """Why the heartbeat is silent, as a sentence; empty while it is not."""
        self.deaf: Callable[[], Mapping[str, str]] = dict
        """Returns the channels that are told the state and take nothing of it, with what they said."""
        self._info = Info("headroom_build", "The version that runs.", registry=None)
        self._info.info({"version": __version__, "python": platform.python_version()})
        self._start = Gauge(
            "headroom_start_time_seconds", "When this process started, in Unix time.", registry=None
        )
        self._start.set(self._begun.wall.timestamp())
        self._polls = Counter(
            "headroom_polls_total", "Polls by what they gave.", ("source", "result"), registry=None
        )
        self._poll_time = Histogram(
            "headroom_poll_duration_seconds",
            "How long a source took to answer a poll.",
            ("source",),
            buckets=_SECONDS,
            registry=None,
        )
        self._cycle_time = Histogram(
            "headroom_cycle_duration_seconds",
            "How long it took from the answer of a source to the commit of what follows from it.",
            ("source",),
            buckets=_SECONDS,
            registry=None,
        )
        self._last_cycle = Gauge(
            "headroom_last_cycle_timestamp_seconds",
            "When a cycle of the source was last committed, in Unix time; 0: not since the start.",
            ("source",),
            registry=None,
        )
        self._commit_time = Histogram(
            "headroom_commit_duration_seconds",
            "How long a commit to the history took.",
            buckets=_SECONDS,
            registry=None,
        )
        self._refused = Counter(
            "headroom_commits_refused_total", "Cycles that the history did not take.", registry=None
        )
        self._deliveries = Counter(
            "headroom_deliveries_total",
            "Attempts to deliver a message, by what came of them.",
            ("channel", "result"),
            registry=None,
        )
        self._heartbeats = Counter(
            "headroom_heartbeats_total", "Turns of the heartbeat.", ("result",), registry=None
        )
        self._asleep = Counter(
            "headroom_asleep_seconds_total",
            "How long Headroom did not run, was suspended or stood still, as noticed by this process.",
            registry=None,
        )
        self._begin_at_zero()

    def polled(self, source: str, seconds: float, result: str) -> None:
        """Count a poll: `result` is "ok" or the value of a Reason."""
        name = self._source(source)
        self._polls.labels(name, result if result in _RESULTS else OTHER).inc()
        self._poll_time.labels(name).observe(seconds)

    def cycled(self, source: str, seconds: float) -> None:
        """Count a cycle of a source that was committed, whatever its poll gave."""
        now = self._clock()
        self._cycled[source] = now.monotonic
        self._cycle_time.labels(self._source(source)).observe(seconds)
        self._last_cycle.labels(self._source(source)).set(now.wall.timestamp())

    def committed(self, seconds: float) -> None:
        """Count a commit."""
        self._refusal = None
        self._commit_time.observe(seconds)

    def refused(self, sentence: str) -> None:
        """Count a commit that the history refused, and keep the sentence that says why."""
        self._refused.inc()
        since = self._clock().monotonic if self._refusal is None else self._refusal[0]
        self._refusal = (since, sentence)

    def delivered(self, channel: str, result: str) -> None:
        """Count an attempt to deliver a message: SENT, FAILED or REFUSED."""
        known = channel if channel in self._channels else OTHER
        named = result if result in {SENT, FAILED, REFUSED} else OTHER
        self._deliveries.labels(clean(known), named).inc()

    def beat(self, result: str) -> None:
        """Count a turn of the heartbeat: ANSWERED, UNANSWERED or WITHHELD."""
        self._heartbeats.labels(result if result in {ANSWERED, UNANSWERED, WITHHELD} else OTHER).inc()

    def slept(self, span: timedelta) -> None:
        """Count a time in which nothing was judged."""
        self._asleep.inc(max(0.0, span.total_seconds()))

    def unready(self) -> tuple[str, ...]:
        """Return why this process cannot be relied on now, one sentence each; none where it can."""
        deaf = sorted(self.deaf().items())
        return (
            *self.late(),
            *(f'channel "{name}" takes nothing of what fires: {error[:200]}' for name, error in deaf),
        )

    def late(self) -> tuple[str, ...]:
        """Return what was not judged or committed in time, one sentence each.

        A source is as late as a verdict may be old: beyond that everything shown of it is blind.
        """
        reasons = []
        if self._refusal is not None:
            since, sentence = self._refusal
            reasons.append(f"no commit for {self._ago(since)}: {sentence}")
        for name in sorted(self._polled):
            within = late_after(self._every[name])
            if name not in self._cycled:
                reasons.append(f"{name}: no cycle since the start {self._ago(self._begun.monotonic)} ago")
            elif self._clock().monotonic - self._cycled[name] > within.total_seconds():
                last = self._ago(self._cycled[name])
                reasons.append(f"{name}: the last cycle was {last} ago, later than {format_duration(within)}")
        return tuple(reasons)

    def behind(self, sources: Iterable[str]) -> tuple[str, ...]:
        """Return which sources' budgets were not judged within twice their interval, and since when."""
        reasons = []
        for name in sources:
            if name not in self._cycled:
                reasons.append(f"the budgets of {name} were not judged since the start")
            elif self._clock().monotonic - self._cycled[name] > 2 * self._every[name].total_seconds():
                reasons.append(f"the budgets of {name} were not judged for {self._ago(self._cycled[name])}")
        return tuple(reasons)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of this process."""
        for metric in (
            self._info,
            self._start,
            self._polls,
            self._poll_time,
            self._cycle_time,
            self._last_cycle,
            self._commit_time,
            self._refused,
            self._deliveries,
            self._heartbeats,
            self._asleep,
        ):
            yield from metric.collect()

    def _begin_at_zero(self) -> None:
        """Make the series of what is known by name: the increase from nothing to one is seen by nobody."""
        for source in self._polled:
            self._polls.labels(clean(source), OK)
            self._poll_time.labels(clean(source))
        for source in self._every:
            self._cycle_time.labels(clean(source))
            self._last_cycle.labels(clean(source))
        for channel in self._channels:
            for result in (SENT, FAILED, REFUSED):
                self._deliveries.labels(clean(channel), result)
        for result in (ANSWERED, UNANSWERED, WITHHELD):
            self._heartbeats.labels(result)

    def _source(self, name: str) -> str:
        return clean(name) if name in self._every else OTHER

    def _ago(self, moment: float) -> str:
        return format_duration(timedelta(seconds=int(self._clock().monotonic - moment)))
