"""Whether one limit is kept: the only place where verdicts are made.

Pure: the parts of the window, the limit and the time come in, a verdict goes out. Live verdicts infer the
present rate of slow events, so they are gated by one-sided confidence; what merely happened is a report's
business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import add

from headroom import wording
from headroom.binomial import design_effect, lower_limit, upper_limit
from headroom.budgets import Budget, Limit, Reason, Subject, Unit, Verdict, Window
from headroom.evidence import Bounds, Gauge, Histogram, Interval, Moments, Ratio, merged
from headroom.observation import JUDGED, Absence, Part, Quality
from headroom.window import Held, covered_by, in_window

ALPHA = (
    0.01  # a verdict's one-sided risk; 14 budgets judged every 15 s make 0.05 a false page every few minutes
)
FIRM = 0.001  # the risk at which somebody may be woken: 2.3 false pages a day become 0.2
INTERVALS = 3  # with slow events in them, before somebody may be woken

_LASTING = frozenset({Reason.POLICY, Reason.NO_LIMIT, Reason.BROKEN_INSTRUMENTATION, Reason.NOT_CONFIGURED})
"""Absences that say what is the case, so that evidence from before them proves nothing about now."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: a limit of a budget for a subject, with all that is known at one moment.

    Attributes:
        held: the series' parts, newest first; those outside the window are ignored.
        absence: what the latest poll said instead of evidence, or None.
        fresh_for: how long evidence speaks for the present while nothing newer comes.
        alpha: the one-sided risk of a wrong verdict.
    """

    budget: Budget
    limit: Limit
    held: Sequence[Held]
    at: datetime
    fresh_for: timedelta
    absence: Absence | None = None
    subject: Subject = ()
    alpha: float = ALPHA


@dataclass(frozen=True, slots=True)
class _Finding:
    """The half of a verdict that depends on the evidence."""

    reason: Reason
    detail: str
    value: Interval | None = None
    slow: tuple[int, int] | None = None
    slow_share: Interval | None = None
    n: int = 0
    headroom: float | None = None
    firm: bool = False


def judge(case: Case) -> Verdict:
    """Return the verdict on one limit.

    In order: what makes evidence worthless now, evidence that is missing or old, no traffic, and only then
    the figures.
    """
    limit, budget = case.limit, case.budget
    window = in_window(case.held, at=case.at, length=budget.window)
    judged = [one for one in window if one.part.quality in JUDGED]
    doubtful = [one.part for one in window if one.part.quality is Quality.SUSPECT]
    finding = _without_figures(case, window, judged) or _with_figures(limit, judged, doubtful, case.alpha)
    covered = min(1.0, covered_by([one.part for one in judged]) / budget.window)
    allowed = limit.statistic.allowed
    return Verdict(
        budget=budget.id,
        limit=limit.name,
        statistic=limit.statistic,
        severity=limit.severity,
        subject=case.subject,
        source=budget.measure.source,
        outcome=finding.reason.outcome,
        reason=finding.reason,
        detail=finding.detail + (wording.coverage(covered) if finding.value is not None else ""),
        unit=limit.unit,
        threshold=limit.threshold,
        window=Window(case.at - budget.window, case.at, covered),
        at=case.at,
        value=finding.value,
        slow=finding.slow,
        slow_share=finding.slow_share,
        allowed=None if allowed is None else float(allowed),
        n=finding.n,
        headroom=finding.headroom,
        firm=finding.firm,
    )


def _without_figures(case: Case, window: Sequence[Held], judged: Sequence[Held]) -> _Finding | None:
    """Return why the figures cannot speak, or None where they can.

    Evidence that is not judged (a gap, a suspected reset) does not keep older evidence young: what it was
    about may have changed since.
    """
    absence = case.absence
    if absence is not None and absence.reason in _LASTING:
        return _Finding(absence.reason, absence.detail)
    if judged and case.at - judged[0].at <= case.fresh_for:
        return None
    if window and case.at - window[0].at <= case.fresh_for:
        return _Finding(
            Reason.PARTIAL,
            "the newest readings span a gap in the polling or a suspected reset; "
            "the next undisturbed one settles it",
        )
    if absence is not None:
        return _Finding(absence.reason, absence.detail)
    if not window:
        return _Finding(Reason.NO_DATA, f"no reading within {wording.span(case.budget.window)}")
    return _Finding(
        Reason.STALE,
        f"the newest reading is {wording.span(case.at - window[0].at)} old; "
        f"after {wording.span(case.fresh_for)} it says nothing about now",
    )


def _with_figures(limit: Limit, judged: Sequence[Held], doubtful: Sequence[Part], alpha: float) -> _Finding:
    parts = [one.part for one in judged]
    kinds = {type(part.evidence) for part in parts}
    if len(kinds) > 1:
        return _Finding(
            Reason.PARTIAL,
            "the window holds evidence of different kinds; it settles when the older leaves it",
        )
    if kinds <= {Histogram, Moments}:
        if limit.statistic.share is not None:
            return _percentile(limit, judged, doubtful, alpha)
        return _mean_of_events(limit, parts)
    return _share(limit, parts)


def _percentile(limit: Limit, judged: Sequence[Held], doubtful: Sequence[Part], alpha: float) -> _Finding:
    parts = [one.part for one in judged]
    per_interval = _bounds_per_interval(limit.threshold, judged)
    bounds = reduce(add, per_interval)
    whole = merged([part.evidence for part in parts])
    if isinstance(whole, Histogram | Moments):
        bounds = bounds.tightened(whole.over(limit.threshold))
    allowed = limit.statistic.allowed
    assert allowed is not None
    if bounds.n == 0:
        return _Finding(Reason.NO_TRAFFIC, "no requests or calls in the window", slow=(0, 0))

    def low(risk: float) -> float:
        effect = design_effect([(one.k_low, one.n) for one in per_interval], risk)
        return lower_limit(bounds.k_low / effect, bounds.n / effect, risk)

    effect = design_effect([(one.k_high, one.n) for one in per_interval], alpha)
    share = Interval(low(alpha), upper_limit(bounds.k_high / effect, bounds.n / effect, alpha))
    assert share.low is not None
    assert share.high is not None
    unknown = _events(doubtful)
    if share.high <= allowed:
        # Were all that is in doubt slow, would the promise still be kept?
        kept = bounds.k_high + unknown <= allowed * (bounds.n + unknown)
        reason = Reason.WITHIN_LIMIT if kept else Reason.PARTIAL
    elif share.low > allowed:
        broken = bounds.k_low > allowed * (bounds.n + unknown)
        reason = Reason.OVER_LIMIT if broken else Reason.PARTIAL
    elif bounds.k_low <= allowed * bounds.n < bounds.k_high:
        reason = Reason.BUCKET if isinstance(parts[0].evidence, Histogram) else Reason.MOMENTS
    else:
        reason = Reason.SAMPLES
    firm = reason is Reason.OVER_LIMIT and _spread(per_interval) and low(min(FIRM, alpha)) > allowed
    return _Finding(
        reason,
        wording.percentile(limit, bounds, share, reason, parts, effect=effect, alpha=alpha, unknown=unknown),
        value=_quantile(limit, parts, bounds),
        slow=(bounds.k_low, bounds.k_high),
        slow_share=share,
        n=bounds.n,
        headroom=1 - share.high / float(allowed),
        firm=firm,
    )


def _spread(per_interval: Sequence[Bounds]) -> bool:
    """Tell whether slow events were seen in enough intervals to wake somebody.

    One burst lies in one interval or in two neighbours; how bursty a stream is cannot be seen in those.
    """
    return sum(one.k_low > 0 for one in per_interval) >= INTERVALS


def _events(parts: Sequence[Part]) -> int:
    return sum(part.evidence.n for part in parts if isinstance(part.evidence, Histogram | Moments))


def _bounds_per_interval(threshold: float, judged: Sequence[Held]) -> list[Bounds]:
    """Return the bounds of each poll's parts: the stored ones, or what the figures still prove.

    By poll, not by the end of the interval: instances are scraped at different moments, and a burst that hit
    two of them is one.
    """
    intervals: dict[datetime, Bounds] = {}
    for one in judged:
        assert isinstance(one.part.evidence, Histogram | Moments)
        proven = one.part.evidence.over(threshold)
        stored = next((bounds for bounds in one.part.bounds if bounds.threshold == threshold), None)
        if stored is not None:
            proven = stored.tightened(proven)
        intervals[one.at] = intervals[one.at] + proven if one.at in intervals else proven
    return list(intervals.values())


def _quantile(limit: Limit, parts: Sequence[Part], bounds: Bounds) -> Interval | None:
    """Return where the percentile of the window lies, never contradicting what the bounds prove of it."""
    share, allowed = limit.statistic.share, limit.statistic.allowed
    assert share is not None
    assert allowed is not None
    layouts: dict[tuple[float, ...], list[Histogram | Moments]] = {}
    for part in parts:
        assert isinstance(part.evidence, Histogram | Moments)
        layouts.setdefault(part.evidence.bounds if isinstance(part.evidence, Histogram) else (), []).append(
            part.evidence
        )
    # The percentile of a union lies between the smallest and the largest of its pieces.
    pieces = [piece for same in layouts.values() if (piece := reduce(add, same).quantile(share)) is not None]
    if not pieces:
        return None
    lows = [piece.low for piece in pieces if piece.low is not None]
    highs = [piece.high for piece in pieces if piece.high is not None]
    known = Interval(
        min(lows) if len(lows) == len(pieces) else None, max(highs) if len(highs) == len(pieces) else None
    )
    if bounds.k_high <= allowed * bounds.n:
        return Interval(None, limit.threshold).within(known)
    if bounds.k_low > allowed * bounds.n:
        return Interval(limit.threshold, None).within(known)
    return known


def _mean_of_events(limit: Limit, parts: Sequence[Part]) -> _Finding:
    n = _events(parts)
    if n == 0:
        return _Finding(Reason.NO_TRAFFIC, "no requests or calls in the window")
    whole = merged([part.evidence for part in parts])
    value = whole.mean() if isinstance(whole, Histogram | Moments) else None
    if value is None:
        return _Finding(
            Reason.PARTIAL,
            "the bucket layout changed in the window; it settles when the older leaves it",
            n=n,
        )
    return _compared(limit, value, n)


def _share(limit: Limit, parts: Sequence[Part]) -> _Finding:
    whole = merged([part.evidence for part in reversed(parts)])
    assert isinstance(whole, Ratio | Gauge)
    value = whole.mean()
    if value is None:
        return _Finding(Reason.NO_TRAFFIC, "nothing to take a share of in the window")
    if limit.unit is Unit.PER_1000_COMMANDS:
        assert value.low is not None
        value = Interval.exactly(value.low * 1000)
    return _compared(limit, value, len(parts), details=[part.detail for part in parts if part.detail])


def _compared(limit: Limit, value: Interval, n: int, details: Sequence[str] = ()) -> _Finding:
    """Hold an average, known exactly or as an interval, against the threshold itself."""
    low = float("-inf") if value.low is None else value.low
    high = float("inf") if value.high is None else value.high
    kept, broken = (
        (low >= limit.threshold, high < limit.threshold)
        if limit.at_least
        else (
            high <= limit.threshold,
            low > limit.threshold,
        )
    )
    reason = Reason.WITHIN_LIMIT if kept else Reason.OVER_LIMIT if broken else Reason.BUCKET
    headroom = low / limit.threshold - 1 if limit.at_least else 1 - high / limit.threshold
    return _Finding(
        reason,
        wording.average(limit, value, reason, n, details),
        value=value,
        n=n,
        headroom=headroom if headroom > float("-inf") else None,
        firm=broken,
    )
