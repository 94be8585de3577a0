"""The part of the history that delivery and its onlookers use: the outbox, and what is known of receivers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from headroom.delivery import Choose, Heard, Settled
from headroom.history import outbox, outbox_read, receivers
from headroom.history.past import past
from headroom.history.records import ChannelState, Delivery, DeliveryState, Receipt
from headroom.history.replay import replay
from headroom.incidents import Notice


class Delivering(ABC):
    """What `History` does for delivery; each writing method is one transaction."""

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Connection]: ...

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]: ...

    # ---- the way out

    def due_notices(self, now: datetime, *, lease: timedelta, limit: int = 50) -> list[Notice]:
        """Return what is to be sent now, oldest first: at most one notice of each incident and channel.

        Each is leased until `now + lease`, and is due again after that unless it was settled. `attempts`
        counts the attempt that begins here.
        """
        with self._writing() as connection:
            return outbox.claim(connection, now, lease, limit)

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
        """Return what `choose` takes of that which is due for a channel, leased as by `due_notices`.

        Args:
            channel: its name.
            now: our clock.
            choose: is shown the first `limit` due notices, oldest first; it runs in the transaction.
            lease: how long nobody else may take them.
            sent_since: from when on it is shown what was sent.
            limit: of notices.
            grouped: whether it is shown what groups the receiver knows.
        """
        with self._writing() as connection:
            before = past(connection, channel, sent_since, grouped=grouped)
            return outbox.claim(connection, now, lease, limit, channel, choose, before)

    def settle(
        self,
        results: Sequence[Settled],
        at: datetime,
        *,
        queued: Sequence[Notice] = (),
        heard: Heard | None = None,
    ) -> ChannelState | None:
        """Note what became of notices, queue others, and return what is then known of the channel.

        What had left the queue already stays as it left, and what was to be told in its place is not queued.
        """
        with self._writing() as connection:
            outbox.settle(connection, results, at)
            outbox.queue(connection, 0, queued)
            return None if heard is None else receivers.note(connection, heard)

    def rename(self, before: str, after: str) -> None:
        """Let all notices of a channel be those of another one, which is the same under a new name."""
        with self._writing() as connection:
            outbox.rename(connection, before, after)

    def replay(self, incident: str, channel: str, at: datetime) -> int:
        """Put notices that did not arrive back into the queue, in order; return how many.

        Empty names stand for any. The end of an incident is not left out: see `headroom.history.replay`.
        """
        with self._writing() as connection:
            return replay(connection, incident, channel, at)

    # ---- what waits, and what became of the rest

    def awaited(self, now: datetime) -> dict[str, datetime]:
        """Return for each channel that something waits for when it is due: `now` or a later moment."""
        with self._reading() as connection:
            return outbox.awaited(connection, now)

    def undelivered(self, incident: str, channel: str) -> list[Notice]:
        """Return the notices of an incident that wait for a channel, oldest first."""
        with self._reading() as connection:
            return outbox_read.undelivered(connection, incident, channel)

    def told(self, incident: str) -> frozenset[str]:
        """Return the channels that were, or are to be, told that an incident fires."""
        with self._reading() as connection:
            return outbox_read.told(connection, incident)

    def asked(self, notices: Sequence[Notice]) -> dict[str, frozenset[str]]:
        """Return by the key of each notice the channels that were asked to tell it, or its end, already."""
        with self._reading() as connection:
            return outbox_read.asked(connection, notices)

    def went_to(self, channel: str, incidents: Collection[str]) -> dict[str, str]:
        """Return which channel was last told of an incident in the place of this one."""
        with self._reading() as connection:
            return outbox_read.went_to(connection, channel, incidents)

    def deliveries(self, limit: int = 200) -> list[Delivery]:
        """Return the newest notices and what became of them, newest first."""
        with self._reading() as connection:
            return outbox_read.deliveries(connection, limit)

    def deliveries_of(self, incident: str, limit: int = 200) -> list[Delivery]:
        """Return the newest notices of an incident and what became of them, newest first."""
        with self._reading() as connection:
            return outbox_read.deliveries_of(connection, incident, limit)

    def own_messages(self, limit: int = 20) -> list[Delivery]:
        """Return the newest messages of Headroom itself, which are of no incident, newest first."""
        with self._reading() as connection:
            return outbox_read.own_messages(connection, limit)

    def unheard(self) -> list[str]:
        """Return the incidents that fire, of which nobody takes care and every alarm was refused for good."""
        with self._reading() as connection:
            return outbox_read.unheard(connection)

    def outbox_depth(self) -> int:
        """Return how many notices wait."""
        with self._reading() as connection:
            return outbox_read.depth(connection)

    def outbox_oldest(self, now: datetime | None = None) -> datetime | None:
        """Return when the oldest notice was made that should have arrived by now; None where all did."""
        with self._reading() as connection:
            return outbox_read.oldest(connection, now or datetime.now(UTC))

    def delivery_counts(self) -> dict[tuple[str, DeliveryState], int]:
        """Return how many notices the outbox holds, by channel and state."""
        with self._reading() as connection:
            return outbox_read.counts(connection)

    # ---- receivers

    def channel_states(self) -> dict[str, ChannelState]:
        """Return what is known of each channel that ever was used, by its name."""
        with self._reading() as connection:
            return receivers.channel_states(connection)

    def keep_channel(self, state: ChannelState) -> None:
        """Put what is known of a channel in the place of what was."""
        with self._writing() as connection:
            receivers.keep_channel(connection, state)

    def receipts(self, incident: str) -> list[Receipt]:
        """Return what receivers that can be asked say of an incident."""
        with self._reading() as connection:
            return receivers.receipts_of(connection, incident)

    def keep_receipts(self, said: Sequence[Receipt]) -> None:
        """Put what such receivers say now in the place of what they said."""
        with self._writing() as connection:
            receivers.keep_receipts(connection, said)
