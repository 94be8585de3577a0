"""From a case to its explanation, by the very functions that judge it."""

from __future__ import annotations

from collections.abc import Sequence

from headroom.budgets import Reason, Verdict
from headroom.explain import average, percentile
from headroom.explain.changes import changes, traffic
from headroom.explain.counts import judged, rows, suspect
from headroom.explain.promise import events_of, promise
from headroom.explain.records import Change, Explanation, Row, Step
from headroom.explain.silence import rule, settles
from headroom.explain.swings import swings
from headroom.judge import Case, judge
from headroom.rate import rate_of


def explain(case: Case) -> Explanation:
    """Return the verdict on a case and all that leads to it."""
    verdict = judge(case)
    told, left_out = rows(case)
    steps, why, found = _figures(case, verdict, told)
    return Explanation(
        case=case,
        verdict=verdict,
        promise=promise(case.budget, case.limit, case.measure or case.budget.measure),
        rows=told,
        left_out=left_out,
        steps=steps,
        rule=why,
        changes=found,
    )


def _figures(
    case: Case, verdict: Verdict, told: Sequence[Row]
) -> tuple[tuple[Step, ...], str, tuple[Change, ...]]:
    """Return arithmetic, rule and changes: of the figures where they were judged, else of what is missing."""
    name = events_of(case.measure or case.budget.measure)
    if verdict.value is None and not verdict.slow_share:
        found = settles(case, verdict)
        if verdict.reason is Reason.NO_TRAFFIC and case.limit.statistic.share is not None:
            found = (traffic(case, name), *found)
        return (), rule(case, verdict, told), found
    if verdict.slow_share is None:
        steps, why = average.steps(case, told, verdict)
        return steps, why, swings(case, verdict)
    held, doubtful = judged(case), suspect(case)
    rate = rate_of(case.limit.threshold, held, doubtful)
    steps, why = percentile.steps(case, told, rate)
    newest = max((one.at for one in doubtful), default=None)
    until = None if newest is None else newest + case.budget.window
    return steps, why, changes(case, rate, name, [row.evidence for row in told], until)
