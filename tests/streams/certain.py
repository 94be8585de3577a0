"""What the collector says for certain, interval by interval, against what the targets know they did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add

from headroom.bounds import Bounds
from headroom.budgets import Limit, Outcome
from headroom.evidence import Histogram
from headroom.observation import JUDGED, Part
from tests.streams.stream import THRESHOLDS, Stream
from tests.streams.watching import Watched


@dataclass(frozen=True)
class Known:
    """One interval of one stream in one histogram.

    Attributes:
        parts: what the collector told of it.
        n, over: the requests that its scrapes account for, and those over each threshold.
    """

    stream: Stream
    buckets: str
    parts: tuple[Part, ...]
    n: int
    over: tuple[int, ...]

    @property
    def doubtful(self) -> bool:
        """Whether the collector says itself that it cannot be sure of this interval."""
        return any(part.quality not in JUDGED for part in self.parts)

    def bounds(self, threshold: float) -> Bounds:
        """Return the sum of the bounds of all parts."""
        stored = [one for part in self.parts for one in part.bounds if one.threshold == threshold]
        assert len(stored) == len(self.parts)
        return reduce(add, stored, Bounds(threshold, 0, 0, 0))

    @property
    def wrong(self) -> str:
        """What contradicts the truth; empty where nothing does."""
        where = f"{self.buckets} buckets, {self.stream.path}"
        counted = sum(part.evidence.n for part in self.parts if isinstance(part.evidence, Histogram))
        if counted != self.n:
            said = "; ".join(f"{part.quality}: {part.evidence}" for part in self.parts)
            return f"{where}: {counted} requests instead of {self.n} ({said})"
        for threshold, over in zip(THRESHOLDS, self.over, strict=True):
            bounds = self.bounds(threshold)
            if not bounds.k_low <= over <= bounds.k_high:
                return f"{where}: {over} over {threshold:g} s, not {bounds.k_low} to {bounds.k_high}"
        return ""


def intervals(window: Watched, buckets: str) -> list[list[Known]]:
    """Return the intervals of each stream, oldest first."""
    told = [
        {at: tuple(one.part for one in held if one.at == at) for at in window.at[1:]}
        for held in (window.held[buckets, stream.number] for stream in window.streams)
    ]
    known: list[list[Known]] = [[] for _ in window.streams]
    for at, n, over in window.happened(buckets):
        for stream in window.streams:
            number = stream.number
            truth = int(n[number]), tuple(over[number].tolist())
            known[number].append(Known(stream, buckets, told[number][at], *truth))
    return known


def census(bounds: Bounds, limit: Limit) -> Outcome:
    """Return what bounds prove of the events that they count, with nothing inferred from those."""
    allowed = limit.statistic.allowed
    assert allowed is not None
    if bounds.k_high <= allowed * bounds.n:
        return Outcome.MET
    return Outcome.OVER if bounds.k_low > allowed * bounds.n else Outcome.UNDECIDED


def contradicted(known: list[Known], limits: tuple[Limit, ...]) -> Iterator[str]:
    """Yield each limit on which the bounds of a whole window say other than what happened in it."""
    sure = [one for one in known if not one.doubtful]
    for limit in limits:
        place = THRESHOLDS.index(limit.threshold)
        bounds = reduce(add, (one.bounds(limit.threshold) for one in sure), Bounds(limit.threshold, 0, 0, 0))
        over, n = sum(one.over[place] for one in sure), sum(one.n for one in sure)
        said, truth = census(bounds, limit), census(Bounds(limit.threshold, n, over, over), limit)
        if said not in (Outcome.UNDECIDED, truth):
            yield f"{known[0].buckets} buckets, {known[0].stream.path}, {limit.name}: {said} although {truth}"
