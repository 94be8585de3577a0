"""Whether the scrapes behind the budgets are sound: failing or doubled targets, periods, series, strays."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from collectors.prometheus.asked import OF_MACHINES, Asked, Target, named
from collectors.prometheus.families import family_of
from collectors.prometheus.fetch import MAX_SERIES
from collectors.prometheus.health import failure
from collectors.prometheus.snapshot import Counters, PrometheusSnapshot
from collectors.prometheus.words import listed, printable
from headroom.budgets import Budget, Kind, Measure
from headroom.checks import Check, State
from headroom.evidence import Ratio
from headroom.observation import Reading
from headroom.units import format_duration

POLLS = 4
"""Scrapes that a window must hold: with fewer, one that fails leaves it half empty."""
IDLE_POLLS = 4
"""Polls for one scrape from which on most of them are for nothing."""
CROWDED = 0.5
"""Share of the cap on series from which on it is time to say so."""
FEW_STRAYS = 0.01
"""Share of requests in no class that is not worth a word."""
MOST = 5


def examine_targets(source: str, place: str, seen: PrometheusSnapshot) -> Iterator[Check]:
    """Yield checks of the targets: those whose scrapes fail, and those that are one process twice."""
    ident, title = f"targets:{source}", f"Scrapes behind {source}"
    down = [scrape for scrape in seen.scrapes.values() if not scrape.up]
    if not seen.scrapes:
        detail = (
            f"no scrape is to be seen at {place}: it has only begun to (VictoriaMetrics shows one after "
            "30 s), or has no targets"
        )
        yield Check(
            ident, State.FAIL, title, detail, "name your application under scrape_configs in prometheus.yml"
        )
    elif down:
        giving = any(scrape.gives is None or scrape.gives for scrape in down)
        state = State.FAIL if giving else State.WARN
        yield Check(
            ident, state, title, failure(down, place), "mend the target, or take it out of prometheus.yml"
        )
    else:
        count = len(seen.scrapes)
        yield Check(ident, State.PASS, title, f"{count} target{'s' if count > 1 else ''}, all scraped well")
    twins = _twins(seen)
    ident, title = f"twins:{source}", f"Targets of {source} that are one process"
    if twins:
        first, second = twins[0]
        more = f", and {len(twins) - 1} more pairs" if len(twins) > 1 else ""
        detail = (
            f"{named(first)} and {named(second)} give the same counts everywhere{more}: one process scraped "
            "twice counts every request twice, and makes verdicts look surer than they are"
        )
        yield Check(ident, State.WARN, title, detail, "scrape each process under one job and address only")


def _twins(seen: PrometheusSnapshot) -> list[tuple[Target, Target]]:
    """Return pairs of targets with the same counts and sums in at least three label sets with traffic."""
    given: dict[Target, set[tuple[object, ...]]] = defaultdict(set)
    for metric, counters in seen.histograms.items():
        for one in counters.sets:
            if one.counts and one.counts[-1]:
                given[one.target].add((metric, one.method, one.path, one.status, one.counts, one.total))
    by_counts: dict[frozenset[tuple[object, ...]], list[Target]] = defaultdict(list)
    for target, counts in given.items():
        if len(counts) >= 3:  # noqa: PLR2004 fewer may agree by chance
            by_counts[frozenset(counts)].append(target)
    return [(same[0], other) for same in by_counts.values() for other in same[1:]]


def examine_windows(
    budgets: Sequence[Budget], source: str, seen: PrometheusSnapshot, every: timedelta
) -> Iterator[Check]:
    """Yield one check for each budget: do window and polls fit the scrapes?"""
    for budget in budgets:
        measure = budget.measure
        if measure.source != source:
            continue
        period = _period(measure, seen)
        if period is None:
            continue
        ident, title = f"window:{budget.id}", f"{budget.title}: window and scrapes"
        window = budget.window.total_seconds()
        says = f"scraped every {_span(period)}, polled every {_span(every.total_seconds())}"
        if window < POLLS * period:
            detail = f"{_span(window)} holds {window / period:.3g} scrapes ({says}); one that fails halves it"
            fix = f"window: {_span(POLLS * period).replace(' ', '')}"
            yield Check(ident, State.FAIL if window < 2 * period else State.WARN, title, detail, fix)
        elif period >= IDLE_POLLS * every.total_seconds():
            detail = f"{says}: most polls find nothing new"
            yield Check(
                ident, State.WARN, title, detail, f"every: {_span(period).replace(' ', '')}  # of {source}"
            )
        else:
            yield Check(
                ident, State.PASS, title, f"{_span(window)} holds {window / period:.0f} scrapes: {says}"
            )


def _period(measure: Measure, seen: PrometheusSnapshot) -> float | None:
    """Return the longest scrape interval, in seconds, among the targets that give a measure."""
    names = OF_MACHINES.get(measure.kind, (measure.of,))
    periods = [
        scrape.every
        for scrape in seen.scrapes.values()
        if scrape.every and scrape.gives and any(name in scrape.gives for name in names)
    ]
    return max(periods, default=None)


def examine_series(histograms: Mapping[str, Counters]) -> Iterator[Check]:
    """Yield one check for each histogram: how near it is to what is read at most."""
    for metric, counters in histograms.items():
        ident, title = f"series:{metric}", f"Series of {printable(metric)}"
        if counters.refused is not None:
            yield Check(ident, State.FAIL, title, counters.refused[1])
            continue
        if not counters.sets:
            continue
        count, sets = sum(len(one.bounds) + 3 for one in counters.sets), len(counters.sets)
        where = f"{sets:,} label set{'s' * (sets > 1)}"
        detail = f"{count:,} series in {where}; {MAX_SERIES:,} are read at once"
        if count <= CROWDED * MAX_SERIES:
            yield Check(ident, State.PASS, title, detail)
        else:
            fix = "drop labels with many values, such as ids in the path"
            yield Check(ident, State.WARN, title, detail, fix)


def examine_strays(reading: Reading, asked: Asked, seen: PrometheusSnapshot) -> Iterator[Check]:
    """Yield one check for each histogram: which share of its events belongs to no class, and the remedy."""
    for observation in reading.observations:
        key = observation.series.measure
        metric = key.removeprefix(f"{Kind.HISTOGRAM.value}:").removesuffix(":unclassified")
        measure = next((one for one in asked.measures if one.of == metric and one.group), None)
        if measure is None or not key.endswith(":unclassified"):
            continue
        family = family_of(measure, asked)
        ratios = [part.evidence for part in observation.parts if isinstance(part.evidence, Ratio)]
        part, whole = sum(ratio.part for ratio in ratios), sum(ratio.whole for ratio in ratios)
        if not whole:
            continue
        ident, title = (
            f"unclassified:{metric}",
            f"{family.events.capitalize()} of {printable(metric)} in no class",
        )
        detail = f"{part:.0f} of {whole:.0f} in the newest interval ({part / whole:.1%})"
        if part <= FEW_STRAYS * whole:
            yield Check(ident, State.PASS, title, detail)
            continue
        counts: dict[str, int] = defaultdict(int)
        for one in seen.histograms[metric].sets:
            if one.counts and family.of(one) is None:
                counts[family.name(one)] += one.counts[-1]
        names = sorted(counts, key=lambda name: (-counts[name], name))
        detail = f"{detail}: no budget sees them; {listed([printable(name, 80) for name in names], MOST)}"
        yield Check(
            ident, State.WARN, title, detail, _classes(names) if family.prefix == REQUESTS else family.remedy
        )


REQUESTS = "endpoints."


def _classes(names: Sequence[str]) -> str:
    """Return lines for `classes: endpoints:` of "METHOD /path"."""
    lines = []
    for number, name in enumerate(names[:MOST], 1):
        method, _, path = name.partition(" ")
        if method.isupper() and path.startswith("/"):
            lines.append(
                f"- {{name: other-{number}, method: {method}, path: {json.dumps(printable(path, 80))}}}"
            )
    return "\n".join(["# in budgets.yaml, under classes: endpoints:", *lines])


def _span(seconds: float) -> str:
    return format_duration(timedelta(seconds=round(seconds, 1)))
