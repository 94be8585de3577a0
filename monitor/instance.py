"""When an instance of a latency needs no incident of its own, since that of the whole tells it."""

from __future__ import annotations

from collections.abc import Sequence

from headroom.budgets import Outcome, Verdict
from headroom.incidents import Incident, State


def told_by_the_whole(own: Sequence[Verdict], whole: Sequence[Verdict], incident: Incident | None) -> bool:
    """Tell whether the whole tells, or is about to tell, what is seen of an instance.

    Slow for all, ten instances would else tell one story in eleven messages; that of the whole names the
    worst instance. A whole that is over, and not surely, wakes nobody: an instance that is so surely must.

    Args:
        own: the verdicts on a row for the instance.
        whole: those on the same row for subject {}.
        incident: the open one of that row for subject {}, or None.
    """
    over = [one for one in whole if one.outcome is Outcome.OVER]
    if any(one.firm for one in over) or (incident is not None and incident.state is State.FIRING):
        return True
    return bool(over or incident) and not any(one.firm for one in own)


def unheard(own: Sequence[Verdict]) -> list[Verdict]:
    """Return the verdicts on an instance that waits for the whole: its clock stands still while over."""
    return [] if any(one.outcome is Outcome.OVER for one in own) else list(own)
