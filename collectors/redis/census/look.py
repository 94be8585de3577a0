"""Asking a server what it is doing, before its keys are looked at and on the way: whether it is slow, too."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from statistics import median

from collectors.redis.census.session import Session
from collectors.redis.census.standing import Room, Standing, standing
from headroom.units import format_duration

SLOW = timedelta(milliseconds=20)
"""Of INFO, which takes the server a tenth of a millisecond: others wait for it as long as we do."""
_TIMES = 3


async def look(session: Session, room: Room, *, thrice: bool) -> Standing:
    """Ask a server what it is doing; RedisError where it does not say.

    It is slow where the middle one of three answers takes longer than SLOW: one alone may be a hiccup of
    ours. Unless `thrice`, it is asked again only where the first did.
    """
    took: list[float] = []
    while True:
        (answer,) = await session.ask([("INFO",)])
        if isinstance(answer, Exception):
            raise answer
        took.append(session.latest)
        if len(took) == _TIMES or not (thrice or took[0] > SLOW.total_seconds()):
            break
    seen = standing(answer if isinstance(answer, bytes) else b"", room)
    middle = median(took)
    if middle <= SLOW.total_seconds() or seen.busy:
        return seen
    told = format_duration(timedelta(seconds=middle))
    return replace(
        seen,
        busy=f"its answer to INFO takes {told}, over {format_duration(SLOW)}: it is slow, or far away, and "
        "its keys are left alone",
    )
