"""When one member is told and asked: a thread of its own, so that a member that hangs delays no other.

It goes on with what it was given last. A history that cannot be read for a while changes no incident, so
nothing may lapse at Alertmanager for it either.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from alerts.alertmanager.alert import Alert
from alerts.alertmanager.labels import WATCHDOG
from alerts.alertmanager.member import Member, Outcome

_LOG = logging.getLogger(__name__)
_LOOKS = 4  # looks into a member in the time between two turns
_SOONEST = 1.0  # seconds between a failure and the next attempt, doubled with each
_FRESH = 3  # turns for which the Watchdog stands without anybody saying that all is well


@dataclass(frozen=True, slots=True)
class Wanted:
    """The alerts as they should be at every member.

    Attributes:
        number: counts what was offered, from 1.
        news: another value is told at once.
    """

    number: int
    alerts: tuple[Alert, ...]
    news: Hashable


class Lane:
    """Keeps one member up to date."""

    def __init__(
        self, member: Member, every: timedelta, heard: Callable[[Outcome, int], None], channel: str
    ) -> None:
        """Take what it needs.

        Args:
            member: which is told.
            every: the time between two turns.
            heard: called from the lane's thread with what came of each turn, and with the number of what was
                told in it; 0 for a look.
            channel: the channel's name, for the thread's.
        """
        self._member = member
        self._every = every.total_seconds()
        self._heard = heard
        self._changed = threading.Condition()
        self._wanted: Wanted | None = None
        self._offered = 0.0
        self._pressing = False
        self._closed = False
        self._failures = 0
        self._next = 0.0
        self._thread = threading.Thread(
            target=self._serve, name=f"headroom-{channel}-{member.name}", daemon=True
        )

    def start(self) -> None:
        """Begin; nothing is told before something is offered."""
        self._thread.start()

    def offer(self, wanted: Wanted, *, at_once: bool = False) -> None:
        """Take what is to be told from now on: at once where it is news, else at the next turn."""
        with self._changed:
            old = self._wanted
            self._wanted = wanted
            self._offered = monotonic()
            if at_once or old is None or old.news != wanted.news:
                self._pressing = True
                self._changed.notify()

    def close(self) -> None:
        """Begin no further turn."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _serve(self) -> None:
        while (job := self._wait()) is not None:
            wanted, turn = job
            try:
                outcome = self._turn(wanted) if turn else self._look(wanted)
            except Exception:  # noqa: BLE001 a fault of ours must not end the lane
                _LOG.exception("Alertmanager %s: telling it failed inside Headroom", self._member.name)
                outcome = Outcome(self._member.name, reached=False, error=_FAULT, works=False)
            if outcome is None:
                continue
            if not outcome.reached:
                self._failures += 1
                wait = max(_SOONEST * 2.0 ** min(self._failures - 1, 10), outcome.retry_after or 0.0)
                self._next = monotonic() + min(self._every, wait)
            self._heard(outcome, wanted.number if turn else 0)

    def _wait(self) -> tuple[Wanted, bool] | None:
        """Return what is to be told, and whether it is: otherwise a look is due. None at the end."""
        with self._changed:
            look = monotonic() + self._every / _LOOKS
            while not self._closed:
                now = monotonic()
                wanted = self._wanted
                if wanted is None:
                    self._changed.wait()
                elif self._pressing or now >= self._next:
                    self._pressing = False
                    return wanted, True
                elif now >= look:
                    return wanted, False
                else:
                    self._changed.wait(min(self._next, look) - now)
            return None

    def _turn(self, wanted: Wanted) -> Outcome:
        outcome = self._member.push(self._standing(wanted))
        if outcome.reached:
            self._failures = 0
            self._next = monotonic() + self._every
        return outcome

    def _look(self, wanted: Wanted) -> Outcome | None:
        if self._failures:
            return None  # the next attempt has its own time
        return self._member.look(self._standing(wanted)) or self._turn(wanted)

    def _standing(self, wanted: Wanted) -> tuple[Alert, ...]:
        if monotonic() - self._offered <= _FRESH * self._every:
            return wanted.alerts
        # Nobody has said for a while that all is well: the Watchdog may not go on by itself.
        return tuple(alert for alert in wanted.alerts if ("alertname", WATCHDOG) not in alert.labels)


_FAULT = "telling it failed inside Headroom; its log has more"
