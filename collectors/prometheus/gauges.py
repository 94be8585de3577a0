"""A share that an application sets as a gauge, between two polls: of each label set, and of the worst.

A gauge has no events that would add up: instances and label sets are neither summed nor averaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from collectors.prometheus.asked import Asked, Target, named
from collectors.prometheus.faults.fault import Fault
from collectors.prometheus.faults.lifetime import lifetime
from collectors.prometheus.faults.percent import WHOLE, misread
from collectors.prometheus.health import ONE_READING, Health, failure
from collectors.prometheus.levels import Level, Levels, Samples
from collectors.prometheus.words import moment, printable
from headroom.budgets import Measure, Reason, Subject
from headroom.evidence import Gauge
from headroom.observation import Absence, Observation, Part, Quality, Series


@dataclass(frozen=True, slots=True)
class Census:
    """The samples of one label set since the last poll.

    Attributes:
        samples: the first is the newest of the poll before; it only says from when the next one counts.
    """

    level: Level
    samples: Samples

    @property
    def new(self) -> tuple[float, ...]:
        """The values since the last poll."""
        return tuple(value for _, value in self.samples[1:])

    def gauge(self, whole: float) -> Gauge:
        """Return the samples as shares, each for the time since the one before it."""
        gauges = [
            Gauge.sample(value / whole, at - earlier) for (earlier, _), (at, value) in pairwise(self.samples)
        ]
        total = gauges[0]
        for one in gauges[1:]:
            total += one
        return total


def tell_gauge(
    measure: Measure, asked: Asked, health: Health, before: Levels | None, after: Levels
) -> Iterator[Observation | Absence]:
    """Yield what is known of one gauge, or why nothing is, or nothing where nothing was scraped since.

    The caller has said already where the gauge was refused, is nowhere, or is broken.
    """
    series = Series.of(measure)
    live = [one for one in after.sets if not health.gone(one.target, one.at)]
    counted = censuses(before, after, health)
    failing = health.failing(measure.of)
    if counted:
        missing = health.failing(measure.of, known=True)
        remark = f"without what {failure(missing, asked.place)}" if missing else ""
        yield from _observed(measure, counted, health, remark, several=len(live) > 1)
        return
    known = set() if before is None else {one.key for one in before.sets}
    old = health.old({one.target for one in live or after.sets})
    if failing:
        yield Absence(series, Reason.NO_DATA, failure(failing, asked.place))
    elif old:
        yield Absence(series, Reason.STALE, old)
    elif not any(one.key in known for one in live):
        yield Absence(series, Reason.NO_DATA, ONE_READING)


def censuses(before: Levels | None, after: Levels, health: Health) -> list[Census]:
    """Return the samples since the last poll of each label set that has some."""
    then = {} if before is None else {one.key: one.at for one in before.sets}
    found = []
    for one in after.sets:
        if one.key not in then or health.gone(one.target, one.at):
            continue
        since = then[one.key]
        earlier = [sample for sample in one.samples if sample[0] <= since]
        first = earlier[-1] if earlier else (since, 0.0)
        samples = (first, *(sample for sample in one.samples if sample[0] > since))
        if len(samples) > 1:
            found.append(Census(one, samples))
    return found


def gauge_faults(measure: Measure, before: Levels | None, after: Levels, health: Health) -> tuple[Fault, ...]:
    """Return what is wrong with the numbers of a gauge, the blinding fault first."""
    (reads, _, side), metric = measure.group.partition("."), metric_of(measure.of)
    counted = censuses(before, after, health)
    known = [value for one in after.sets for _, value in one.samples]
    known += [value for past in after.past for _, value in past.values]
    largest = [max(census.new) for census in counted]
    doubts: tuple[Fault, ...] = ()
    for census in counted:
        name = _name(metric, census.level.target)
        wrong = misread(name, metric, reads, census.new, known, low=side != "max", others=largest)
        if wrong is not None and wrong.blinding:
            return (wrong,)
        doubts = doubts or (() if wrong is None else (wrong,))
    moving = {census.level.key for census in counted}
    for past in after.past:
        if (past.target, past.labels) in moving:
            wrong = lifetime(_name(metric, past.target), metric, past.values, past.step)
            if wrong is not None:
                return (wrong, *doubts)
    return doubts


def metric_of(selector: str) -> str:
    """Return the metric's name out of a selector."""
    return selector.partition("{")[0]


def _name(metric: str, target: Target) -> str:
    return f"{printable(metric)} of {named(target)}"


def _observed(
    measure: Measure, counted: list[Census], health: Health, remark: str, *, several: bool
) -> Iterator[Observation]:
    reads, _, side = measure.group.partition(".")
    parts = [(census, _part(census, WHOLE[reads], health)) for census in counted]
    sign = 1 if side == "min" else -1
    worst, part = min(parts, key=lambda pair: (sign * _mean(pair[1]), pair[0].level.key))
    subjects = _subjects([census.level for census in counted])
    who = ""
    if several:
        labels = ", ".join(f"{name} {value}" for name, value in subjects[worst.level.key])
        low = "lowest" if side == "min" else "highest"
        who = f"the {low} of {len(parts)}, for gauges are not averaged: {printable(labels)}"
    details = (who, remark, part.detail)
    detail = "; ".join(each for each in details if each)
    yield Observation(
        Series.of(measure), (Part(part.start, part.end, part.evidence, part.quality, (), detail),)
    )
    if several:
        for census, own in parts:
            yield Observation(Series.of(measure, subjects[census.level.key]), (own,))


def _mean(part: Part) -> float:
    assert isinstance(part.evidence, Gauge)
    mean = part.evidence.mean()
    assert mean is not None
    assert mean.low is not None
    return mean.low


def _part(census: Census, whole: float, health: Health) -> Part:
    times = [at for at, _ in census.samples]
    longest = max(later - earlier for earlier, later in pairwise(times))
    gap = longest > health.patience(census.level.target)
    detail = f"nothing was heard of {named(census.level.target)} for {longest:.0f} s" if gap else ""
    quality = Quality.GAP if gap else Quality.EXACT
    return Part(moment(times[0]), moment(times[-1]), census.gauge(whole), quality, (), detail)


def _subjects(levels: list[Level]) -> Mapping[tuple[Target, tuple[tuple[str, str], ...]], Subject]:
    """Return instance and labels as subject, and the job too where two jobs would share one."""
    short = {level.key: _subject(level.target[1], level.labels) for level in levels}
    taken = list(short.values())
    return {
        level.key: (
            short[level.key]
            if taken.count(short[level.key]) == 1
            else tuple(sorted((*short[level.key], ("job", level.target[0]))))
        )
        for level in levels
    }


def _subject(instance: str, labels: tuple[tuple[str, str], ...]) -> Subject:
    return tuple(sorted((*labels, ("instance", instance))))
