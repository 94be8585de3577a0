"""Why nobody, or not everybody, was told of an incident: what a person asks who finds it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from dashboard.alerts_words import alarmed, lasted, quiet
from dashboard.foreign import one_line
from dashboard.visitor import clock
from headroom.alerting import Alerting
from headroom.budgets import Budget, Outcome, Severity, Verdict
from headroom.history import ChannelState, Delivery
from headroom.incidents import About, Incident, State
from headroom.routing import Told, channels_for
from headroom.silences import Silence
from headroom.units import format_duration, format_value


def untold(
    incident: Incident,
    budget: Budget | None,
    verdict: Verdict | None,
    silence: Silence | None,
    deliveries: Sequence[Delivery],
    alerting: Alerting,
    states: Mapping[str, ChannelState],
    *,
    told: Told,
    now: datetime,
    zone: tzinfo,
) -> list[str]:
    """Return the reasons as sentences; none where every channel that a route names was told.

    Args:
        incident: open; of an ended one there is nothing left to tell.
        budget: None where the file names it no longer.
        verdict: the newest on its limit, as it can be said now.
        silence: the one that keeps it quiet.
        deliveries: of this incident.
        alerting: channels and routes.
        states: what is known of each channel.
        told: what decides where it goes.
        now: our clock.
        zone: the visitor's.
    """
    if incident.ended is not None:
        return []
    if incident.state is State.PENDING:
        return [_pending(incident, budget, verdict, alerting)]
    reasons = [_target_only(incident, budget)] if incident.about is About.BREACH else []
    if silence is not None:
        reasons.append(f"It is {quiet(silence, now, zone)}.")
    elif incident.silenced:
        reasons.append("Its silence has ended: the next cycle tells what still fires.")
    elif incident.flapping:
        reasons.append("It flaps: it was told once, and is told again when it has been the same for long.")
    else:
        reasons += _routes(deliveries, alerting, states, told, now, zone)
    return [reason for reason in reasons if reason]


def _pending(incident: Incident, budget: Budget | None, verdict: Verdict | None, alerting: Alerting) -> str:  # noqa: PLR0911 one for each reason
    if incident.about is About.BLIND:
        after = format_duration(alerting.blind.after)
        return f"It is blind for less than the {after} after which somebody is told."
    if verdict is None or budget is None:
        return "The budgets file names its limit no longer: it ends at the next look."
    if verdict.outcome is Outcome.MET:
        return "It is met again before it fired: it is dropped."
    if verdict.outcome is not Outcome.OVER:
        return f"It is {verdict.outcome} now: its clock stands still until it can be told."
    if incident.over_for < budget.pending_for:
        held = format_duration(budget.pending_for)
        return (
            f"It fires once it has been over for {held} without a break: so far {lasted(incident.over_for)}."
        )
    if not verdict.firm:
        return "It is over, but not surely enough to wake somebody: an error is likelier than 1 in 1,000."
    return "It has been over for long enough: it fires at the next look."


def _target_only(incident: Incident, budget: Budget | None) -> str:
    """Return that only the softer of two limits is over, where that is so."""
    if budget is None or incident.severity is Severity.CRITICAL:
        return ""
    own = [limit for limit in budget.limits if limit.statistic is incident.statistic]
    hard = next((limit for limit in own if limit.severity is Severity.CRITICAL), None)
    if hard is None:
        return ""
    threshold = format_value(hard.threshold, hard.unit)
    return (
        f"Only its {one_line(incident.limit, 60)} is over, which is a warning: "
        f"its {one_line(hard.name, 60)} at {threshold} is not, so nobody is paged."
    )


def _routes(
    deliveries: Sequence[Delivery],
    alerting: Alerting,
    states: Mapping[str, ChannelState],
    told: Told,
    now: datetime,
    zone: tzinfo,
) -> Iterator[str]:
    if not alerting.channels:
        yield "No channel is configured: nobody is told of alerts; add one under alerts.channels."
        return
    took, asked = alarmed(deliveries), {one.notice.channel for one in deliveries}
    pushed = {one.name for one in alerting.channels if one.pushed}
    opens = channels_for(alerting.routes, told, now)
    if not opens and not took:
        yield f"No route in the budgets file takes a {told.severity} alert of {one_line(told.budget, 80)}."
    for name, at in opens.items():
        shown = one_line(name, 60)
        state = states.get(name)
        if name in took:
            continue
        if state is not None and state.disabled is not None:
            error = one_line(state.error, 300)
            yield f"{shown} takes nothing since {clock(state.disabled, now, zone)}: {error}"
        elif at > now:
            yield f"{shown} is told at {clock(at, now, zone)}, when its route opens, if it still fires then."
        elif name not in asked | pushed:
            yield f"No message to {shown} is kept: its route may be newer than this alert."
