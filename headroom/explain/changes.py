"""What would change a verdict on a percentile: found by putting changed counts to the rule that judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

from headroom.bounds import Bounds
from headroom.budgets import Outcome, Reason
from headroom.evidence import Evidence, Histogram
from headroom.explain.records import Change
from headroom.judge import Case
from headroom.rate import Rate
from headroom.wording import samples_missing, unsettled

_MOST = 10**9  # requests; what takes more is no advice


def changes(
    case: Case, rate: Rate, events: str, evidence: Sequence[Evidence], doubtful_until: datetime | None
) -> tuple[Change, ...]:
    """Return what would change the verdict on these counts, the nearest first.

    Args:
        case: what was judged.
        rate: its counts.
        events: what they are called.
        evidence: what was judged.
        doubtful_until: when the last of the intervals in doubt leaves the window.
    """
    allowed = case.limit.statistic.allowed
    assert allowed is not None
    what_if = _WhatIf(case, rate, allowed, events, evidence)
    reason = what_if.reason(rate)
    match reason:
        case Reason.WITHIN_LIMIT:
            found = [*what_if.slower(Outcome.UNDECIDED), *what_if.slower(Outcome.OVER)]
        case Reason.OVER_LIMIT:
            found = [*what_if.faster(Outcome.UNDECIDED), *what_if.faster(Outcome.MET)]
        case Reason.PARTIAL:
            found = what_if.without_doubt(doubtful_until)
        case Reason.BUCKET:
            found = what_if.undetermined()
        case _:
            found = [*what_if.more(), *what_if.faster(Outcome.MET), *what_if.slower(Outcome.OVER)]
            found += what_if.undetermined() if rate.bounds.k_low < rate.bounds.k_high else []
    return tuple(found)


def traffic(case: Case, events: str) -> Change:
    """Return how many events, all of them fast, would prove the promise where there were none."""
    allowed = case.limit.statistic.allowed
    assert allowed is not None
    threshold = case.limit.threshold

    def met(n: int) -> bool:
        rate = Rate((), Bounds(threshold, n, 0, 0))
        return rate.reason(allowed, 0.0, rate.high(case.alpha)) is Reason.WITHIN_LIMIT

    n = _first(met, 1, _MOST)
    words = f"{n} {events} in the window, none of them slow, and it is met"
    return Change(words, Outcome.MET, Reason.WITHIN_LIMIT, n)


class _WhatIf:
    """The counts of one window, changed in one way or another and judged again."""

    def __init__(
        self, case: Case, rate: Rate, allowed: Fraction, events: str, evidence: Sequence[Evidence]
    ) -> None:
        self._case = case
        self._rate = rate
        self._allowed = allowed
        self._events = events
        histograms = [one for one in evidence if isinstance(one, Histogram)]
        self._buckets = len(histograms) == len(evidence)
        # Above a histogram's last bound a slow event cannot be told from a fast one.
        self._provable = not self._buckets or any(
            one.bounds and one.bounds[-1] >= case.limit.threshold for one in histograms
        )

    def reason(self, rate: Rate) -> Reason:
        """Return what the rule says of other counts."""
        alpha = self._case.alpha
        return rate.reason(self._allowed, rate.low(alpha), rate.high(alpha))

    def slower(self, wanted: Outcome) -> list[Change]:
        """Return how many of the fast ones would have to be slow for an outcome."""
        room = sum(one.n - one.k_high for one in self._rate.intervals)
        x = self._nearest(wanted, room, 1)
        if x is None and not self._provable and wanted is Outcome.OVER:
            return [Change("no number of slow ones makes it over: no bucket tells how long the longest took")]
        if x is None:
            return []
        words = f"had {x} more of these {self._rate.bounds.n} {self._events} been slow"
        return [self._change(words, self._shifted(x), x)]

    def faster(self, wanted: Outcome) -> list[Change]:
        """Return how many of the slow ones would have to be fast for an outcome."""
        room = sum(one.k_low for one in self._rate.intervals)
        x = self._nearest(wanted, room, -1)
        if x is None:
            return []
        words = f"had {x} of the slow {self._events} been fast"
        return [self._change(words, self._shifted(-x), x)]

    def undetermined(self) -> list[Change]:
        """Return what a bound at the limit would show, at both ends."""
        limit, bounds = self._case.limit, self._rate.bounds
        unknown = bounds.k_high - bounds.k_low
        what = "a bucket bound" if self._buckets else "a histogram of them with a bound"
        bound = f'{what} at the limit (le="{limit.threshold:g}") tells which'
        fast, slow = (
            replace(
                self._rate,
                intervals=tuple(_fixed(one, end) for one in self._rate.intervals),
                bounds=_fixed(bounds, end),
            )
            for end in ("low", "high")
        )
        return [
            Change(f"{unknown} of {bounds.n} {self._events} may have been slow or not: {bound}"),
            self._change(f"were all {unknown} of them fast", fast, unknown),
            self._change(f"were all {unknown} of them slow", slow, unknown),
        ]

    def without_doubt(self, until: datetime | None) -> list[Change]:
        """Return what is said once the intervals in doubt have left the window."""
        when = "" if until is None else f" at {until:%H:%M:%S} UTC"
        doubt = f"{self._rate.doubtful} {self._events} in doubt"
        words = f"once the {doubt} have left the window{when}, the other figures being the same"
        settled = replace(self._rate, unknown=0, unknown_low=0, unknown_high=0, uncertain=0, strays=None)
        return [self._change(words, settled, self._rate.doubtful)]

    def more(self) -> list[Change]:
        """Return how many more events settle it, as the verdict's sentence has it."""
        effect, alpha = self._rate.effect_high(self._case.alpha), self._case.alpha
        more = samples_missing(self._case.limit, self._rate.bounds, effect=effect, alpha=alpha)
        if more is None:
            return [Change(f"no number of further {self._events} worth waiting for: {unsettled(self._rate)}")]
        return [Change(f"about {more} more {self._events} at this rate of slow ones settle it", amount=more)]

    def _nearest(self, wanted: Outcome, room: int, sign: int) -> int | None:
        """Return the smallest change by which an outcome is reached, or None where none reaches it."""

        def reached(x: int) -> bool:
            outcome = self.reason(self._shifted(sign * x)).outcome
            # Beyond "undecided" lies the other decision, which is reached too.
            return outcome is wanted or (
                wanted is Outcome.UNDECIDED and outcome is (Outcome.OVER if sign > 0 else Outcome.MET)
            )

        if room < 1 or not reached(room):
            return None
        return _first(reached, 1, room)

    def _shifted(self, x: int) -> Rate:
        return shifted(self._rate, x, provable=self._provable)

    def _change(self, words: str, rate: Rate, amount: int) -> Change:
        reason = self.reason(rate)
        return Change(words, reason.outcome, reason, amount)


