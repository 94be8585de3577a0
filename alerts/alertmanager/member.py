"""One member of a cluster: what it was told, what it has taken, and what it made of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from alerts.alertmanager import said
from alerts.alertmanager.alert import RESENT, Alert, batches
from alerts.alertmanager.client import Client, RefusedError, SilenceThere, Stored, StrangeError
from alerts.alertmanager.labels import Labels
from alerts.alertmanager.said import Said
from alerts.channels import ChannelError
from headroom.units import format_duration

_LOG = logging.getLogger(__name__)
_SHARE_OF_TTL = 4  # a clock that is further off than this part of it could end what fires, or keep what ended
_SILENCE_KEPT = 60.0  # seconds: somebody may prolong it
_MOST_SILENCES = 20  # asked for at a time
_SILENCES_KEPT = 500
_MOST_NAMED = 5  # in a sentence
_MOST_REQUESTS = 64  # for one batch
_ALIKE = timedelta(seconds=2)  # Date has whole seconds: what is closer is no difference
_TOOK_AND_LACKS = (
    "it answered 200 and does not have these, so it drops them by a limit of its own, or a load balancer "
    "stands before several members, of which each must be named:"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one turn.

    Attributes:
        member: host and port.
        reached: whether it answered to the end; where not, the next attempt is soon.
        error: what is wrong, as a sentence; empty where nothing is.
        said: what it says, by the id of the incident.
        retry_after: seconds that it asked for.
        works: whether it has something of what fires, as far as can be told, or would take it.
        permanent: whether trying again cannot help.
    """

    member: str
    reached: bool
    error: str = ""
    said: Mapping[str, Said] = field(default_factory=dict)
    retry_after: float | None = None
    works: bool = True
    permanent: bool = False


