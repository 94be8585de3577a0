"""The raw counters of one histogram metric, put together per label set and checked.

Broken counters are no error here: the label set then carries the sentence that says what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from collectors.prometheus.asked import Asked
from collectors.prometheus.counts import BrokenError, count_of, seconds_of
from collectors.prometheus.label_set import LabelSet
from collectors.prometheus.native.forms import NO_EDGES, Edges, in_one_form, natives_of
from collectors.prometheus.samples import StrangeAnswerError, living, series_of
from collectors.prometheus.snapshot import Buckets, Counters
from collectors.prometheus.words import printable
from headroom.budgets import Reason

_NO_BUCKETS = (
    "it has no buckets but le=+Inf, and no sum: nothing tells how long anything took; give it buckets around "
    "the limits"
)


@dataclass(slots=True)
class _Raw:
    labels: Mapping[str, str]
    buckets: list[tuple[float, str, str]] = field(default_factory=list)
    total: tuple[float, str] | None = None


@dataclass(frozen=True, slots=True)
class _Layout:
    """Bucket bounds as one scrape spelled them: ascending, and in which order the counts must be read."""

    order: tuple[int, ...]
    bounds: tuple[float, ...]
    broken: str


def counters_of(
    metric: str, result: object, asked: Asked, now: float, window: float, known: Edges = NO_EDGES
) -> Counters:
    """Return the label sets of `metric` out of the answer to `query.histogram`, each in one form.

    Of their labels those are kept that `asked` tells classes by; `window` is the span asked for, in seconds,
    and `known` holds the custom bounds that `edges_of` gave before.
    Raises StrangeAnswerError where the answer is none to that query.
    """
    native = natives_of(metric, result, asked, now, window, known)
    raws = _grouped(metric, result, now, window)
    whole = [raw for raw in raws if raw.buckets]
    if raws and not whole and not native:
        why = (
            f"{printable(metric)} has no buckets, only a sum or a count: it is a summary, or its buckets are "
            "dropped; declare it as a histogram, and keep its _bucket series"
        )
        return Counters(refused=(Reason.BROKEN_INSTRUMENTATION, why))
    layouts: dict[tuple[str, ...], _Layout] = {}
    further = asked.labels
    classic = [_set(metric, raw, asked, further, layouts) for raw in whole]
    return Counters(in_one_form(classic, native, metric, asked))


def _grouped(metric: str, result: object, now: float, window: float) -> list[_Raw]:
    bucket, total = f"{metric}_bucket", f"{metric}_sum"
    groups: dict[frozenset[tuple[str, str]], _Raw] = {}
    for labels, values in series_of(result, now, window):
        name, bound = labels.pop("__name__", ""), labels.pop("le", "")
        if name == metric:  # of the bare name, only native histograms are counters
            continue
        try:
            key = frozenset(labels.items())
        except TypeError:
            raise StrangeAnswerError("labels that are no texts") from None
        raw = groups.get(key)
        if raw is None:
            raw = groups[key] = _Raw(labels)
        at, text = living(values)[-1]
        if name == bucket:
            raw.buckets.append((at, bound, text))
        elif name == total:
            raw.total = (at, text)
    return list(groups.values())


def _set(
    metric: str, raw: _Raw, asked: Asked, further: Sequence[str], layouts: dict[tuple[str, ...], _Layout]
) -> Buckets:
    # All of one scrape: after a restart with other buckets, the old ones linger with their old time stamp.
    at = max(bucket[0] for bucket in raw.buckets)
    newest = [bucket for bucket in raw.buckets if bucket[0] == at]
    spelled = tuple(bound for _, bound, _ in newest)
    try:
        layout = layouts.get(spelled)
        if layout is None:
            layout = layouts[spelled] = _layout(spelled)
    except TypeError:
        raise StrangeAnswerError("labels that are no texts") from None
    whose = LabelSet.of(raw.labels, asked, further)
    counts: tuple[int, ...] = ()
    seconds, broken = None, ""
    try:
        counts = _counts(newest, layout)
        seconds = _seconds(raw.total, at, layout)
    except BrokenError as error:
        counts, broken = (), whose.broken(metric, error)
    return Buckets(
        whose.key, whose.target, whose.method, whose.path, whose.status, at, layout.bounds, counts, seconds,
        broken, whose.labels,
    )  # fmt: skip


def _layout(spelled: tuple[str, ...]) -> _Layout:
    try:
        numbers = [float(bound) for bound in spelled]
    except (ValueError, OverflowError):
        return _Layout((), (), f"le is no number in one of {printable(', '.join(spelled))}")
    if any(math.isnan(number) for number in numbers) or -math.inf in numbers:
        return _Layout((), (), "le is NaN or -Inf in one of its buckets")
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    ascending = [numbers[place] for place in order]
    if ascending[-1] != math.inf:
        return _Layout((), (), "its bucket le=+Inf is missing; keep it, for it alone counts everything")
    if any(upper == lower for lower, upper in pairwise(ascending)):
        return _Layout((), (), "it has one bucket twice under two spellings of le")
    return _Layout(tuple(order), tuple(ascending[:-1]), "")


def _counts(newest: list[tuple[float, str, str]], layout: _Layout) -> tuple[int, ...]:
    if layout.broken:
        raise BrokenError(layout.broken)
    counts = tuple([count_of(newest[place][2]) for place in layout.order])
    if any(upper < lower for lower, upper in pairwise(counts)):
        bounds = (*layout.bounds, math.inf)[1:]
        bound = next(
            bound for bound, (lower, upper) in zip(bounds, pairwise(counts), strict=True) if upper < lower
        )
        raise BrokenError(
            f"fewer events up to le={bound:g} than up to the bucket below it; its buckets contradict"
        )
    return counts


def _seconds(total: tuple[float, str] | None, at: float, layout: _Layout) -> float | None:
    if total is None or total[0] != at:
        if not layout.bounds:  # with a sum, a mean can be told all the same
            raise BrokenError(_NO_BUCKETS)
        return None
    return seconds_of(total[1])
