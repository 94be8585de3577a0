"""Who is told of a critical alarm while its own channel cannot be reached for long."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from alerts.fallback import named_instead, shared
from headroom.budgets import Severity
from headroom.channels import Channel
from headroom.history import ChannelState
from headroom.incidents import ALARMS, Notice, NoticeStatus

AFTER = timedelta(minutes=15)
"""So long a channel may fail before the one that the file names as its fallback is told as well."""


class _Waiting(Protocol):
    """What of the history this needs."""

    def undelivered(self, incident: str, channel: str) -> list[Notice]:
        """Return what of an incident waits for a channel."""
        ...

    def asked(self, notices: Sequence[Notice]) -> dict[str, frozenset[str]]:
        """Return which channels cannot be told these any more."""
        ...


class _Around(Protocol):
    """What is known beyond the one channel."""

    @property
    def outbox(self) -> _Waiting: ...

    @property
    def channels(self) -> Mapping[str, Channel]: ...

    @property
    def states(self) -> Mapping[str, ChannelState]: ...


class Unreached:
    """Since when a channel fails; a clock that is set back begins anew."""

    def __init__(self) -> None:
        self._since: datetime | None = None

    def reached(self) -> None:
        """Note that it answered, whatever it said."""
        self._since = None

    def for_long(self, tried: Sequence[Notice], now: datetime) -> datetime | None:
        """Return since when it fails, now once more; None where that is not long ago.

        What was tried before this process began has failed since it was made.
        """
        if self._since is None:
            self._since = min((one.created for one in tried if one.attempts > 1), default=now)
        self._since = min(self._since, now)
        return self._since if now - self._since >= AFTER else None


def told_meanwhile(around: _Around, tried: Sequence[Notice], why: str, since: datetime) -> dict[str, Notice]:
    """Return by incident what another channel is told beside the one that cannot be reached.

    The critical alarm may wait behind the one that is tried: a warning that grew.
    """
    alarms = {}
    for incident in {one.incident: None for one in tried if one.incident}:
        waiting = around.outbox.undelivered(incident, tried[0].channel)
        if any(one.status is NoticeStatus.RESOLVED for one in waiting):
            continue
        critical = [one for one in waiting if one.status in ALARMS and _critical(one)]
        if critical:
            alarms[incident] = critical[-1]
    asked = around.outbox.asked(list(alarms.values())) if alarms else {}
    found = {}
    for incident, one in alarms.items():
        to = named_instead(one, around.channels, around.states, asked=asked.get(one.key, frozenset()))
        if to is not None:
            found[incident] = shared(one, to, why, since)
    return found


def _critical(notice: Notice) -> bool:
    """Tell whether an alarm is critical; one that does not say so is taken for the worst."""
    try:
        fields = json.loads(notice.payload)
    except ValueError:
        return True
    severity = fields.get("severity") if isinstance(fields, dict) else None
    return severity in (None, Severity.CRITICAL.value)