def shifted(rate: Rate, x: int, *, provable: bool) -> Rate:
    """Return the counts with `x` fast events slow instead, or `-x` slow ones fast, n being as it was.

    They are taken from the intervals in proportion to what these have, so that they add no burst. Where
    none can be proven slow, they only may have been.
    """
    have = [one.n - one.k_high if x > 0 else one.k_low for one in rate.intervals]
    moved = _portions(have, abs(x))
    sign, certain = (1 if x > 0 else -1), int(provable or x < 0)
    intervals = tuple(
        Bounds(one.threshold, one.n, one.k_low + sign * certain * by, one.k_high + sign * by)
        for one, by in zip(rate.intervals, moved, strict=True)
    )
    whole, by = rate.bounds, sign * sum(moved)
    low = min(max(whole.k_low + certain * by, 0), whole.n)
    high = min(max(whole.k_high + by, low), whole.n)
    return replace(rate, intervals=intervals, bounds=Bounds(whole.threshold, whole.n, low, high))


def _portions(have: Sequence[int], x: int) -> list[int]:
    """Share `x` out in proportion, in whole numbers, nobody giving more than they have."""
    total = sum(have)
    x = min(x, total)
    given, seen, portions = 0, 0, []
    for one in have:
        seen += one
        upto = x * seen // total if total else 0
        portions.append(upto - given)
        given = upto
    return portions


def _fixed(bounds: Bounds, end: str) -> Bounds:
    k = bounds.k_low if end == "low" else bounds.k_high
    return Bounds(bounds.threshold, bounds.n, k, k)


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Bisect for the first number from `low` on that holds, `high` being known to."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
