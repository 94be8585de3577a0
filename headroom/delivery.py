"""What delivery and the history tell each other of notices on their way, as records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from headroom.incidents import Notice


@dataclass(frozen=True, slots=True)
class Past:
    """What a channel was told already, as far as it decides what is told next.

    Attributes:
        sent: when each of the last messages arrived, oldest first.
        groups: the key under which a receiver knows an incident that it was told of: of the message in which
            several were told together; empty: its own.
        open_in: of each group, the incidents of which the receiver has not heard the end, nor is it that
            nobody will tell.
        unanswered_in: of each group, those of them that it does not know to be acknowledged.
    """

    sent: tuple[datetime, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    open_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unanswered_in: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the due notices is taken now.

    Attributes:
        send: with the `bundle` that each is told in.
        held: those that others of their group answer for, and what is noted of each.
        attempt: whether sending begins now; False: they are only taken, to be told elsewhere.
    """

    send: tuple[Notice, ...] = ()
    held: tuple[tuple[Notice, str], ...] = ()
    attempt: bool = True


Choose = Callable[[Sequence[Notice], Past], Choice]


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a notice.

    Attributes:
        again: it waits for its next attempt until then; None: it has left the queue.
        sent: it arrived.
        copy: what another channel is told: in its place, or, with `again`, beside it.
        response: what the receiver answered.
        bundle: the message that it belongs to from now on; None: as before.
    """

    notice: int
    again: datetime | None = None
    sent: bool = False
    error: str = ""
    response: str = ""
    bundle: str | None = None
    copy: Notice | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What an attempt told of its channel.

    Attributes:
        digest: of the channel's configuration.
        error: empty: it took the message.
        disables: it takes nothing more until it is mended.
        tested: what came of a test message, as a sentence; empty: it was none.
    """

    name: str
    digest: str
    at: datetime
    error: str = ""
    disables: bool = False
    tested: str = ""
