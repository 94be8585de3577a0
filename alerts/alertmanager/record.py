"""What is kept of Alertmanager: whether each channel works, and what each member says of each incident."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from alerts.alertmanager.member import Outcome
from alerts.alertmanager.said import Said
from headroom.channels import Channel
from headroom.history import ChannelState, Receipt

_LOG = logging.getLogger(__name__)
_WRITTEN_AFTER = timedelta(minutes=1)  # that it still works is written this often


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
        self._written: dict[str, tuple[datetime, str]] = {}
        self._said: dict[tuple[str, str], dict[str, Said]] = {}

    def keep(self, channel: str, outcome: Outcome) -> None:
        """Keep what came of one turn with one member."""
        self._tell_change(channel, outcome)
        self._errors.setdefault(channel, {})[outcome.member] = outcome.error
        self._keep_state(channel, outcome)
        if outcome.reached:
            self._keep_said(channel, outcome)

    def _tell_change(self, channel: str, outcome: Outcome) -> None:
        before = self._errors.get(channel, {}).get(outcome.member, "")
        if outcome.error and not before:
            _LOG.warning('channel "%s": Alertmanager %s: %s', channel, outcome.member, outcome.error)
        elif before and not outcome.error:
            _LOG.info('channel "%s": Alertmanager %s takes everything again', channel, outcome.member)

    def _keep_state(self, channel: str, outcome: Outcome) -> None:
        now = self._clock()
        wrong = {member: error for member, error in self._errors[channel].items() if error}
        error = "; ".join(f"{member}: {sentence}" for member, sentence in sorted(wrong.items()))
        written = self._written.get(channel)
        # A clock that was set back must not keep it from being written for long.
        if written is not None and written[1] == error and abs(now - written[0]) < _WRITTEN_AFTER:
            return
        digest = self._digests[channel]
        state = self._history.channel_states().get(channel) or ChannelState(channel, digest)
        state = replace(state, digest=digest, error=error)
        if outcome.reached:
            state = replace(state, ok_at=now)
        if outcome.error:
            state = replace(state, failed_at=now)
        self._history.keep_channel(state)
        self._written[channel] = (now, error)

    def _keep_said(self, channel: str, outcome: Outcome) -> None:
        now = self._clock()
        before = self._said.get((channel, outcome.member), {})
        changed = [
            Receipt(incident, channel, outcome.member, now, said.state, said.detail)
            for incident, said in outcome.said.items()
            if before.get(incident) != said
        ]
        if changed:
            self._history.keep_receipts(changed)
        self._said[channel, outcome.member] = dict(outcome.said)
