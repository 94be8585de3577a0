"""The changes of one histogram summed by class: durations, failures, and what belongs to no class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from collectors.prometheus.asked import Asked
from collectors.prometheus.change import RANK, Change
from collectors.prometheus.flow import Flow
from collectors.prometheus.health import ONE_READING, Health, failure
from collectors.prometheus.snapshot import Buckets
from collectors.prometheus.words import listed, moment, printable
from headroom.budgets import Measure, Reason
from headroom.evidence import Evidence, Histogram, Ratio
from headroom.observation import Absence, Observation, Part, Quality, Series

IGNORED = "ignored"
PREFIX = "endpoints."
"""What stands before the class in a measure's group."""


def failed(status: str) -> bool:
    """Tell whether a request ended in an error of the server: 500 to 599, or "5xx"."""
    return len(status) == 3 and status[0] == "5"  # noqa: PLR2004 the length of a status


_ALL_FAILED = (
    "all {:,} answers of the newest interval were 5xx, which are not among the durations: "
    "how fast the others would be cannot be told"
)


@dataclass(slots=True)
class Classes:
    """One histogram between two snapshots, asked about one class at a time."""

    metric: str
    asked: Asked
    flow: Flow
    health: Health
    _classes: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def of(self, one: Buckets) -> str | None:
        """Return the class of a label set, "ignored", or None for unclassified."""
        request = one.method, one.path
        if request not in self._classes:
            self._classes[request] = self.asked.rules.classify(*request)
        return self._classes[request]

    def tell(self, measure: Measure, thresholds: tuple[float, ...]) -> Iterator[Observation | Absence]:
        """Yield what is known of a class: its durations and failures, or why nothing is, or nothing yet."""
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
            yield from self._counted(measure, changes, thresholds)
        else:
            yield from self._silent(series, mine, thresholds)

    def unclassified(self) -> tuple[Observation | None, str]:
        """Return which share of the requests no class takes, and a sentence that names some; "" for none."""
        counted = [change for change in self.flow.changes if self.of(change.series) != IGNORED]
        stray = Counter[str]()
        for change in counted:
            if self.of(change.series) is None:
                stray[
                    f"{change.series.method} {change.series.path}".strip() or "without method and path"
                ] += change.n
        if not counted:
            return None, ""
        lost = [change for change in counted if self.of(change.series) is None]
        parts = _ratios(counted, lost)
        whole, part = sum(change.n for change in counted), sum(stray.values())
        observation = Observation(Series(self.asked.source, f"histogram:{self.metric}:unclassified"), parts)
        if not part:
            return observation, ""
        names = listed([printable(name, 80) for name, count in stray.most_common() if count], 5)
        return observation, (
            f"{part} of {whole} requests in {printable(self.metric)} belong to no class: {names}; "
            "add a class, or ignore them"
        )

    def _picker(self, measure: Measure) -> Callable[[Buckets], bool]:
        wanted = measure.group.removeprefix(PREFIX)
        if not wanted:
            return lambda one: self.of(one) != IGNORED
        return lambda one: self.of(one) == wanted

    def _counted(
        self, measure: Measure, changes: list[Change], thresholds: tuple[float, ...]
    ) -> Iterator[Observation | Absence]:
        served = [change for change in changes if not failed(change.series.status)]
        lost = [change for change in changes if failed(change.series.status)]
        remarks = []
        down = self.health.failing(self.metric, known=True)
        if down:
            remarks.append(f"without what {failure(down, self.asked.place)}")
        errors = sum(change.n for change in lost)
        if errors:
            remarks.append(
                f"{errors} of {sum(c.n for c in changes)} answers were 5xx and are not among the durations"
            )
        if errors and not any(change.n for change in served):
            # An outage is not "no traffic", and nothing of it may look like speed.
            yield Absence(Series.of(measure), Reason.PARTIAL, _ALL_FAILED.format(errors))
        else:
            parts = tuple(_histograms(served, thresholds, remarks))
            if not parts:
                quality = min((change.quality for change in lost), key=RANK.index)
                parts = (_idle(lost[0].bounds, _span(lost), thresholds, quality, _details(lost, remarks)),)
            yield Observation(Series.of(measure), parts)
        if any(change.series.status for change in changes):
            yield Observation(Series(measure.source, f"{measure.key}:errors"), _ratios(changes, lost))

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
            detail = (
                "its counters are gone since a restart, and what they counted last is lost" if lost else ""
            )
            quality = Quality.RESET if lost else Quality.EXACT
            bounds = self._some_bounds()
            yield Observation(series, (_idle(bounds, progress, thresholds, quality, detail),))

    def _some_bounds(self) -> tuple[float, ...]:
        """Return the bucket layout of any label set: no class has one of its own."""
        places = (self.flow.waiting, self.flow.fresh, self.flow.gone)
        seen = [change.series for change in self.flow.changes] + [one for place in places for one in place]
        return next((one.bounds for one in seen if one.bounds), ())


def _idle(
    bounds: tuple[float, ...],
    span: tuple[float, float],
    thresholds: tuple[float, ...],
    quality: Quality,
    detail: str,
) -> Part:
    nothing = Histogram(bounds, (0,) * (len(bounds) + 1), 0.0)
    return _part(span, nothing, quality, thresholds, detail)


def _histograms(changes: list[Change], thresholds: tuple[float, ...], remarks: list[str]) -> Iterator[Part]:
    """Yield one part per quality and bucket layout: within those, merged counts lose nothing."""
    groups: dict[tuple[Quality, tuple[float, ...]], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.quality, change.bounds), []).append(change)
    for (quality, bounds), group in sorted(
        groups.items(), key=lambda item: (RANK.index(item[0][0]), item[0][1])
    ):
        upto = [sum(column) for column in zip(*(change.counts for change in group), strict=True)]
        counts = tuple(upper - lower for lower, upper in pairwise((0, *upto)))
        totals = [change.total for change in group if change.total is not None]
        total = sum(totals) if len(totals) == len(group) else None
        detail = _details(group, remarks)
        yield _part(_span(group), Histogram(bounds, counts, total), quality, thresholds, detail)


def _ratios(whole: Sequence[Change], some: Sequence[Change]) -> tuple[Part, ...]:
    """Return one part per quality: how many of the events of `whole` are of `some`."""
    parts = []
    for quality in RANK:
        group = [change for change in whole if change.quality is quality]
        if group:
            share = sum(change.n for change in some if change.quality is quality)
            evidence = Ratio(float(share), float(sum(change.n for change in group)))
            parts.append(_part(_span(group), evidence, quality, (), _details(group, [])))
    return tuple(parts)


def _part(
    span: tuple[float, float],
    evidence: Evidence,
    quality: Quality,
    thresholds: tuple[float, ...],
    detail: str,
) -> Part:
    bounds = tuple(evidence.over(at) for at in thresholds) if isinstance(evidence, Histogram) else ()
    return Part(moment(span[0]), moment(span[1]), evidence, quality, bounds, detail)


def _span(changes: Sequence[Change]) -> tuple[float, float]:
    """Return the interval of many label sets.

    Instances are scraped at different moments. The latest start and the latest end follow on from one poll to
    the next without gap or overlap, and so are as long as what they stand for.
    """
    return max(change.start for change in changes), max(change.end for change in changes)


def _details(changes: Iterable[Change], remarks: list[str]) -> str:
    own = list(dict.fromkeys(change.detail for change in changes if change.detail))
    if len(own) > 3:  # noqa: PLR2004 a sentence holds no more
        own = [*own[:3], f"the same of {len(own) - 3} more"]
    return "; ".join((*own, *remarks))
