"""The primaries of a Redis Cluster: which they are, and a visit to each of them at one poll."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from collectors.redis.address import Address
from collectors.redis.fetch import Visitor
from collectors.redis.own import Own
from collectors.redis.snapshot import RedisSnapshot
from headroom.budgets import Reason
from headroom.observation import SourceError

SLOTS = 16384
MOST = 100
"""Primaries that are read; each takes a connection of its own."""

_PLACE = re.compile(
    r"(?P<host>[0-9A-Za-z.:_-]{0,255}):(?P<port>[0-9]{1,5})(@[0-9]{1,5})?"
    r"(,(?P<name>[0-9A-Za-z._-]{0,255}))?(,.*)?"
)
_WORDS = 9
_LAST_PORT = 65535
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Primary:
    """A node that has hash slots.

    Attributes:
        place: host:port, as the nodes of the cluster call it.
        host: what to connect to: its name where it announces one, for certificates are made out to names.
        asked: it is the node that told.
        slots: how many it has.
    """

    place: str
    host: str
    port: int
    asked: bool
    slots: int


def primaries(text: bytes, host: str) -> tuple[Primary, ...]:
    """Return the primaries that CLUSTER NODES names, those that failed included; `host` is who was asked.

    A node without slots holds nothing, such as one that a replica took over from.
    """
    return tuple(_primaries(text.decode("utf-8", "replace"), host))


def _primaries(text: str, host: str) -> Iterator[Primary]:
    for line in text.split("\n"):
        # id, address, flags, primary, ping, pong, epoch, link, slots ...
        words = line.split()
        if len(words) < _WORDS:
            continue
        flags, where = words[2].split(","), _PLACE.fullmatch(words[1])
        slots = sum(map(_slots, words[8:]))
        if where is None or "master" not in flags or not slots or int(where["port"]) > _LAST_PORT:
            continue
        # A node that never met another one does not know its own address.
        known = where["host"] or host
        place = f"{known}:{where['port']}"
        yield Primary(place, where["name"] or known, int(where["port"]), "myself" in flags, slots)


def _slots(word: str) -> int:
    """Return how many slots a word names; those in brackets are on their way, and not counted."""
    found = _RANGE.fullmatch(word)
    return 0 if found is None else max(0, int(found[2] or found[1]) - int(found[1]) + 1)


class Tour:
    """Visits a server, and where it is one of a cluster, all its primaries at once; connections are kept."""

    def __init__(self, entrance: Address, own: Own, deadline: float) -> None:
        self._entrance = Visitor(entrance, own)
        self._deadline = deadline
        self._others: dict[str, Visitor] = {}
        self._alias = ""  # what the cluster calls the entrance

    async def read(self) -> RedisSnapshot:
        """Read once; SourceError where nothing answers in time. A primary that is silent is named in it."""
        now = asyncio.get_running_loop().time
        until = now() + self._deadline
        asked, first = await self._first(lambda: max(0.0, until - now()))
        if not first.clustered:
            await self._keep(())
            return first
        found = primaries(await asked.nodes(max(0.0, until - now())), asked.address.host)
        await self._keep(found)
        if asked is self._entrance:
            self._alias = next((one.place for one in found if one.asked), "")
        told = await asyncio.gather(
            *(self._visited(one, first, max(0.0, until - now())) for one in found[:MOST])
        )
        missing = {one.place: said for one, said in zip(found, told, strict=False) if isinstance(said, str)}
        missing |= {one.place: f"no more than {MOST} primaries are read" for one in found[MOST:]}
        return replace(
            first,
            nodes=tuple(one for one in told if isinstance(one, RedisSnapshot)),
            missing=missing,
            uncovered=max(0, SLOTS - sum(one.slots for one in found)),
            work="",  # it is told with the nodes
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._entrance.close()
        await self._keep(())

    async def _first(self, left: Callable[[], float]) -> tuple[Visitor, RedisSnapshot]:
        """Return the first that answers: in a cluster any node that was known at the last poll will do."""
        try:
            return self._entrance, await self._entrance.read(left())
        except SourceError as error:
            if error.reason is not Reason.UNREACHABLE:
                raise
            refused = error
        for place, other in self._others.items():
            if place in (self._alias, self._entrance.address.place):
                continue
            try:
                return other, await other.read(left())
            except SourceError:
                continue  # the sentence about the address that somebody wrote is the one to tell
        raise refused

    async def _visited(self, primary: Primary, first: RedisSnapshot, left: float) -> RedisSnapshot | str:
        """Return what a primary tells, or the sentence why it tells nothing."""
        seen = first
        if not primary.asked:
            try:
                seen = await self._others[primary.place].read(left)
            except SourceError as error:
                return error.message
        if seen.words.get("role") == "slave":
            return f"{primary.place} was named a primary and is a replica"
        return replace(seen, place=primary.place, probes=None)

    async def _keep(self, found: tuple[Primary, ...]) -> None:
        """Have a visitor for each primary, connected when it is needed, and for nobody else."""
        wanted = {one.place: one for one in found[:MOST]}
        for place in self._others.keys() - wanted.keys():
            await self._others.pop(place).close()
        for place, one in wanted.items():
            if place not in self._others:
                address = self._entrance.address.elsewhere(one.host, one.port)
                # An account of its own: a lock for all would let one that hangs hold up the others.
                self._others[place] = Visitor(address, Own())
