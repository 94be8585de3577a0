"""Whether the buckets that a histogram has can decide the limits held against it, and which would. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from collectors.prometheus.asked import Asked, Target, named
from collectors.prometheus.native.native import CUSTOM
from collectors.prometheus.snapshot import Buckets, Counters
from collectors.prometheus.words import listed, printable
from headroom.budgets import Budget, Kind, Limit, Measure, Unit
from headroom.checks import Check, State
from headroom.units import format_value

ClassOf = Callable[[Measure, Buckets], str]

FINER = "NativeHistogramBucketFactor: 1.1,  // client_golang: buckets at most a tenth wide"
NEAR = 1.1
"""How many times the bound below the one above may be, with nothing left to wish for: those of native
histograms of schema 3, and finer."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The bucket bounds that some targets share.

    Attributes:
        grid: they are the grid of a native histogram, which nobody chose and nobody can add to.
    """

    bounds: tuple[float, ...]
    targets: tuple[Target, ...]
    grid: bool = False


@dataclass(frozen=True, slots=True)
class Decidable:
    """What one layout can prove of one limit.

    Attributes:
        below: the largest bound up to the threshold; None where there is none, and "met" cannot be proven.
        above: the smallest bound from the threshold on; None where there is none, and "over" cannot be.
    """

    below: float | None
    above: float | None

    @classmethod
    def of(cls, bounds: Iterable[float], threshold: float) -> Decidable:
        """Return what these bounds can prove at a threshold, both in seconds."""
        kept = list(bounds)
        return cls(
            max((bound for bound in kept if bound <= threshold), default=None),
            min((bound for bound in kept if bound >= threshold), default=None),
        )

    @property
    def exactly(self) -> bool:
        """The threshold is a bound: every count is known to be on one side of it."""
        return self.below is not None and self.below == self.above

    @property
    def finely(self) -> bool:
        """The bounds on both sides of the threshold are so near that little lies between them."""
        return self.below is not None and self.above is not None and self.above <= NEAR * self.below

    @property
    def state(self) -> State:
        """Pass where every case, or nearly, is decided, fail where one side can never be proven."""
        if self.exactly or self.finely:
            return State.PASS
        return State.FAIL if self.below is None or self.above is None else State.WARN


def layouts_of(sets: Iterable[Buckets]) -> tuple[Layout, ...]:
    """Return the layouts among label sets that are fit, the most frequent first."""
    found: dict[tuple[tuple[float, ...], bool], dict[Target, int]] = defaultdict(dict)
    for one in sets:
        if not one.broken:
            # Custom bounds are somebody's choice, as those of a classic histogram are.
            targets = found[one.bounds, one.native and one.schema != CUSTOM]
            targets[one.target] = targets.get(one.target, 0) + 1
    ordered = sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return tuple(Layout(bounds, tuple(sorted(targets)), grid) for (bounds, grid), targets in ordered)


def examine_buckets(
    budgets: Sequence[Budget], asked: Asked, histograms: Mapping[str, Counters], class_of: ClassOf
) -> Iterator[Check]:
    """Yield a check for each limit that a histogram is held against, and one for each metric.

    `class_of` tells the group of a label set under a measure, as `Measure.group` spells it.
    """
    wanted: dict[str, set[float]] = defaultdict(set)
    failing: set[str] = set()
    for measure, limits in asked.measures.items():
        if measure.kind is Kind.HISTOGRAM and not measure.group:
            wanted[measure.of].update(limits)  # of the guide, asked for by no budget
    for budget in budgets:
        for measure in budget.measures:
            if measure.kind is not Kind.HISTOGRAM or measure.source != asked.source:
                continue
            for limit in budget.limits:
                if limit.statistic.share is not None:
                    wanted[measure.of].add(limit.threshold)
                check = _limit(budget, measure, limit, histograms.get(measure.of, Counters()), class_of)
                failing |= {measure.of} if check.state is State.FAIL else set()
                yield check
    for metric, thresholds in wanted.items():
        counters = histograms.get(metric, Counters())
        if thresholds and layouts_of(counters.sets):
            yield _metric(metric, thresholds, counters, State.FAIL if metric in failing else State.WARN)


def _limit(budget: Budget, measure: Measure, limit: Limit, counters: Counters, class_of: ClassOf) -> Check:
    # A second measure has checks of its own: the first one may decide what it does not.
    suffix = "" if measure == budget.measure else ":second"
    ident = f"decidable:{budget.id}:{limit.name}{suffix}"
    promised = f"{limit.statistic.value.upper()} ≤ {format_value(limit.threshold, limit.unit)}"
    title = f"{budget.title}, {promised}: can {printable(measure.of)} decide it?"
    sets = [one for one in counters.sets if not one.broken]
    mine = [one for one in sets if class_of(measure, one) == measure.group] if measure.group else sets
    layouts = layouts_of(mine or sets)
    if not layouts:
        detail = f"there are no buckets of {printable(measure.of)} to look at; see evidence:{budget.id}"
        return Check(ident, State.CANNOT_CHECK, title, detail)
    if limit.statistic.share is None:
        return _mean(ident, title, mine or sets)
    found = [(layout, Decidable.of(layout.bounds, limit.threshold)) for layout in layouts]
    states = {each.state for _, each in found}
    # Some instances that can prove "over" prove it for all, so "never" needs all of them. Where this is the
    # second measure, the first one still judges what it cannot.
    state = states.pop() if len(states) == 1 else State.WARN
    state = State.WARN if suffix and state is State.FAIL else state
    said = [
        _sentence(each, limit, layout)
        if len(found) == 1
        else f"{_where(layout)}: {_sentence(each, limit, layout)}"
        for layout, each in found
    ]
    others = (
        ""
        if mine or not measure.group
        else "; by its other label sets, for this class has had no request yet"
    )
    fix = f"add a bucket at {limit.threshold:g}; the list is in buckets:{measure.of}"
    if all(layout.grid for layout in layouts):
        fix = FINER
    return Check(ident, state, title, "; ".join(said) + others, "" if state is State.PASS else fix)


def _mean(ident: str, title: str, sets: Sequence[Buckets]) -> Check:
    if all(one.total is not None for one in sets):
        return Check(ident, State.PASS, title, "decided exactly, from the sum and the count")
    detail = "only between the buckets' bounds: some label sets give no sum"
    return Check(ident, State.WARN, title, detail, "keep the _sum series of the metric")


def _sentence(can: Decidable, limit: Limit, layout: Layout) -> str:
    """Return which side can be proven, and when."""
    assert limit.statistic.allowed is not None
    kept, allowed = (
        format_value(float(share), Unit.SHARE)
        for share in (1 - limit.statistic.allowed, limit.statistic.allowed)
    )
    at, below, above = (
        None if bound is None else format_value(bound, Unit.SECONDS)
        for bound in (limit.threshold, can.below, can.above)
    )
    if can.exactly:
        return f"decided exactly: a bucket ends at {at}"
    met = f"met is proven where at least {kept} take {below} or less"
    over = f"over where more than {allowed} take longer than {above}"
    if not layout.bounds:
        return "can never be proven met or over: it has no bucket but +Inf"
    if can.above is None:
        last = format_value(layout.bounds[-1], Unit.SECONDS)
        return f"can never be proven over: the last bucket ends at {last}; {met}"
    if can.below is None:
        first = format_value(layout.bounds[0], Unit.SECONDS)
        return f"can never be proven met: the first bucket ends at {first}; {over}"
    if can.finely:
        return f"decided but for what lies between {below} and {above}{', a native histogram' * layout.grid}"
    return f"decided in part: {met}, {over}; between {below} and {above} it stays undecided"


def _where(layout: Layout) -> str:
    return listed([named(target) for target in layout.targets])


def bounds_to_add(bounds: Sequence[float], thresholds: Iterable[float]) -> tuple[float, ...]:
    """Return the bounds that would let every threshold be decided exactly."""
    return tuple(sorted(set(thresholds) - set(bounds)))


def _metric(metric: str, thresholds: set[float], counters: Counters, state: State) -> Check:
    name = printable(metric)
    ident, title = f"buckets:{metric}", f"Buckets of {name}"
    layouts = tuple(layout for layout in layouts_of(counters.sets) if not layout.grid)
    if not layouts:
        return Check(ident, State.PASS, title, "a native histogram: its grid has bounds near every threshold")
    sets: dict[tuple[float, ...], int] = defaultdict(int)
    for one in counters.sets:
        if not one.broken:
            sets[one.bounds] += 1
    # What one instance lacks, all are given: a layout of its own is what makes windows undecided.
    have = sorted({bound for layout in layouts for bound in layout.bounds})
    lacking = [bounds_to_add(layout.bounds, thresholds) for layout in layouts]
    add = bounds_to_add(have, thresholds)
    if not any(lacking):
        if len(layouts) > 1:
            each = " and of ".join(_where(layout) for layout in layouts[:3])
            detail = f"{len(layouts)} layouts, of {each}; every one decides"
            return Check(ident, State.PASS, title, detail)
        return Check(
            ident,
            State.PASS,
            title,
            f"they end at each of its {len(thresholds)} threshold{'s' * (len(thresholds) > 1)}",
        )
    whole = {*have, *add}
    spelled = ", ".join(f"{bound:g}" for bound in sorted(whole))
    grows = [(len(whole.difference(layout.bounds)), sets[layout.bounds]) for layout in layouts]
    cost = " and ".join(
        f"+{more} bucket{'s' if more > 1 else ''} x {each:,} label set{'s' if each != 1 else ''}"
        for more, each in grows
        if more
    )
    short = [f"{bound:g}" for bound in add] or [f"{bound:g}" for bound in max(lacking, key=len)]
    detail = (
        f"{listed(short, 9)} {'is' if len(short) == 1 else 'are'} missing"
        f"{f' from some of {len(layouts)} layouts' if len(layouts) > 1 else ''}; cost of adding: "
        f"{cost} = +{sum(more * each for more, each in grows):,} series"
    )
    fix = f"buckets: [{spelled}],  // prom-client\nbuckets=({spelled}),  # prometheus_client in Python"
    return Check(ident, state, title, detail, fix)
