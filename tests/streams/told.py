"""What was said of every stream at the end of its window, and what was true: the rows behind all figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import add

from headroom.bounds import Bounds
from headroom.budgets import Budget, Limit, Outcome
from headroom.judge import Case, judge
from tests.streams.certain import Known, census
from tests.streams.stream import LIMITS, THRESHOLDS, Stream
from tests.streams.target import METRICS
from tests.streams.watching import PATIENT, SCRAPES, Watched, ask, measure


@dataclass(frozen=True)
class Told:
    """One stream in one histogram, held against the limit that it lies near.

    Attributes:
        happened: whether the requests of the window kept the promise: met or over.
        counted: the same of those in intervals that the collector does not doubt.
        certain: what the bounds alone say of those.
        inferred: what Headroom says of the present rate.
        interpolated: what an alert on `histogram_quantile` says; undecided where it has no answer.
    """

    stream: Stream
    buckets: str
    happened: Outcome
    counted: Outcome
    certain: Outcome
    inferred: Outcome
    interpolated: Outcome

    @property
    def truth(self) -> Outcome:
        """Whether the stream keeps the promise in the long run: met or over."""
        return Outcome.MET if self.stream.kept else Outcome.OVER


def told(window: Watched, buckets: str, known: Sequence[Sequence[Known]]) -> Iterator[Told]:
    """Yield what is said of every stream in one histogram."""
    quantiles = {limit.statistic: _quantiles(window, buckets, limit) for limit in LIMITS}
    for stream, intervals in zip(window.streams, known, strict=True):
        limit = stream.limit
        sure = [one for one in intervals if not one.doubtful]
        bounds = reduce(add, (one.bounds(limit.threshold) for one in sure), Bounds(limit.threshold, 0, 0, 0))
        yield Told(
            stream,
            buckets,
            happened=_truth(intervals, limit),
            counted=_truth(sure, limit),
            certain=census(bounds, limit),
            inferred=_judged(window, buckets, stream),
            interpolated=_compared(quantiles[limit.statistic].get(stream.path, math.nan), limit),
        )


def _truth(intervals: Sequence[Known], limit: Limit) -> Outcome:
    over = sum(one.over[THRESHOLDS.index(limit.threshold)] for one in intervals)
    return census(Bounds(limit.threshold, sum(one.n for one in intervals), over, over), limit)


def _compared(quantile: float, limit: Limit) -> Outcome:
    if math.isnan(quantile):
        return Outcome.UNDECIDED
    return Outcome.MET if quantile <= limit.threshold else Outcome.OVER


def _judged(window: Watched, buckets: str, stream: Stream) -> Outcome:
    budget = Budget(
        id=METRICS[buckets][0],
        title="",
        guide="",
        measure=measure(buckets, stream),
        window=timedelta(hours=1),
        pending_for=timedelta(0),
        recover_for=timedelta(0),
        limits=(stream.limit,),
    )
    held = window.held[buckets, stream.number]
    return judge(Case(budget, stream.limit, held, window.at[-1], timedelta(seconds=2.8 * PATIENT))).outcome


def _quantiles(window: Watched, buckets: str, limit: Limit) -> dict[str, float]:
    """Return by path what Prometheus says, over the very samples that the differences are made of."""
    first, last = window.span
    # The newest sample of the first poll is at most one scrape older than that poll.
    length = round((last - first + SCRAPES) * 1000)
    assert limit.statistic.share is not None
    rates = f"sum by (path, le) (rate({METRICS[buckets][0]}_bucket[{length}ms]))"
    answer = ask(window.place, f"histogram_quantile({float(limit.statistic.share)}, {rates})", last)
    return {one["metric"]["path"]: float(one["value"][1]) for one in answer}
