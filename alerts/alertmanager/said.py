"""What a member says of an alert that it holds, as a state and a sentence for people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alerts.alertmanager.client import SilenceThere, Stored
from alerts.text import clock

MISSING = "missing"
RESOLVED = "resolved"
REFUSED = "refused"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of one alert at one member."""

    state: str
    detail: str


def of_stored(stored: Stored, member: str, silence: Callable[[str], SilenceThere | None]) -> Said:
    """Return what a member does with an alert; `silence` gives what is known of one by its id."""
    at = f"at Alertmanager {member}"
    told = [_by(silence(ident), ident, at) for ident in stored.silenced[:_SHOWN]]
    if len(stored.silenced) > _SHOWN:
        told.append(f"and by {len(stored.silenced) - _SHOWN} more silences")
    if stored.inhibited:
        other = "another alert that fires" if len(stored.inhibited) == 1 else "other alerts that fire"
        told.append(f"inhibited {at} by {other} ({', '.join(stored.inhibited[:_SHOWN])})")
    if stored.muted:
        told.append(f"muted {at} by its time interval {', '.join(stored.muted[:_SHOWN])}")
    return Said(stored.state or "unknown", "; ".join(told) or f"stored {at}")


def missing(member: str) -> Said:
    """Return that a member took an alert and does not have it."""
    return Said(MISSING, f"Alertmanager {member} took it and does not have it")


def refused(member: str, why: str) -> Said:
    """Return that a member will not take an alert."""
    return Said(REFUSED, f"Alertmanager {member} will not take it: {why}")


def resolved(member: str) -> Said:
    """Return that a member was told of the end."""
    return Said(RESOLVED, f"Alertmanager {member} was told that it ended")


def _by(silence: SilenceThere | None, ident: str, at: str) -> str:
    if silence is None:
        return f"silenced {at} by silence {ident}"
    until = f" until {clock(silence.ends)}" if silence.ends else ""
    comment = f': "{silence.comment}"' if silence.comment else ""
    return f"silenced {at} by {silence.author or 'somebody'}{until}{comment}"
