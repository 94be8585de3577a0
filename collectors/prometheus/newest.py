"""What was seen never becomes unseen: of two answers, the newer sample of each series counts.

Behind one address there may be several Prometheus that scrape at different moments. An answer that steps back
in time would otherwise become the base of the next difference, and count events twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from collectors.prometheus.asked import Target
from collectors.prometheus.change import restarted
from collectors.prometheus.containers import Containers
from collectors.prometheus.levels import Level, Levels
from collectors.prometheus.processes import Processes
from collectors.prometheus.snapshot import Buckets, Counters, Machines, PrometheusSnapshot, Scrape
from collectors.prometheus.tally import Tally

_SKEW = 5.0
"""Seconds by which clocks of servers behind one address differ; what is later was stamped by a clock that was
set back since, and would never be replaced."""


def newest(last: PrometheusSnapshot | None, answer: PrometheusSnapshot) -> PrometheusSnapshot:
    """Return `answer` with what `last` knew better: newer samples, and those of what was refused now.

    Nothing is kept but what stands in one of both, so that it never grows.
    """
    if last is None or last.epoch != answer.epoch or last.now > answer.now + _SKEW:
        return answer
    return replace(
        answer,
        scrapes={
            target: _scrape(last.scrapes.get(target), scrape) for target, scrape in answer.scrapes.items()
        },
        histograms={
            metric: _counters(last.histograms.get(metric), counters, last, answer)
            for metric, counters in answer.histograms.items()
        },
        machines=_machines(last.machines, answer.machines),
        processes=_processes(last.processes, answer.processes),
        containers=_containers(last.containers, answer.containers),
        gauges={
            selector: _levels(last.gauges.get(selector), levels) for selector, levels in answer.gauges.items()
        },
        failures=_tally(last.failures, answer.failures),
    )


def _scrape(then: Scrape | None, now: Scrape) -> Scrape:
    if then is None:
        return now
    if then.at > now.at:
        kept = replace(then, gives=now.gives, own=now.own, every=then.every or now.every)
        then, now = now, kept
    if then.ok_at is not None and (now.ok_at is None or then.ok_at > now.ok_at):
        return replace(now, ok_at=then.ok_at, started=then.started, steady=False)
    return now


def _counters(
    then: Counters | None, now: Counters, last: PrometheusSnapshot, answer: PrometheusSnapshot
) -> Counters:
    if then is None or not then.sets:
        return now
    if now.refused is not None:
        # Of a process that began meanwhile: compared with what the one before it counted, it would look as if
        # it had served less than it has.
        same = [
            one
            for one in then.sets
            if not restarted(last.scrapes.get(one.target), answer.scrapes.get(one.target))
        ]
        return Counters(tuple(same), now.refused)
    before = {one.key: one for one in then.sets}
    sets = [_newer(before.pop(one.key, None), one) for one in now.sets]
    told = _told(now, answer.scrapes)
    # What an answer lacks that is older than the sample: it cannot know of the series yet.
    sets += [one for one in before.values() if one.target in told and told[one.target] < one.at]
    return Counters(tuple(sets))


def _newer(then: Buckets | None, now: Buckets) -> Buckets:
    return now if then is None or then.at <= now.at else then


def _told(now: Counters, scrapes: Mapping[Target, Scrape]) -> dict[Target, float]:
    """Return up to when an answer tells of each target."""
    told: dict[Target, float] = {}
    for one in now.sets:
        if one.target not in scrapes:
            told[one.target] = max(told.get(one.target, one.at), one.at)
    return told | {target: scrape.at for target, scrape in scrapes.items()}


def _machines(then: Machines, now: Machines) -> Machines:
    if now.refused is not None:
        return Machines(then.seen, now.refused)
    before = {one.target: one for one in then.seen}
    seen = [
        before[one.target] if one.target in before and before[one.target].at > one.at else one
        for one in now.seen
    ]
    return Machines(tuple(seen))


def _processes(then: Processes, now: Processes) -> Processes:
    if now.refused is not None:
        return Processes(then.seen, now.refused)
    before = {one.key: one for one in then.seen}
    return Processes(
        tuple(
            before[one.key] if one.key in before and before[one.key].at > one.at else one for one in now.seen
        )
    )


def _containers(then: Containers, now: Containers) -> Containers:
    if now.refused is not None:
        return Containers(then.seen, now.refused)
    before = {one.key: one for one in then.seen}
    return Containers(
        tuple(
            before[one.key] if one.key in before and before[one.key].at > one.at else one for one in now.seen
        )
    )


def _levels(then: Levels | None, now: Levels) -> Levels:
    if then is None:
        return now
    if now.refused is not None:
        return Levels(then.sets, now.refused)
    before = {one.key: one for one in then.sets}
    return replace(now, sets=tuple(_level(before.get(one.key), one) for one in now.sets))


def _level(then: Level | None, now: Level) -> Level:
    return now if then is None or then.at <= now.at else then


def _tally(then: Tally | None, now: Tally | None) -> Tally | None:
    if then is None or now is None:
        return now
    kept = {
        whose: max(sample, then.sets.get(whose, sample), key=lambda one: one[0])
        for whose, sample in now.sets.items()
    }
    return replace(now, sets=kept)
