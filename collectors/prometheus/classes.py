"""The changes of one histogram summed by class, for all instances and for each: durations and failures.

What belongs to no class is counted too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from collectors.prometheus.asked import Asked, Target, named
from collectors.prometheus.change import RANK, Change
from collectors.prometheus.families import IGNORED, Family
from collectors.prometheus.flow import Flow
from collectors.prometheus.health import ONE_READING, Health, failure
from collectors.prometheus.instances import MOST, slowest, subjects
from collectors.prometheus.parts import details, histograms, idle, ratios, span
from collectors.prometheus.snapshot import Buckets
from collectors.prometheus.words import listed, printable
from headroom.budgets import Measure, Reason
from headroom.observation import Absence, Observation, Quality, Series

_ALL_FAILED = (
    "all {:,} answers of the newest interval were 5xx, which are not among the durations: "
    "how fast the others would be cannot be told"
)

_SAID = frozenset({Quality.RESET, Quality.SUSPECT})


@dataclass(slots=True)
class Classes:
    """One histogram between two snapshots, asked about one class at a time.

    Attributes:
        notes: sentences about the histogram as a whole that came up on the way.
    """

    metric: str
    asked: Asked
    flow: Flow
    health: Health
    family: Family
    notes: list[str] = field(default_factory=list)
    _classes: dict[tuple[object, ...], str | None] = field(default_factory=dict)

    def of(self, one: Buckets) -> str | None:
        """Return the class of a label set, "ignored", or None for unclassified."""
        told_by = one.method, one.path, one.status, one.labels
        if told_by not in self._classes:
            self._classes[told_by] = self.family.of(one)
        return self._classes[told_by]

    def tell(self, measure: Measure, thresholds: tuple[float, ...]) -> Iterator[Observation | Absence]:
        """Yield what is known of a class: its durations and failures, or why nothing is, or nothing yet.

        Single instances follow the whole, those with anything new.
        """
        series = Series.of(measure)
        mine = self._picker(measure)
        broken = [one for one in self.flow.broken if mine(one)]
        if broken:
            yield Absence(series, Reason.BROKEN_INSTRUMENTATION, broken[0].broken)
            return
        changes = [change for change in self.flow.changes if mine(change.series)]
        failing = self.health.failing(self.metric)
        if failing and not any(change.n for change in changes):
            yield Absence(series, Reason.NO_DATA, failure(failing, self.asked.place))
        elif changes:
            yield from self._counted(measure, changes, mine, thresholds)
        else:
            yield from self._silent(series, mine, thresholds)
        yield from self._instances(measure, changes, mine, thresholds)

    def unclassified(self) -> tuple[Observation | None, str]:
        """Return which share of the events no class takes, and a sentence that names some; "" for none."""
        counted = [change for change in self.flow.changes if self.of(change.series) != IGNORED]
        stray = Counter[str]()
        for change in counted:
            if self.of(change.series) is None:
                stray[self.family.name(change.series)] += change.n
        if not counted:
            return None, ""
        lost = [change for change in counted if self.of(change.series) is None]
        parts = ratios(counted, lost)
        whole, part = sum(change.n for change in counted), sum(stray.values())
        observation = Observation(Series(self.asked.source, f"histogram:{self.metric}:unclassified"), parts)
        if not part:
            return observation, ""
        names = listed([printable(name, 80) for name, count in stray.most_common() if count], 5)
        return observation, (
            f"{part} of {whole} {self.family.events} in {printable(self.metric)} belong to no class: "
            f"{names}; {self.family.remedy}"
        )

    def _picker(self, measure: Measure) -> Callable[[Buckets], bool]:
        wanted = measure.group.removeprefix(self.family.prefix)
        if not wanted:
            return lambda one: self.of(one) != IGNORED
        return lambda one: self.of(one) == wanted

    def _giving(self, changes: list[Change], mine: Callable[[Buckets], bool]) -> set[Target]:
        silent = (one.target for place in (self.flow.waiting, self.flow.fresh) for one in place if mine(one))
        return {*(change.series.target for change in changes), *silent}

    def _counted(
        self,
        measure: Measure,
        changes: list[Change],
        mine: Callable[[Buckets], bool],
        thresholds: tuple[float, ...],
    ) -> Iterator[Observation | Absence]:
        served = [change for change in changes if not self.family.failed(change.series)]
        lost = [change for change in changes if self.family.failed(change.series)]
        remarks = [*_failures(changes, lost), *self._unknown(changes, mine)]
        down = self.health.failing(self.metric, known=True)
        if down:
            remarks.insert(0, f"without what {failure(down, self.asked.place)}")
        giving = self._giving(changes, mine)
        if len(giving) > MOST and thresholds and (said := slowest(served, min(thresholds), giving)):
            remarks.append(said)
        yield _durations(Series.of(measure), served, lost, thresholds, remarks)
        if any(self.family.tells_failures(change.series) for change in changes):
            yield Observation(Series(measure.source, f"{measure.key}:errors"), ratios(changes, lost))

    def _instances(
        self,
        measure: Measure,
        changes: list[Change],
        mine: Callable[[Buckets], bool],
        thresholds: tuple[float, ...],
    ) -> Iterator[Observation | Absence]:
        """Yield the durations of each instance that gave something new, where there are several."""
        of_each: dict[Target, list[Change]] = {}
        for change in changes:
            of_each.setdefault(change.series.target, []).append(change)
        giving = self._giving(changes, mine)
        if len(giving) > MOST:
            self.notes.append(
                f"{len(giving)} instances give {printable(self.metric)}, and single ones are told for {MOST} "
                'at most: group them by classes with a label, such as labels: {instance: "10.0.1.*"}'
            )
        if not 1 < len(giving) <= MOST:
            return
        names = subjects(sorted(giving))
        for target, own in sorted(of_each.items()):
            served = [change for change in own if not self.family.failed(change.series)]
            lost = [change for change in own if self.family.failed(change.series)]
            remarks = [*_failures(own, lost), *self._unknown(own, mine, target)]
            yield _durations(Series.of(measure, names[target]), served, lost, thresholds, remarks)

    def _unknown(
        self, changes: list[Change], mine: Callable[[Buckets], bool], target: Target | None = None
    ) -> list[str]:
        """Return sentences on what instances counted that is not among the changes; of all, or of one."""

        def of(sets: Iterable[Buckets]) -> set[Target]:
            return {one.target for one in sets if mine(one) and target in {None, one.target}}

        met = {one.target for one in self.health.before.histograms[self.metric].sets}
        fresh, silent = of(self.flow.fresh), of(self.flow.silent)
        # Of these the change itself says it.
        doubted = {change.series.target for change in changes if change.quality in _SAID}
        gone = of(self.flow.just_gone) - doubted
        return [
            sentence.format(listed([named(one) for one in sorted(targets)]))
            for sentence, targets in (
                ("what {} counted before it was first seen is not judged", fresh - met),
                ("what {} counted since is not judged, for nothing fits to compare it with", fresh & met),
                ("counters of {} are gone, and what they counted last is lost", gone),
                ("nothing scrapes {} any more, and what was counted there last is lost", silent),
            )
            if targets
        ]

    def _silent(
        self, series: Series, mine: Callable[[Buckets], bool], thresholds: tuple[float, ...]
    ) -> Iterator[Observation | Absence]:
        """Tell idle from blind where no label set of a class has anything new and no scrape fails."""
        giving = self.health.giving(self.metric)
        waiting = {one.target for one in self.flow.waiting if mine(one)}
        progress = self.health.progress(giving)
        old = self.health.old(waiting or giving)
        if any(mine(one) for one in self.flow.fresh):
            yield Absence(series, Reason.NO_DATA, ONE_READING)
        elif old:
            yield Absence(series, Reason.STALE, old)
        elif progress is not None and not waiting:
            lost = [one for one in self.flow.just_gone if mine(one)]
            detail = "its counters are no longer given, and what they counted last is lost" if lost else ""
            quality = Quality.RESET if lost else Quality.EXACT
            bounds = self._some_bounds()
            yield Observation(series, (idle(bounds, progress, thresholds, quality, detail),))

    def _some_bounds(self) -> tuple[float, ...]:
        """Return the bucket layout of any label set: no class has one of its own."""
        places = (self.flow.waiting, self.flow.fresh, self.flow.gone)
        seen = [change.series for change in self.flow.changes] + [one for place in places for one in place]
        return next((one.bounds for one in seen if one.bounds), ())


def _durations(
    series: Series,
    served: list[Change],
    lost: list[Change],
    thresholds: tuple[float, ...],
    remarks: list[str],
) -> Observation | Absence:
    """Return the durations of what was served; what ended in a failure is `lost`."""
    errors = sum(change.n for change in lost)
    if errors and not any(change.n for change in served):
        # An outage is not "no traffic", and nothing of it may look like speed.
        return Absence(series, Reason.PARTIAL, _ALL_FAILED.format(errors))
    parts = tuple(histograms(served, thresholds, remarks))
    if not parts:
        quality = min((change.quality for change in lost), key=RANK.index)
        parts = (idle(lost[0].bounds, span(lost), thresholds, quality, details(lost, remarks)),)
    return Observation(series, parts)


def _failures(changes: list[Change], lost: list[Change]) -> list[str]:
    errors = sum(change.n for change in lost)
    if not errors:
        return []
    whole = sum(change.n for change in changes)
    return [f"{errors} of {whole} answers were 5xx and are not among the durations"]
