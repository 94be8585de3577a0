"""What `headroom alerts list` knows: open incidents, who was told, silences, channels, and the quiet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from headroom.config import Config
from headroom.history import ChannelState, Delivery, History, Receipt, file_of, open_history
from headroom.history.actions import TESTED
from headroom.history.lock import held
from headroom.incidents import Incident
from headroom.people import Tested, tests
from headroom.silences import Silence
from monitor.people.acting import judged, silent_for, standing, takes

DAY, WEEK = timedelta(days=1), timedelta(days=7)
_MOST = 1_000  # incidents, and notices of one incident


@dataclass(frozen=True, slots=True)
class Row:
    """An incident with what belongs to it.

    Attributes:
        silence: the one that keeps it quiet for longest just now.
        told: the newest notice for each channel, by the channel's name.
        receipts: what receivers say that can be asked.
    """

    incident: Incident
    silence: Silence | None
    told: tuple[Delivery, ...]
    receipts: tuple[Receipt, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """How alerts stand.

    Attributes:
        known: ids of all incidents that are shown, and of all open ones: what short ids must tell apart.
        fired_lately: how many incidents fired, or still did, in the last 24 hours.
        silences: in force or to come.
        disabled: channels that take nothing, of those that are configured.
        tests: of each configured channel what came of its last test.
        channels: names of the configured ones.
        collected: whether somebody collects just now.
        judged: when something was last judged; None where nothing ever was.
        stuck: for how long whoever collects has judged nothing; empty: nothing is late.
    """

    now: datetime
    rows: tuple[Row, ...]
    fired_lately: int
    silences: tuple[Silence, ...]
    disabled: tuple[ChannelState, ...]
    tests: dict[str, Tested]
    channels: tuple[str, ...]
    collected: bool
    judged: datetime | None
    stuck: str = ""

    @property
    def known(self) -> list[str]:
        """The ids of all incidents that are shown."""
        return [row.incident.id for row in self.rows]


def overview(config: Config, now: datetime, *, ended: bool) -> Overview:
    """Read the history; `ended` adds the incidents that ended in the last 7 days. Raises HistoryError."""
    history = open_history(config.history, collecting=False)
    try:
        lately = history.incidents(now - (WEEK if ended else DAY), limit=_MOST)
        opened = history.open_incidents()
        shown = list({one.id: one for one in (*opened, *(lately if ended else ()))}.values())
        silences = standing(config, history, now)
        states = history.channel_states()
        names = [one.name for one in config.channels]
        last, collected = judged(history), held(file_of(config.history))
        return Overview(
            now=now,
            rows=tuple(row(config, history, one, silences, now) for one in shown),
            fired_lately=sum(
                one.fired is not None and (one.ended is None or one.ended >= now - DAY) for one in lately
            ),
            silences=tuple(silences),
            disabled=tuple(states[name] for name in names if name in states and states[name].disabled),
            tests=_tests(history, [states[name] for name in names if name in states], names),
            channels=tuple(names),
            collected=collected,
            judged=last,
            stuck=silent_for(config, last, now) if collected else "",
        )
    finally:
        history.close()


def row(config: Config, history: History, one: Incident, silences: Iterable[Silence], now: datetime) -> Row:
    """Return an incident with what belongs to it."""
    quiet = [each for each in silences if one.ended is None and each.holds(now) and takes(config, each, one)]
    told: dict[str, Delivery] = {}
    for each in history.deliveries_of(one.id, _MOST):
        told.setdefault(each.notice.channel, each)
    return Row(
        one,
        max(quiet, key=lambda each: each.ends, default=None),
        tuple(told[name] for name in sorted(told)),
        tuple(history.receipts(one.id)),
    )


def _tests(history: History, states: Sequence[ChannelState], names: Sequence[str]) -> dict[str, Tested]:
    """Return the newest test of each channel, whichever process made it."""
    found = {
        one.name: Tested(one.tested_at, "", arrived=one.ok_at == one.tested_at, said=one.tested)
        for one in states
        if one.tested_at is not None
    }
    for name, each in tests(history.actions((TESTED,))).items():
        if name in names and (name not in found or found[name].at <= each.at):
            found[name] = each
    return found
