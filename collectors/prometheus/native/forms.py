"""The label sets of a metric that are native histograms, and which form counts where a target gives both.

Native ones are put on the bounds that their schema has for every label set, so that what follows need hardly
know of them: differences, sums and windows are those of classic ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collectors.prometheus.asked import Asked, Target
from collectors.prometheus.counts import BrokenError
from collectors.prometheus.label_set import LabelSet
from collectors.prometheus.native.grid import canonical
from collectors.prometheus.native.native import CUSTOM, Native, native_of
from collectors.prometheus.samples import native_series_of
from collectors.prometheus.snapshot import Buckets
from headroom.budgets import Kind

MAX_EDGES = 512
"""Custom bounds of a job that are kept; more would be no layout, but somebody who changes it all the time."""

Edges = Mapping[str, frozenset[float]]
"""By job, the custom bounds that any of its native histograms was seen to have."""
NO_EDGES: Edges = {}


@dataclass(frozen=True, slots=True)
class _Found:
    label_set: LabelSet
    at: float
    native: Native | None
    broken: str = ""


def natives_of(
    metric: str, result: object, asked: Asked, now: float, window: float, known: Edges
) -> tuple[Buckets, ...]:
    """Return the label sets of `metric` that are native histograms, or raise StrangeAnswerError.

    `known` is what `edges_of` gave before: only populated buckets are told, so that custom bounds show up one
    after the other, and a layout is to stay what it is.
    """
    further = asked.labels
    found = []
    for labels, at, told in native_series_of(result, now, window):
        if labels.get("__name__") != metric:
            continue
        label_set = LabelSet.of({name: labels[name] for name in labels if name != "__name__"}, asked, further)
        try:
            found.append(_Found(label_set, at, native_of(told)))
        except BrokenError as error:
            found.append(_Found(label_set, at, None, label_set.broken(metric, error)))
    return tuple(_placed(found, _thresholds(metric, asked), known))


def in_one_form(
    classic: Sequence[Buckets], native: Sequence[Buckets], metric: str, asked: Asked
) -> tuple[Buckets, ...]:
    """Return each label set once: where it comes in both forms, they count the same events.

    Of two scrapes the newer counts. Of one scrape it is the classic form where all thresholds that are asked
    of the metric are among its bounds, and otherwise the native one, for it bounds them closer; unless that
    has custom bounds, which are those of the classic one.
    """
    natives = {one.key: one for one in native}
    thresholds = _thresholds(metric, asked)
    chosen = []
    for one in classic:
        other = natives.pop(one.key, None)
        chosen.append(one if other is None or _decides(one, other, thresholds) else other)
    return (*chosen, *natives.values())


def edges_of(sets: Iterable[Buckets]) -> Edges:
    """Return the custom bounds that are known after a reading."""
    edges: dict[str, frozenset[float]] = {}
    for one in sets:
        if one.schema == CUSTOM:
            job = one.target[0]
            edges[job] = edges.get(job, frozenset()) | frozenset(one.bounds)
    return {job: bounds for job, bounds in edges.items() if len(bounds) <= MAX_EDGES}


def _decides(classic: Buckets, native: Buckets, thresholds: Sequence[float]) -> bool:
    if classic.at != native.at:
        return classic.at > native.at
    if classic.broken or native.broken:
        return bool(native.broken)
    return native.schema == CUSTOM or set(thresholds) <= set(classic.bounds)


def _thresholds(metric: str, asked: Asked) -> tuple[float, ...]:
    """Return the thresholds asked of all classes: which class a label set is of is not known here."""
    of_metric = [m for m in asked.measures if m.kind is Kind.HISTOGRAM and m.of == metric]
    return tuple(sorted({threshold for measure in of_metric for threshold in asked.measures[measure]}))


def _placed(found: Sequence[_Found], thresholds: tuple[float, ...], known: Edges) -> Iterable[Buckets]:
    """Yield each on its bounds. What one label set of a target shows of its buckets holds for all of them."""
    schemas = _schemas(found)
    edges = {job: set(bounds) for job, bounds in known.items()}
    for one in found:
        if one.native is not None and schemas[one.label_set.target] == CUSTOM:
            edges.setdefault(one.label_set.target[0], set()).update(one.native.edges)
    custom = {job: tuple(sorted(bounds)) for job, bounds in edges.items()}
    for one in found:
        job, schema = one.label_set.target[0], schemas[one.label_set.target]
        if schema != CUSTOM and one.native is not None and one.native.schema is not None:
            schema = one.native.schema
        bounds = custom.get(job, ()) if schema == CUSTOM else canonical(schema, thresholds)
        yield _buckets(one, schema, bounds)


def _schemas(found: Sequence[_Found]) -> dict[Target, int]:
    """Return the schema of each target: custom where any label set's is, otherwise the finest.

    Custom bounds can look like those of a schema as long as few of them are seen.
    """
    told: dict[Target, set[int]] = {one.label_set.target: set() for one in found}
    for one in found:
        if one.native is not None and one.native.schema is not None:
            told[one.label_set.target].add(one.native.schema)
    return {target: CUSTOM if CUSTOM in some else max(some, default=CUSTOM) for target, some in told.items()}


def _buckets(one: _Found, schema: int, bounds: tuple[float, ...]) -> Buckets:
    whose, native = one.label_set, one.native
    kept: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    if native is not None:
        certain = list(native.upto(bounds))
        kept = tuple([bound for bound, _ in certain])
        counts = (*[count for _, count in certain], native.n)
    total = None if native is None else native.total
    return Buckets(
        whose.key, whose.target, whose.method, whose.path, whose.status, one.at, kept, counts, total,
        one.broken, whose.labels, schema,
    )  # fmt: skip