class Member:
    """Tells one member and asks it; one thread at a time."""

    def __init__(
        self, client: Client, name: str, clock: Callable[[], datetime], ttl: timedelta, installation: str
    ) -> None:
        self.name = name
        self._client = client
        self._clock = clock
        self._ttl = ttl
        self._installation = installation
        self._started = ""
        self._ahead: timedelta | None = None
        self._asked = 0
        self._taken: set[tuple[Labels, datetime]] = set()
        self._silences: dict[str, tuple[float, SilenceThere | None]] = {}

    def push(self, alerts: Sequence[Alert]) -> Outcome:
        """Tell it everything and read back what it holds."""
        refused: dict[Labels, str] = {}
        try:
            self._greet()
            told = [alert for alert in alerts if self._due(alert)]
            for batch in batches(told):
                refused |= self._hand_over(batch)
            taken = {_end(alert) for alert in told if alert.ends and alert.labels not in refused}
            self._taken = taken | (self._taken & {_end(alert) for alert in alerts if alert.ends})
        except ChannelError as error:
            return self._unreached(error)
        stored = self._stored(posted=bool(told))
        return stored if isinstance(stored, Outcome) else self._read(alerts, stored, refused)

    def look(self, alerts: Sequence[Alert]) -> Outcome | None:
        """Return what it says now, or None where it has lost what it was told and must be told anew."""
        try:
            before = self._started
            self._greet()
            if self._started != before:
                _LOG.info("Alertmanager %s was restarted: it is told everything anew", self.name)
                return None
        except ChannelError as error:
            return self._unreached(error)
        stored = self._stored(posted=False)
        if isinstance(stored, Outcome):
            return stored
        if any(alert.ends is None and alert.labels not in stored for alert in alerts):
            return None
        return self._read(alerts, stored, {})

    def _unreached(self, error: ChannelError) -> Outcome:
        return Outcome(
            self.name,
            reached=False,
            error=error.message,
            retry_after=error.retry_after,
            works=False,
            permanent=error.permanent,
        )

    def _greet(self) -> None:
        greeting = self._client.greet()
        self._started, self._ahead = greeting.started or self._started, greeting.ahead

    def _stored(self, *, posted: bool) -> Mapping[Labels, Stored] | Outcome:
        """Return what it holds, or what is to be said where that cannot be read."""
        try:
            return self._client.stored(self._installation)
        except ChannelError as error:
            took = "it took the alerts, but " if posted else ""
            unknown = f"{took}whether it has what fires cannot be read: {error.message}"
            # Who may post and not read is told; what is no Alertmanager takes alerts to nobody.
            works = posted and not isinstance(error, StrangeError)
            return Outcome(self.name, reached=True, error=unknown, works=works)

    def _their_now(self) -> datetime:
        """Return its time: it alone says whether the end of an alert has come."""
        now = self._clock()
        return now if self._ahead is None or abs(self._ahead) <= _ALIKE else now + self._ahead

    def _due(self, alert: Alert) -> bool:
        """Tell whether it must still hear of an alert: ends are repeated for a while, and owed for longer."""
        if alert.ends is None:
            return True
        return self._clock() - alert.ends < RESENT or _end(alert) not in self._taken

    def _hand_over(self, batch: Sequence[Alert]) -> dict[Labels, str]:
        """Hand over a batch; return what is refused, and why.

        What else was in a refused batch may have been stored or not. Its halves are handed over anew, so
        that one alert that it will not have costs no other.
        """
        refused: dict[Labels, str] = {}
        waiting, left = [batch], _MOST_REQUESTS
        while waiting:
            part = waiting.pop()
            now = self._their_now()
            left -= 1
            try:
                self._client.post([alert.as_json(now, self._ttl) for alert in part])
            except RefusedError as error:
                middle = len(part) // 2
                if middle and left > 0:
                    waiting += [part[:middle], part[middle:]]
                else:
                    refused |= {alert.labels: error.message for alert in part}
        return refused

    def _read(
        self, alerts: Sequence[Alert], stored: Mapping[Labels, Stored], refused: Mapping[Labels, str]
    ) -> Outcome:
        found: dict[str, Said] = {}
        wrong: dict[str, list[Alert]] = {}
        self._asked = 0
        for alert in sorted(
            alerts, key=lambda one: (one.ends is None, one.starts)
        ):  # what fires has the last word
            there = stored.get(alert.labels)
            if alert.labels in refused and (there is None or alert.ends is not None):
                why = refused[alert.labels]
                found[alert.incident] = said.refused(self.name, why)
                wrong.setdefault(f"{why}, and will not take", []).append(alert)
            elif alert.ends is not None:
                found[alert.incident] = said.resolved(self.name)
                if there is not None:
                    wrong.setdefault("it was told of an end, and still shows as firing", []).append(alert)
            elif there is None:
                found[alert.incident] = said.missing(self.name)
                wrong.setdefault(_TOOK_AND_LACKS, []).append(alert)
            else:
                found[alert.incident] = said.of_stored(there, self.name, self._silence)
        found.pop("", None)  # the Watchdog is about no incident
        sentences = [f"{what} {_names(which)}" for what, which in wrong.items()]
        if self._ahead is not None and abs(self._ahead) > self._ttl / _SHARE_OF_TTL:
            side = "ahead of" if self._ahead > timedelta(0) else "behind"
            sentences.append(
                f"its clock is {format_duration(abs(self._ahead))} {side} ours; ends of alerts are told by "
                "its clock, but set both right, with NTP on both machines"
            )
        fires = {alert.incident for alert in alerts if alert.ends is None and alert.incident}
        lacked = {ident for ident in fires if found[ident].state in {said.REFUSED, said.MISSING}}
        return Outcome(
            self.name,
            reached=True,
            error="; ".join(sentences),
            said=found,
            works=not fires or lacked != fires,
            permanent=bool(fires) and all(found[ident].state == said.REFUSED for ident in fires),
        )

    def _silence(self, ident: str) -> SilenceThere | None:
        """Return a silence, asking for few at a time and for the same one seldom."""
        known = self._silences.get(ident)
        if known is not None and monotonic() - known[0] < _SILENCE_KEPT:
            return known[1]
        if self._asked >= _MOST_SILENCES:
            return known[1] if known else None
        self._asked += 1
        try:
            found = self._client.silence(ident)
        except ChannelError:  # its id is enough to find it by
            return known[1] if known else None
        if len(self._silences) > _SILENCES_KEPT:
            self._silences.clear()
        self._silences[ident] = (monotonic(), found)
        return found


def _names(alerts: Sequence[Alert]) -> str:
    names = list(dict.fromkeys(alert.name for alert in alerts))
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _end(alert: Alert) -> tuple[Labels, datetime]:
    assert alert.ends is not None
    return alert.labels, alert.ends
