"""How many events of the window were slow: from the sums of the rows to k_low and k_high."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import reduce
from operator import add

from headroom.bounds import Bounds
from headroom.evidence import Histogram, Moments
from headroom.explain.ledger import Ledger
from headroom.explain.records import Row
from headroom.judge import Case
from headroom.units import format_value
from headroom.wording import share


def slow(case: Case, rows: Sequence[Row], bounds: Bounds, ledger: Ledger) -> None:
    """Add the lines of n, k_low and k_high, and of the shares that they are."""
    threshold = format_value(case.limit.threshold, case.limit.unit)
    summed = reduce(add, (row.bounds for row in rows if row.bounds is not None))
    evidence = [row.evidence for row in rows]
    histograms = [one for one in evidence if isinstance(one, Histogram)]
    ledger.begin("How many were slow")
    ledger.read("n", bounds.n, "sum of the column n")
    whole = reduce(add, histograms) if len({one.bounds for one in histograms}) == 1 else None
    if whole is not None and whole.over(case.limit.threshold) == bounds:
        _by_buckets(case, whole, ledger)
    else:
        _by_rows(summed, threshold, ledger)
        moments = [one for one in evidence if isinstance(one, Moments)]
        if moments and len(moments) == len(evidence):
            _by_moments(case, reduce(add, moments), threshold, ledger)
        if (summed.k_low, summed.k_high) != (bounds.k_low, bounds.k_high):
            ledger.begin("The tighter of both holds")
            ledger.read("k_low", bounds.k_low, f"certainly over {threshold}")
            ledger.read("k_high", bounds.k_high, f"possibly over {threshold}")
    allowed = case.limit.statistic.allowed
    assert allowed is not None
    if bounds.k_low == bounds.k_high:
        ledger.compute("share", "{k}/{n}", lambda k, n: k / n, "of them slow", k=bounds.k_low, n=bounds.n)
    else:
        for name, k, words in (
            ("share_low", bounds.k_low, "of them slow for certain"),
            ("share_high", bounds.k_high, "of them possibly slow"),
        ):
            ledger.compute(name, "{k}/{n}", lambda k, n: k / n, words, k=k, n=bounds.n)
    ledger.read(
        "allowed", float(allowed), f"{case.limit.statistic.value}: {share(float(allowed))} may be slow"
    )


def _by_buckets(case: Case, whole: Histogram, ledger: Ledger) -> None:
    """Add what the cumulative counts at the bounds on both sides of the limit leave over."""
    limit, n = case.limit, whole.n
    threshold = format_value(limit.threshold, limit.unit)
    at, after = bisect_left(whole.bounds, limit.threshold), bisect_right(whole.bounds, limit.threshold)
    fast = sum(whole.counts[:after])
    if after > at:
        ledger.read("fast", fast, f'up to le="{limit.threshold:g}", which is the limit')
        ledger.compute("k", "{n} - {fast}", lambda n, fast: n - fast, f"over {threshold}", n=n, fast=fast)
        return
    if after:
        words = f'up to le="{whole.bounds[after - 1]:g}", the last bound below {threshold}'
    else:
        words = f"no bound below {threshold}: none is fast for certain"
    ledger.read("fast_min", fast, words)
    if at < len(whole.bounds):
        upto, words = sum(whole.counts[: at + 1]), f'up to le="{whole.bounds[at]:g}", the first bound above'
    else:
        upto, words = n, f"no bound above {threshold}: none is slow for certain"
    ledger.read("fast_max", upto, words)
    words = f"certainly over {threshold}"
    ledger.compute("k_low", "{n} - {fast}", lambda n, fast: n - fast, words, n=n, fast=upto)
    words = f"possibly over {threshold}"
    ledger.compute("k_high", "{n} - {fast}", lambda n, fast: n - fast, words, n=n, fast=fast)


def _by_rows(summed: Bounds, threshold: str, ledger: Ledger) -> None:
    ledger.read("k_low", summed.k_low, f"column k_low: certainly over {threshold}")
    ledger.read("k_high", summed.k_high, f"column k_high: possibly over {threshold}")


def _by_moments(case: Case, whole: Moments, threshold: str, ledger: Ledger) -> None:
    """Add what number, mean and deviation of all of the window prove, where that can be redone on paper."""
    limit, n = case.limit.threshold, whole.n
    bounds = whole.over(limit)
    capped = whole.cap is not None and whole.cap <= limit
    if n < 2 or capped or limit <= 0 or not math.isfinite(whole.total + whole.squares + limit):  # noqa: PLR2004
        return
    trial = Ledger(ledger.digits)
    trial.begin("The same from the figures of all of them together")
    edge = trial.read("limit", limit, f"seconds: {threshold}")
    total = trial.read("total", whole.total, "seconds that all of them took")
    squares = trial.read("squares", whole.squares, "their squared distances from the mean")
    mean = trial.compute("mean", "{total}/{n}", lambda total, n: total / n, "seconds", total=total, n=n)
    words = "square seconds: deviation squared"
    var = trial.compute("var", "{squares}/{n}", lambda squares, n: squares / n, words, squares=squares, n=n)
    if mean <= edge:
        found = trial.compute(
            "k_high_all",
            "FLOOR({n}*MIN({var}/({var} + ({edge} - {mean})^2); {mean}/{edge}))",
            _most,
            f"at most these over {threshold} (Cantelli, Markov)",
            n=n,
            var=var,
            edge=edge,
            mean=mean,
        )
        redone = found == bounds.k_high
    else:
        found = trial.compute(
            "k_low_all",
            "CEILING({n}*({mean} - {edge})^2/({var} + ({mean} - {edge})^2))",
            _least,
            f"at least these over {threshold} (Cantelli)",
            n=n,
            mean=mean,
            edge=edge,
            var=var,
        )
        redone = found == bounds.k_low
    if redone:
        ledger.steps += trial.steps


def _most(n: int, mean: float, var: float, edge: float) -> int:
    apart = edge - mean
    cantelli = var / (var + apart * apart) if apart else 1.0
    return math.floor(n * min(cantelli, mean / edge))


def _least(n: int, mean: float, var: float, edge: float) -> int:
    apart = mean - edge
    return math.ceil(n * apart * apart / (var + apart * apart))
