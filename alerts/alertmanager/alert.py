"""One alert as Alertmanager takes it, and what all of them are at a moment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from alerts.alertmanager.labels import Labels, of_incident, of_watchdog
from alerts.alertmanager.stretches import Stretch
from alerts.text import clock
from headroom.budgets import Severity
from headroom.incidents import Incident

RESENT = timedelta(minutes=15)
"""A resolved alert is re-sent for this long: long enough for a member that has just been restarted."""
OWED = timedelta(hours=2)
"""And for this long to a member that has not taken it yet."""
BATCH = 64

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(?:[/?#](?:[!$&-;=?-Z_a-z~]|%[0-9A-Fa-f]{2})*)?")
_LONGEST_ADDRESS = 2000

Words = Callable[[Incident], Mapping[str, str]]
"""From an incident to the annotations that tell of it."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes:
        starts, ends: our clock, UTC; `ends` is None while it fires.
        link: where its figures are; empty: nowhere.
        incident: the id of the incident that it is about; empty for the Watchdog.
        name: of what it is about, for sentences.
    """

    labels: Labels
    starts: datetime
    ends: datetime | None = None
    annotations: tuple[tuple[str, str], ...] = ()
    link: str = ""
    incident: str = ""
    name: str = ""

    @property
    def news(self) -> tuple[object, ...]:
        """What of it must be told at once when it changes; figures can wait for the next turn."""
        states = tuple(pair for pair in self.annotations if pair[0] in _STATES)
        return (self.labels, self.starts, self.ends, states)

    def as_json(self, now: datetime, ttl: timedelta) -> str:
        """Return it as the API takes it.

        Args:
            now: by the clock of the member that it is for, which alone says whether `endsAt` has come.
            ttl: how long it fires without being re-sent.
        """
        # A start in the future, of a clock that was set back, would lie behind the end: that is refused.
        starts = min(self.starts, now)
        ends = now + ttl if self.ends is None else max(starts, min(self.ends, now))
        found: dict[str, Any] = {
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "startsAt": _stamp(starts),
            "endsAt": _stamp(ends),
        }
        # One address that it cannot read makes it refuse all that was posted together.
        if len(self.link) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(self.link):
            found["generatorURL"] = self.link
        return json.dumps(found, ensure_ascii=True, separators=(",", ":"))


_STATES = frozenset({"acknowledged", "silenced", "sight", "flapping"})


def alerts(
    told: Iterable[tuple[Incident, Sequence[Stretch]]],
    words: Words,
    *,
    installation: str,
    now: datetime,
) -> dict[Labels, Alert]:
    """Return the alerts of all incidents that fire or ended lately, by their labels.

    Of stretches with the same labels, the one that fires stands, or the newest: the end of an old one must
    not end what fires now.
    """
    found: dict[Labels, Alert] = {}
    for incident, stretches in told:
        kept = [each for each in stretches if each.ends is None or now - each.ends < OWED]
        if not kept:
            continue
        annotations = dict(words(incident))
        link = annotations.pop("link", "")
        follows = dict(pairwise(stretches))
        for stretch in kept:
            later = follows.get(stretch)
            said = annotations if later is None else {**annotations, **_handed_over(incident, later)}
            alert = Alert(
                labels=of_incident(incident, stretch.severity, installation),
                starts=stretch.begins,
                ends=stretch.ends,
                annotations=tuple(sorted((name, text) for name, text in said.items() if text)),
                link=link,
                incident=incident.id,
                name=f"{incident.budget} {incident.statistic.value}",
            )
            other = found.get(alert.labels)
            if other is None or _weight(alert) > _weight(other):
                found[alert.labels] = alert
    return found


def _handed_over(incident: Incident, later: Stretch) -> dict[str, str]:
    """Return what an alert says whose incident goes on at another severity: no word of that one's figures."""
    name = f"{incident.budget} {incident.statistic.value}"
    moved = "rose" if later.severity is Severity.CRITICAL else "fell"
    summary = f"{name}: its severity {moved} to {later.severity.value}; it goes on there"
    description = (
        f"{name} did not recover: its severity {moved} to {later.severity.value} at {clock(later.begins)}, "
        "and its alert of that severity tells of it."
    )
    return {"summary": summary, "description": description, "value": "", "limit": "", "evidence": ""}


def watchdog(installation: str, since: datetime, until: datetime | None) -> Alert:
    """Return the alert that fires as long as Headroom works."""
    summary = "Headroom works: every budget is judged in time. This alert is meant to fire always."
    return Alert(
        labels=of_watchdog(installation),
        starts=since,
        ends=until,
        annotations=(("summary", summary),),
        name="Watchdog",
    )


def batches(found: Sequence[Alert]) -> Iterator[Sequence[Alert]]:
    """Give alerts in groups that one request may carry, those of one incident in the same.

    The end of one severity and the beginning of another arrive together, lest one be told without the other.
    """
    begin = 0
    while begin < len(found):
        end = begin + BATCH
        while end < len(found) and found[end].incident and found[end].incident == found[end - 1].incident:
            end += 1
        yield found[begin:end]
        begin = end


def _weight(alert: Alert) -> tuple[bool, datetime]:
    return alert.ends is None, alert.starts


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
