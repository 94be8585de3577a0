"""What is kept of Alertmanager: whether each channel works, and what each member says of each incident."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol

from alerts.alertmanager.member import Outcome
from alerts.alertmanager.said import RESOLVED, Said
from headroom.channels import Channel
from headroom.history import ChannelState, Receipt

_LOG = logging.getLogger(__name__)
_WRITTEN_AFTER = timedelta(minutes=1)  # that it still works is written this often
_LOGGED_AFTER = 60.0  # seconds between two lines on one member that go on from one error to another


class States(Protocol):
    """What of the history this needs."""

    def channel_states(self) -> dict[str, ChannelState]:
        """Return what is known of each channel, by its name."""
        ...

    def keep_channel(self, state: ChannelState) -> None:
        """Put what is known of a channel in the place of what was."""
        ...

    def keep_receipts(self, said: Sequence[Receipt]) -> None:
        """Put what receivers say now in the place of what they said."""
        ...


class Record:
    """Keeps what changes; every method runs on the writer's thread."""

    def __init__(self, history: States, channels: Iterable[Channel], clock: Callable[[], datetime]) -> None:
        self._history = history
        self._digests = {channel.name: channel.digest for channel in channels}
        self._clock = clock
        self._errors: dict[str, dict[str, str]] = {}
        self._written: dict[str, tuple[datetime, str, bool]] = {}
        self._said: dict[tuple[str, str], dict[str, Said]] = {}
        self._renewed: dict[tuple[str, str], float] = {}
        self._logged: dict[tuple[str, str], tuple[float, str]] = {}

    def dead(self) -> frozenset[str]:
        """Return the channels of which is kept that they take nothing, by what the file says of them now."""
        states = self._history.channel_states()
        known = ((states.get(name), digest) for name, digest in self._digests.items())
        return frozenset(one.name for one, digest in known if one and one.disabled and one.digest == digest)

    def keep(self, channel: str, outcome: Outcome, *, dead: bool = False) -> None:
        """Keep what came of one turn with one member; `dead`: no member of the channel takes anything."""
        self._tell_change(channel, outcome)
        self._errors.setdefault(channel, {})[outcome.member] = outcome.error
        self._keep_state(channel, outcome, dead=dead)
        if outcome.reached:
            self._keep_said(channel, outcome)

    def _tell_change(self, channel: str, outcome: Outcome) -> None:
        before = self._errors.get(channel, {}).get(outcome.member, "")
        which, now = (channel, outcome.member), monotonic()
        if outcome.error and outcome.error != self._logged.get(which, (0.0, ""))[1]:
            logged = self._logged.get(which)
            if not before or logged is None or now - logged[0] >= _LOGGED_AFTER:
                _LOG.warning('channel "%s": Alertmanager %s: %s', channel, outcome.member, outcome.error)
                self._logged[which] = (now, outcome.error)
        elif before and not outcome.error:
            _LOG.info('channel "%s": Alertmanager %s takes everything again', channel, outcome.member)
            self._logged[which] = (self._logged.get(which, (now, ""))[0], "")

    def _keep_state(self, channel: str, outcome: Outcome, *, dead: bool) -> None:
        now = self._clock()
        wrong = {member: error for member, error in self._errors[channel].items() if error}
        error = "; ".join(f"{member}: {sentence}" for member, sentence in sorted(wrong.items()))
        written = self._written.get(channel)
        # A clock that was set back must not keep it from being written for long.
        same = written is not None and written[1:] == (error, dead)
        if written is not None and same and abs(now - written[0]) < _WRITTEN_AFTER:
            return
        digest = self._digests[channel]
        state = self._history.channel_states().get(channel) or ChannelState(channel, digest)
        since = state.disabled if state.disabled and state.digest == digest else now
        state = replace(state, digest=digest, error=error, disabled=since if dead else None)
        if outcome.reached:
            state = replace(state, ok_at=now)
        if outcome.error:
            state = replace(state, failed_at=now)
        self._history.keep_channel(state)
        self._written[channel] = (now, error, dead)

    def _keep_said(self, channel: str, outcome: Outcome) -> None:
        now, which = self._clock(), (channel, outcome.member)
        # Without that, nobody could tell what is still so from what nobody has heard of since.
        again = monotonic() - self._renewed.get(which, 0.0) >= _WRITTEN_AFTER.total_seconds()
        if again:
            self._renewed[which] = monotonic()
        before = self._said.get(which, {})
        changed = [
            Receipt(incident, channel, outcome.member, now, said.state, said.detail)
            for incident, said in outcome.said.items()
            if before.get(incident) != said or (again and said.state != RESOLVED)
        ]
        if changed:
            self._history.keep_receipts(changed)
        self._said[which] = dict(outcome.said)
