"""The figures that the history knows: verdicts, values, ages, incidents and what waits to be told."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from headroom.budgets import Outcome, Severity, Unit, Verdict
from headroom.config import Config
from headroom.history import ChannelState, History
from headroom.incidents import About, Incident, State
from headroom.standpoint import Standpoint, standpoints
from monitor.serve.labels import clean

_UNITS = {
    Unit.SECONDS: "seconds",
    Unit.SHARE: "ratio",
    Unit.BYTES: "bytes",
    Unit.PER_1000_COMMANDS: "per_1000_commands",
}
_LIMIT = ("budget", "limit", "statistic", "severity")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the history held at a moment, of the subject {} of each budget.

    Attributes:
        at: our clock, UTC.
        stand: each limit as it can be said then: blind where nobody judged it lately.
        read: when the newest good poll of each source that is configured began; None where there was none.
        depth: how many messages wait to be delivered, those among them that are put off.
        oldest: when the oldest of those was made that should have arrived by then; None where all did.
        works: whether each channel of the configuration takes messages, as far as is known.
    """

    at: datetime
    stand: tuple[Standpoint, ...]
    read: dict[str, datetime | None]
    incidents: tuple[Incident, ...]
    depth: int
    oldest: datetime | None
    works: dict[str, bool]


def recorded(config: Config, history: History, now: datetime) -> Recorded:
    """Read the history; raises HistoryError. The number of rows goes with the budgets of the file."""
    whole = [one for one in history.standings() if not one.verdict.subject]
    sources = {source.name: source for source in config.sources}
    read = history.last_ok()
    states = history.channel_states()
    return Recorded(
        at=now,
        stand=tuple(each for budget in config.budgets for each in standpoints(budget, sources, whole, now)),
        read={source.name: read.get(source.name) for source in config.sources if source.url is not None},
        incidents=tuple(history.open_incidents()),
        depth=history.outbox_depth(),
        oldest=history.outbox_oldest(now),
        works={channel.name: _works(states.get(channel.name), channel.digest) for channel in config.channels},
    )


def _works(state: ChannelState | None, digest: str) -> bool:
    """Tell whether a channel takes messages; one that was changed since it failed is tried anew."""
    if state is None or state.digest != digest:
        return True
    return state.disabled is None and not state.error


def families(found: Recorded) -> Iterator[Metric]:
    """Return the metrics of what was read."""
    yield from _of_limits(found)
    age = GaugeMetricFamily(
        "headroom_evidence_age_seconds",
        "How long ago the newest good poll of the source began; +Inf: never.",
        labels=["source"],
    )
    for source, read in found.read.items():
        seconds = math.inf if read is None else max(0.0, (found.at - read).total_seconds())
        age.add_metric([clean(source)], seconds)
    yield age
    yield from _of_incidents(found.incidents)
    yield GaugeMetricFamily(
        "headroom_outbox_waiting", "Messages that wait to be delivered.", value=found.depth
    )
    yield GaugeMetricFamily(
        "headroom_outbox_oldest_seconds",
        "How long ago the oldest of them was made that should have arrived by now; 0: there is none.",
        value=0.0 if found.oldest is None else max(0.0, (found.at - found.oldest).total_seconds()),
    )
    up = GaugeMetricFamily(
        "headroom_channel_up",
        "1: the channel took the last message, or none was sent yet; 0: it did not, or is disabled.",
        labels=["channel"],
    )
    for channel, works in found.works.items():
        up.add_metric([clean(channel)], float(works))
    yield up


def _of_limits(found: Recorded) -> Iterator[Metric]:
    verdict = GaugeMetricFamily(
        "headroom_verdict",
        "1 for the outcome that the limit has, 0 for the four others.",
        labels=[*_LIMIT, "outcome"],
    )
    threshold, low, high = (
        GaugeMetricFamily(f"headroom_{name}", said, labels=[*_LIMIT, "unit"])
        for name, said in (
            ("threshold", "The limit itself."),
            ("value_low", "The value is at least this; none without evidence, -Inf: no lower end is known."),
            ("value_high", "The value is at most this; none without evidence, +Inf: no upper end is known."),
        )
    )
    left = GaugeMetricFamily(
        "headroom_headroom_ratio",
        "What is left of the promise: 1 at no use, 0 at the limit, negative over it.",
        labels=_LIMIT,
    )
    for each in found.stand:
        one = each.verdict
        labels = _labels(one)
        for outcome in Outcome:
            verdict.add_metric([*labels, outcome.value], float(one.outcome is outcome))
        unit = _UNITS[one.unit]
        threshold.add_metric([*labels, unit], one.threshold)
        if one.value is not None:
            low.add_metric([*labels, unit], -math.inf if one.value.low is None else one.value.low)
            high.add_metric([*labels, unit], math.inf if one.value.high is None else one.value.high)
        if one.headroom is not None:
            left.add_metric(labels, one.headroom)
    yield from (verdict, threshold, low, high, left)


def _labels(verdict: Verdict) -> list[str]:
    return [
        clean(verdict.budget),
        clean(verdict.limit),
        verdict.statistic.value,
        verdict.severity.value,
    ]


def _of_incidents(incidents: tuple[Incident, ...]) -> Iterator[Metric]:
    counted = Counter((one.state, one.severity, one.about) for one in incidents)
    family = GaugeMetricFamily(
        "headroom_incidents",
        "Open incidents, those of single instances among them.",
        labels=["state", "severity", "about"],
    )
    for state in (State.PENDING, State.FIRING):
        for severity in Severity:
            for about in About:
                family.add_metric([state.value, severity.value, about.value], counted[state, severity, about])
    yield family
