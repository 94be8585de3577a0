"""Whether one limit is kept: the only place where verdicts are made.

Pure: the parts of the window, the limit and the time come in, a verdict goes out. Live verdicts infer the
present rate of slow events, so they are gated by one-sided confidence; what merely happened is a report's
business.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from headroom import wording
from headroom.bounds import Interval
from headroom.budgets import Budget, Limit, Measure, Reason, Subject, Unit, Verdict, Window
from headroom.evidence import Gauge, Histogram, Moments, Ratio, merged
from headroom.observation import DOUBTED, JUDGED, Absence, Part
from headroom.rate import rate_of
from headroom.window import Held, covered_by, in_window, quantile

ALPHA = (
    0.01  # a verdict's one-sided risk; 14 budgets judged every 15 s make 0.05 a false page every few minutes
)

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
        measure: what `held` is about; None where it is the budget's first measure.
    """

    budget: Budget
    limit: Limit
    held: Sequence[Held]
    at: datetime
    fresh_for: timedelta
    absence: Absence | None = None
    subject: Subject = ()
    alpha: float = ALPHA
    measure: Measure | None = None


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
    doubtful = [one for one in window if one.part.quality in DOUBTED]
    finding = _without_figures(case, window, judged) or _with_figures(limit, judged, doubtful, case.alpha)
    covered = min(1.0, covered_by([one.part for one in judged]) / budget.window)
    allowed = limit.statistic.allowed
    return Verdict(
        budget=budget.id,
        limit=limit.name,
        statistic=limit.statistic,
        severity=limit.severity,
        subject=case.subject,
        source=(case.measure or budget.measure).source,
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
        at_least=limit.at_least,
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


def _with_figures(limit: Limit, judged: Sequence[Held], doubtful: Sequence[Held], alpha: float) -> _Finding:
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
        return _mean_of_events(limit, parts, [one.part for one in doubtful])
    return _share(limit, parts)


def _percentile(limit: Limit, judged: Sequence[Held], doubtful: Sequence[Held], alpha: float) -> _Finding:
    parts = [one.part for one in judged]
    rate = rate_of(limit.threshold, judged, doubtful)
    bounds, allowed = rate.bounds, limit.statistic.allowed
    assert allowed is not None
    if bounds.n == 0:
        if rate.strays is not None and rate.strays.n and not rate.unknown:
            return _Finding(Reason.PARTIAL, wording.only_strays(rate))
        return _nothing(rate.unknown, slow=(0, 0))
    low, high = rate.low(alpha), rate.high(alpha)
    reason = rate.reason(allowed, low, high)
    if reason is Reason.BUCKET and not isinstance(parts[0].evidence, Histogram):
        reason = Reason.MOMENTS
    share = Interval(low, high)
    return _Finding(
        reason,
        wording.percentile(limit, bounds, share, reason, parts, known=rate, alpha=alpha),
        value=quantile(limit, parts, bounds, running=rate.running),
        slow=(bounds.k_low, bounds.k_high),
        slow_share=share,
        n=bounds.n,
        headroom=1 - high / float(allowed),
        firm=reason is Reason.OVER_LIMIT and rate.firm(allowed, alpha),
    )


def events(parts: Sequence[Part]) -> int:
    """Return the number of events in parts; those of ratios and gauges are none."""
    return sum(part.evidence.n for part in parts if isinstance(part.evidence, Histogram | Moments))


def _nothing(unknown: int, slow: tuple[int, int] | None = None) -> _Finding:
    """Return what a window without a judged event says: what is only in doubt is no silence."""
    if unknown:
        return _Finding(Reason.PARTIAL, wording.only_in_doubt(unknown))
    return _Finding(Reason.NO_TRAFFIC, "no requests or calls in the window", slow=slow)


def _mean_of_events(limit: Limit, parts: Sequence[Part], doubtful: Sequence[Part]) -> _Finding:
    n = events(parts)
    if n == 0:
        return _nothing(events(doubtful))
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
