"""What is to be told, read from the history: it alone knows, so a restart forgets nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Protocol

from alerts.alertmanager.alert import OWED, Alert, alerts
from alerts.alertmanager.annotations import Payload, annotated
from alerts.alertmanager.labels import Labels
from alerts.alertmanager.stretches import Opens, Stretch, heard, stretches
from headroom.incidents import Incident, Transition

_MOST = 10_000  # incidents that ended lately


class Incidents(Protocol):
    """What of the history this needs."""

    def open_incidents(self) -> list[Incident]:
        """Return the incidents that have not ended."""
        ...

    def incidents(self, since: datetime | None = None, *, limit: int = 200) -> list[Incident]:
        """Return the incidents that have not ended before `since`, the newest first."""
        ...

    def transitions(self, incident_id: str) -> list[Transition]:
        """Return the moves of an incident, oldest first."""
        ...


class Reading:
    """Reads what each channel is to be told; every method runs on the writer's thread."""

    def __init__(
        self,
        history: Incidents,
        channels: Collection[str],
        payload: Payload,
        opens: Opens,
        installation: str,
    ) -> None:
        self._history = history
        self._channels = channels
        self._payload = payload
        self._opens = opens
        self._installation = installation
        self._told: set[tuple[str, str]] = set()  # channels with incidents
        self._known: dict[str, tuple[Incident, tuple[Stretch, ...]]] = {}

    def alerts(self, now: datetime) -> dict[str, dict[Labels, Alert]]:
        """Return the alerts of each channel, by their labels."""
        found = {one.id: one for one in self._history.incidents(now - OWED, limit=_MOST)}
        found |= {one.id: one for one in self._history.open_incidents()}
        self._known = {ident: self._stretches(one) for ident, one in found.items() if one.fired is not None}
        words: dict[str, dict[str, str]] = {}

        def say(incident: Incident) -> dict[str, str]:
            if incident.id not in words:
                words[incident.id] = annotated(incident, self._payload)
            return words[incident.id]

        told = {name: self._heard(name, now) for name in self._channels}
        self._told = {(name, incident.id) for name, pairs in told.items() for incident, _ in pairs}
        return {
            name: alerts(pairs, say, installation=self._installation, now=now) for name, pairs in told.items()
        }

    def _heard(self, channel: str, now: datetime) -> list[tuple[Incident, tuple[Stretch, ...]]]:
        """Return the incidents that a channel hears of, with the stretches that it does."""
        found = []
        for incident, all_of in self._known.values():
            already = (channel, incident.id) in self._told
            told = heard(all_of, partial(self._opens, channel, incident), now, already=already)
            if told:
                found.append((incident, told))
        return found

    def _stretches(self, incident: Incident) -> tuple[Incident, tuple[Stretch, ...]]:
        """Return an incident with its stretches, read anew only after a move."""
        known = self._known.get(incident.id)
        if known is not None and _standing(known[0]) == _standing(incident):
            return incident, known[1]
        return incident, stretches(incident, self._history.transitions(incident.id))


def _standing(incident: Incident) -> tuple[object, ...]:
    return (incident.state, incident.severity, incident.silenced, incident.untold, incident.ended)
