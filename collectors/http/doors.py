"""Knocking at the application's doors, once for each, without ever holding up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from collectors.http.asking import Asking
from collectors.http.place import Place
from collectors.prometheus.wire.thread import OneAtATime, StillBusyError
from headroom.audit.application.facts import Answer, Doors
from headroom.policies import Application

MOST_PAYLOADS = 20
"""Paths that are asked; the rest is told as not asked."""
MOST_TRIES = 3
"""Times that a health endpoint is asked: again only where it was slow, or gave no answer."""
SLOW = 1.0
"""Seconds; the first request may have had to wait for a connection, or for a cold start."""
_PAUSE = 0.2  # seconds between two tries
_GRACE = 0.5  # seconds that a call may take to notice its own deadline before it is abandoned
_PATIENCE = 2  # doors in a row that give nothing: the others would only make the audit wait


async def knock(application: Application, now: datetime, *, unreachable: Unreachable = ()) -> Doors:
    """Return what the health endpoints and the payload paths answer; nothing of a body is kept.

    Args:
        application: where it is, and which doors it has.
        now: UTC.
        unreachable: our sources that gave nothing just now, by name and kind.

    Raises:
        SourceError: the application has no address, or none that could be asked. That a door does not
            answer is no error, but an `Answer` with a failure.
    """
    place = Place.of(application)
    visit = _Visit(place, application.timeout.total_seconds())
    try:
        live = await visit.health(application.live) if application.live else None
        ready = await visit.health(application.ready) if application.ready else None
        payloads = [await visit.payload(path) for path in application.payloads[:MOST_PAYLOADS]]
        payloads = await visit.bare(payloads)
    finally:
        visit.close()
    why = f"not asked: {MOST_PAYLOADS} paths are asked at most"
    payloads += [Answer(path, failure=why) for path in application.payloads[MOST_PAYLOADS:]]
    return Doors(now, live, ready, tuple(payloads), tuple(unreachable))


Unreachable = Sequence[tuple[str, str]]


class _Visit:
    def __init__(self, place: Place, seconds: float) -> None:
        self._name = place.name
        self._asking = Asking(place, seconds)
        self._seconds = seconds
        self._thread = OneAtATime[Answer](f"application {place.name}")
        self._silent = 0

    def close(self) -> None:
        """Give back the connection; a call still under way ends by its own deadline."""
        self._asking.close()

    async def health(self, path: str) -> Answer:
        """Return the best of at most `MOST_TRIES` answers, and what came of those before it."""
        before = list[str]()
        best = await self._ask(path, of_health=True)
        while len(before) < MOST_TRIES - 1 and not self._spent and (best.failure or best.seconds > SLOW):
            if best.status and best.failure:  # it redirects, and will do so again
                break
            await asyncio.sleep(_PAUSE)
            again = await self._ask(path, of_health=True)
            worse, best = sorted((best, again), key=lambda each: (not each.failure, -each.seconds))
            before.append(worse.failure or f"{worse.seconds:.1f} s")
        return replace(best, before=tuple(before))

    async def payload(self, path: str) -> Answer:
        """Return what one path answers."""
        return await self._ask(path)

    async def bare(self, payloads: list[Answer]) -> list[Answer]:
        """Return the answers, the first compressed one with how it comes to who accepts no packing."""
        for place, one in enumerate(payloads):
            if one.encoding and 200 <= one.status < 300:  # noqa: PLR2004 HTTP's good ones
                again = await self._ask(one.path, packed=False)
                if again.status == one.status and not again.failure:
                    payloads[place] = replace(one, bare=again.encoding)
                break
        return payloads

    @property
    def _spent(self) -> bool:
        return self._silent >= _PATIENCE

    async def _ask(self, path: str, *, of_health: bool = False, packed: bool = True) -> Answer:
        if self._spent:
            return Answer(
                path, failure=f"not asked: {self._name} gave no answer {self._silent} times in a row"
            )
        try:
            async with asyncio.timeout(self._seconds + _GRACE):
                answer = await self._thread.run(
                    lambda: self._asking.ask(path, of_health=of_health, packed=packed)
                )
        except TimeoutError:
            answer = Answer(
                path,
                seconds=self._seconds,
                failure=f"{self._name} did not answer within {self._seconds:.3g} s; is its name resolved?",
            )
        except StillBusyError:
            answer = Answer(path, failure=f"not asked: an earlier call of {self._name} has not come back")
        self._silent = 0 if answer.status else self._silent + 1
        return answer
