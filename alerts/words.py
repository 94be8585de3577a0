"""The words of what is judged: how a row is called, how it stands, and what proves it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from alerts.blind import not_seen
from alerts.proof import proof
from alerts.text import clean
from headroom.brief import standing_now
from headroom.budgets import Budget, Limit, Outcome, Subject, Verdict
from headroom.incidents import About, Incident, Transition, Why
from headroom.units import format_value
from headroom.wording import shortened

MOST_LABELS = 20
_LONGEST_CAUSE = 110


def telling(incident: Incident, verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the verdict that a message is about: the incident's own limit, or the next best."""
    if incident.about is About.BLIND:
        unseen = [verdict for verdict in verdicts if verdict.outcome is Outcome.BLIND]
        return next(iter([*unseen, *verdicts]), None)
    own = [verdict for verdict in verdicts if verdict.limit == incident.limit]
    over = [verdict for verdict in verdicts if verdict.outcome is Outcome.OVER]
    return next(iter([*own, *over, *verdicts]), None)


def risen(moves: Iterable[Transition]) -> datetime | None:
    """Return when the severity last rose, of all moves in order; None where it fell since, or never rose."""
    at = None
    for move in moves:
        if move.why is Why.WORSE:
            at = move.at
        elif move.why is Why.BETTER:
            at = None
    return at


def limit_of(incident: Incident, verdict: Verdict | None, budget: Budget | None) -> Limit | None:
    """Return the limit that a message is about, as the budget has it now."""
    if budget is None:
        return None
    wanted = verdict.limit if verdict else incident.limit
    same = [limit for limit in (*budget.limits, *budget.evicting) if limit.name == wanted]
    # `limits` and `evicting` may share a name; threshold, unit and side tell which one was judged.
    exact = [
        limit
        for limit in same
        if verdict is None
        or (limit.threshold, limit.unit, limit.at_least)
        == (verdict.threshold, verdict.unit, verdict.at_least)
    ]
    return next(iter([*exact, *same]), None)


def name_of(incident: Incident, budget: Budget | None) -> str:
    """Return how people call what an incident is about; sight is lost of a budget, not of a statistic."""
    title = clean(budget.title if budget else incident.budget, 100)
    statistic = "" if incident.about is About.BLIND else f" {incident.statistic.value}"
    pairs = labels(incident.subject).items()
    told = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in pairs)
    return title + statistic + (f" ({clean(told, 300)})" if told else "")


def labels(subject: Subject) -> dict[str, str]:
    """Return the labels of a subject, bounded and plain."""
    return {clean(name, 100): clean(value, 200) for name, value in subject[:MOST_LABELS]}


def promise(verdict: Verdict | None, limit: Limit | None) -> str:
    """Return which side of which threshold it is on when over: "over 200 ms", "below 90%"."""
    sided = verdict or limit
    if sided is None:
        return "over its limit"
    side = "below" if sided.at_least else "over"
    return f"{side} {format_value(sided.threshold, sided.unit)}"


def standing(verdict: Verdict | None) -> str:
    """Return in a few words how a row stands, its figure beside what is allowed where it is over."""
    if verdict is None:
        return "nothing can be told now"
    return standing_now(verdict)


def evidence(verdict: Verdict | None) -> str:
    """Return the figures behind a verdict, and how many slow events would have sufficed."""
    if verdict is None:
        return ""
    detail = clean(verdict.detail, 1000).rstrip(".")
    enough = proof(verdict)
    return f"{detail}; {enough} slow ones prove it" if enough else detail


def cause(verdict: Verdict | None) -> str:
    """Return why nothing can be told, for a title."""
    return (
        "no verdict" if verdict is None else shortened(clean(verdict.detail, 400), _LONGEST_CAUSE).rstrip(".")
    )


def unseen(verdicts: Sequence[Verdict]) -> tuple[str, bool]:
    """Return which limits of a budget are blind and why, and whether that is all of them."""
    blind = [verdict for verdict in verdicts if verdict.outcome is Outcome.BLIND]
    return clean(not_seen(blind), 1000).rstrip("."), len(blind) == len(verdicts)
