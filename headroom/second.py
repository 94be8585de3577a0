"""A budget with a second measure: which of its two verdicts holds, and whether the two contradict each other.

Pure. Both verdicts were made by `headroom.judge`; nothing is judged anew here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from headroom import wording
from headroom.budgets import Budget, Kind, Measure, Outcome, Reason, Verdict
from headroom.units import format_value

DECIDED = frozenset({Outcome.MET, Outcome.OVER})
FEW = 20  # calls: below it a count of half as many is chance
APART = 2.0  # times as many calls, and the two do not count the same ones
DISAGREE = "the two sources disagree"
"""How the sentence begins that tells of a contradiction."""
_LONGEST = 160
_NAMES = {Kind.STATEMENTS: "pg_stat_statements", Kind.COMMANDS: "LATENCY HISTOGRAM"}


@dataclass(frozen=True, slots=True)
class Joint:
    """What two measures of one promise say together.

    Attributes:
        verdict: the one that holds; its source is the one that judged, and its detail names it.
        disagreement: a sentence with both figures where they contradict each other; otherwise empty.
    """

    verdict: Verdict
    disagreement: str = ""


def named(measure: Measure) -> str:
    """Return a measure of latency as sentences name it: "db_query_duration_seconds at metrics"."""
    what = _NAMES.get(measure.kind, measure.of)
    return f"{what} at {measure.source}"


def joined(budget: Budget, first: Verdict, second: Verdict) -> Joint:
    """Return the verdict that holds of those on `budget.measure` and on `budget.second`.

    The second's where it decides. Otherwise the first's, unless that has nothing to go by and the second has
    at least figures: so an idle one never stands in for a blind one. And what the second saw broken in this
    window is not called met by the first, even where bursts leave open what it means for the rate behind it.
    """
    assert budget.second is not None
    names = {id(first): named(budget.measure), id(second): named(budget.second)}
    silent = first.outcome in (Outcome.IDLE, Outcome.BLIND)
    unsettled = second.outcome is Outcome.UNDECIDED and (silent or _hides(first, second))
    taken = second.outcome in DECIDED or unsettled
    holds, other = (second, first) if taken else (first, second)
    disagreement = _disagreement(budget, first, second)
    remarks = [
        disagreement,
        "" if disagreement else _cannot_tell(holds, other, names[id(other)], taken=taken),
        _counts(budget, first, second),
    ]
    detail = "; ".join([f"{names[id(holds)]}: {holds.detail}", *(remark for remark in remarks if remark)])
    return Joint(replace(holds, detail=detail), disagreement)


def _hides(first: Verdict, second: Verdict) -> bool:
    """Tell whether a "met" would stand over a window in which the other counted too many slow ones."""
    if first.outcome is not Outcome.MET or second.slow is None or second.allowed is None:
        return False
    return second.slow[0] > second.allowed * second.n


def _disagreement(budget: Budget, first: Verdict, second: Verdict) -> str:
    """Return both figures where they cannot both be right about the same calls.

    For percentiles: what the confidence limits of both allow does not meet. For means: one is met and the
    other over. Their values alone prove nothing, since the application's is the greater by nature, and a
    smaller one may come of windows that are a poll apart.
    """
    assert budget.second is not None
    if Reason.PARTIAL in (first.reason, second.reason):
        return ""  # events in doubt are in neither figure
    one, other = first.slow_share, second.slow_share
    if one is not None and other is not None and first.n and second.n:
        # Without events an interval is all of 0 to 1, or none at all.
        first_slower = (one.low or 0.0) > (1.0 if other.high is None else other.high)
        second_slower = (other.low or 0.0) > (1.0 if one.high is None else one.high)
    else:
        first_slower = (first.outcome, second.outcome) == (Outcome.OVER, Outcome.MET)
        second_slower = (first.outcome, second.outcome) == (Outcome.MET, Outcome.OVER)
    if not first_slower and not second_slower:
        return ""
    figures = ", ".join(
        f"{named(measure)} {wording.figure(verdict)}"
        for measure, verdict in ((budget.measure, first), (budget.second, second))
    )
    slower = budget.measure if first_slower else budget.second
    faster = budget.second if first_slower else budget.measure
    return f"{DISAGREE}: {figures}{_why(slower, faster)}"


def _why(slower: Measure, faster: Measure) -> str:
    """Return what explains that one measure is slower than the other, by what they see."""
    match slower.kind, faster.kind:
        case Kind.HISTOGRAM, Kind.STATEMENTS:
            return "; the application sees also the network and waiting for a connection"
        case Kind.STATEMENTS, Kind.HISTOGRAM:
            # Each call takes the application at least as long as the server.
            return "; the application waits for all that the server executes: they count different calls"
        case _:
            return ""


def _cannot_tell(holds: Verdict, other: Verdict, name: str, *, taken: bool) -> str:
    """Return why the other measure does not judge, where a reader would ask.

    Nobody asks why mean and deviation do not settle what a histogram settles.
    """
    match other.outcome:
        case Outcome.IDLE:
            return "" if holds.outcome is Outcome.IDLE else f"{name} counted none"
        case Outcome.UNDECIDED:
            threshold = format_value(other.threshold, other.unit)
            brief = {
                Reason.BUCKET: f"no bucket bound at {threshold}",
                Reason.SAMPLES: f"its {other.n:,} calls settle nothing",
                Reason.MOMENTS: "its mean and deviation prove nothing",
            }.get(other.reason)
            why = brief or wording.shortened(other.detail, _LONGEST)
            return "" if taken and holds.outcome in DECIDED else f"{name} cannot tell: {why}"
        case Outcome.BLIND:
            return f"{name} cannot tell: {wording.shortened(other.detail, _LONGEST)}"
        case _:
            return ""


def _counts(budget: Budget, first: Verdict, second: Verdict) -> str:
    """Return the calls that both count, where they are so far apart that they cannot be the same."""
    assert budget.second is not None
    both = (first, second)
    if max(one.n for one in both) < FEW or not all(one.n and one.window.coverage for one in both):
        return ""
    minutes = budget.window.total_seconds() / 60
    rates = [one.n / (minutes * one.window.coverage) for one in both]
    if max(rates) <= APART * min(rates):
        return ""
    told = [
        f"{named(measure)} counts {wording.rate(rate)} a minute"
        for measure, rate in zip((budget.measure, budget.second), rates, strict=True)
    ]
    return f"{' and '.join(told)}: not the same calls"
