"""Why there is nothing to calculate, and what settles it: what is blind, idle or disturbed."""

from __future__ import annotations

from collections.abc import Sequence

from headroom.budgets import Outcome, Reason, Verdict
from headroom.explain.records import Change, Row
from headroom.judge import Case
from headroom.units import format_duration
from headroom.window import in_window

_SETTLES = {
    Reason.NO_TRAFFIC: "traffic of this class settles it",
    Reason.NO_DATA: "two good readings in a row settle it",
    Reason.STALE: "a newer reading settles it: see whether the source still gives new figures",
    Reason.UNREACHABLE: "the source answering again settles it",
    Reason.NOT_PERMITTED: "the permission that is missing settles it, with the next poll",
    Reason.NOT_CONFIGURED: "its address in the environment settles it, with a restart of `headroom run`",
    Reason.BROKEN_INSTRUMENTATION: "mending what measures settles it; `headroom doctor` has the fix",
    Reason.NO_LIMIT: "a limit at the source settles it: there must be something to take a share of",
    Reason.POLICY: "limits under `evicting:` in the budget settle it, or another maxmemory-policy",
    Reason.RESET: "the next reading of the same server settles it",
    Reason.PARTIAL: "undisturbed readings settle it",
}


def rule(case: Case, verdict: Verdict, rows: Sequence[Row]) -> str:
    """Return why no figures were judged."""
    reason = verdict.reason
    if reason is Reason.NO_TRAFFIC:
        return (
            f"{len(rows)} readings, and nothing happened in them: there is no share of nothing, so it is idle"
        )
    absence = case.absence
    if absence is not None and (absence.reason, absence.detail) == (reason, verdict.detail):
        return f"The latest poll gave a reason instead of figures: {reason}. {_age(case)}"
    return f"There are no figures that speak for this moment: {reason}. {_age(case)}"


def _age(case: Case) -> str:
    window = in_window(case.held, at=case.at, length=case.budget.window)
    allowed = f"figures speak for the present for {format_duration(case.fresh_for)} here"
    if not window:
        return f"No reading lies in the window; {allowed}"
    newest = window[0]
    return (
        f"The newest reading of the window was recorded {format_duration(case.at - newest.at)} before "
        f"and is {newest.part.quality}; {allowed}"
    )


def settles(case: Case, verdict: Verdict) -> tuple[Change, ...]:
    """Return what ends the silence."""
    found = [Change(_SETTLES[verdict.reason])] if verdict.reason in _SETTLES else []
    if verdict.outcome is Outcome.BLIND and case.held:
        found.append(Change("what was read before is kept: --at with an earlier moment explains it"))
    return tuple(found)
