"""The outbox as delivery uses it, with what came of each attempt counted on the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.lane import Outbox
from headroom.delivery import Choose, Heard, Settled
from headroom.history import ChannelState
from headroom.incidents import Notice
from monitor.serve.own import FAILED, REFUSED, SENT, Own


class Counted:
    """An outbox that is `outbox` in all else; a message that tells of several incidents counts as one."""

    def __init__(self, outbox: Outbox, own: Own) -> None:
        self._outbox = outbox
        self._own = own
        self._channels: dict[int, str] = {}  # of the notices that are under way
        self.awaited = outbox.awaited
        self.channel_states = outbox.channel_states
        self.asked = outbox.asked
        self.went_to = outbox.went_to
        self.undelivered = outbox.undelivered
        self.rename = outbox.rename

    def take(
        self,
        channel: str,
        now: datetime,
        *,
        choose: Choose,
        lease: timedelta,
        sent_since: datetime,
        limit: int,
        grouped: bool = False,
    ) -> list[Notice]:
        """Lease and return what is chosen, and remember for whom it is."""
        taken = self._outbox.take(
            channel, now, choose=choose, lease=lease, sent_since=sent_since, limit=limit, grouped=grouped
        )
        self._channels |= {one.id: channel for one in taken if one.id is not None}
        return taken

    def settle(
        self,
        results: Sequence[Settled],
        at: datetime,
        *,
        queued: Sequence[Notice] = (),
        heard: Heard | None = None,
    ) -> ChannelState | None:
        """Note what became of notices, and count it."""
        state = self._outbox.settle(results, at, queued=queued, heard=heard)
        tried = [channel for one in results if (channel := self._channels.pop(one.notice, None)) is not None]
        if tried:
            sent, again = any(one.sent for one in results), any(one.again for one in results)
            self._own.delivered(tried[0], SENT if sent else FAILED if again else REFUSED)
        return state
