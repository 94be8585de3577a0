"""The raw counters of one histogram metric, put together per label set and checked.

Broken counters are no error here: the label set then carries the sentence that says what is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import pairwise

from collectors.prometheus.asked import named
from collectors.prometheus.samples import StrangeAnswerError, series_of, target_of
from collectors.prometheus.snapshot import Buckets, Counters
from collectors.prometheus.words import printable
from headroom.budgets import Reason

_MOST = 2**53
"""Prometheus keeps doubles: above this, counts are rounded."""
_LONGEST = 200
"""How much of a label is kept; classes are told by far less."""


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


class _BrokenError(Exception):
    """Counters that are unfit; the text says why."""


def counters_of(
    metric: str, result: object, labels: Mapping[str, str], now: float, window: float
) -> Counters:
    """Return the label sets of `metric` out of the answer to `query.histogram`.

    `labels` says what the metric calls "method", "path" and "status"; `window` is the span asked for, in
    seconds. Raises StrangeAnswerError where the answer is none to that query.
    """
    raws = _grouped(metric, result, now, window)
    whole = [raw for raw in raws if raw.buckets]
    if raws and not whole:
        why = (
            f"{printable(metric)} has no buckets, only a sum or a count: it is a summary, or its buckets are "
            "dropped; declare it as a histogram, and keep its _bucket series"
        )
        return Counters(refused=(Reason.BROKEN_INSTRUMENTATION, why))
    layouts: dict[tuple[str, ...], _Layout] = {}
    return Counters(tuple(_set(metric, raw, labels, layouts) for raw in whole))


def _grouped(metric: str, result: object, now: float, window: float) -> list[_Raw]:
    bucket, total = f"{metric}_bucket", f"{metric}_sum"
    groups: dict[frozenset[tuple[str, str]], _Raw] = {}
    for labels, values in series_of(result, now, window):
        name, bound = labels.pop("__name__", ""), labels.pop("le", "")
        try:
            key = frozenset(labels.items())
        except TypeError:
            raise StrangeAnswerError("labels that are no texts") from None
        raw = groups.get(key)
        if raw is None:
            raw = groups[key] = _Raw(labels)
        at, text = values[-1]
        if name == bucket:
            raw.buckets.append((at, bound, text))
        elif name == total:
            raw.total = (at, text)
    return list(groups.values())


def _set(
    metric: str, raw: _Raw, names: Mapping[str, str], layouts: dict[tuple[str, ...], _Layout]
) -> Buckets:
    # All of one scrape: after a restart with other buckets, the old ones linger with their old time stamp.
    at = max(bucket[0] for bucket in raw.buckets)
    newest = [bucket for bucket in raw.buckets if bucket[0] == at]
    spelled = tuple(bound for _, bound, _ in newest)
    try:
        layout = layouts.get(spelled)
        if layout is None:
            layout = layouts[spelled] = _layout(spelled)
        text = raw.labels.get
        # A path ends at its query: no class is told by what follows, and it may hold secrets.
        method, path = (
            text(names.get("method", "method"), "")[:_LONGEST],
            text(names.get("path", "path"), "").partition("?")[0][:_LONGEST],
        )
        status = text(names.get("status", "status"), "")[:_LONGEST]
        key = _key(raw.labels)
    except (TypeError, AttributeError):
        raise StrangeAnswerError("labels that are no texts") from None
    target = target_of(raw.labels)
    try:
        counts = _counts(newest, layout)
        seconds = _seconds(raw.total, at)
    except _BrokenError as error:
        what = f"{method} {path} of {named(target)}".strip()
        broken = f"{printable(metric)} of {printable(what)}: {error}"
        return Buckets(key, target, method, path, status, at, layout.bounds, (), None, broken)
    return Buckets(key, target, method, path, status, at, layout.bounds, counts, seconds)


def _key(labels: Mapping[str, str]) -> str:
    spelled = "\0".join(f"{name}\1{labels[name]}" for name in sorted(labels))
    return blake2b(spelled.encode(errors="surrogatepass"), digest_size=10).hexdigest()


def _layout(spelled: tuple[str, ...]) -> _Layout:
    try:
        numbers = [float(bound) for bound in spelled]
    except ValueError:
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
        raise _BrokenError(layout.broken)
    counts = tuple([_count(newest[place][2]) for place in layout.order])
    if any(upper < lower for lower, upper in pairwise(counts)):
        bounds = (*layout.bounds, math.inf)[1:]
        bound = next(
            bound for bound, (lower, upper) in zip(bounds, pairwise(counts), strict=True) if upper < lower
        )
        raise _BrokenError(
            f"fewer events up to le={bound:g} than up to the bucket below it; its buckets contradict"
        )
    return counts


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = _whole(text)
    if not 0 <= count <= _MOST:
        raise _BrokenError(f"a count of {printable(text, 40)}; counters run from 0 to 2^53")
    return count


def _whole(text: str) -> int:
    """Read a whole number that is spelled with a point or an exponent."""
    try:
        return _exactly(float(text))
    except (ValueError, OverflowError):
        raise _BrokenError(f"a count of {printable(text, 40)}; counts are whole numbers") from None


def _exactly(number: float) -> int:
    if number != int(number):
        raise ValueError(number)
    return int(number)


def _seconds(total: tuple[float, str] | None, at: float) -> float | None:
    if total is None or total[0] != at:
        return None
    try:
        seconds = float(total[1])
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise _BrokenError(f"a sum of {printable(total[1], 40)}; somebody observed NaN or negative durations")
    return seconds
