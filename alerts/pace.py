"""How many messages a channel may be sent now: the first at once, further ones at even distances."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from headroom.channels import Pace


def at_once(sent: Sequence[datetime], pace: Pace, now: datetime) -> int:
    """Return how many messages may go now, one right after another.

    Half of what a stretch allows: the other half is kept for what comes after, so that a storm never makes
    the channel fall silent for the rest of the stretch.

    Args:
        sent: when messages arrived.
        pace: of the channel.
        now: our clock.
    """
    return max(0, _half(pace) - len(_recent(sent, pace, now)))


def opens(sent: Sequence[datetime], pace: Pace, now: datetime) -> datetime:
    """Return when the next message may go: `now` or a later moment; other arguments as above."""
    recent = _recent(sent, pace, now)
    if len(recent) < _half(pace):
        return now
    moment = now
    if pace.messages > _half(pace):
        moment = max(moment, recent[-1] + pace.per / (pace.messages - _half(pace)))
    if len(recent) >= pace.messages:
        moment = max(moment, recent[-pace.messages] + pace.per)
    return moment


def _half(pace: Pace) -> int:
    return (pace.messages + 1) // 2


def _recent(sent: Sequence[datetime], pace: Pace, now: datetime) -> list[datetime]:
    # What was sent at a moment that is still to come was sent before the clock was set back.
    return sorted(each for each in sent if timedelta(0) <= now - each < pace.per)
