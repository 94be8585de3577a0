"""The slow log of a Redis server: how long which command took, and never its arguments or its client.

Valkey 8.1 calls it COMMANDLOG as well, and still answers SLOWLOG with the same entries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio.connection import AbstractConnection

from collectors.redis.capabilities import Capabilities
from collectors.redis.latency import EVERY, MOST_SUBJECTS, REST
from collectors.redis.names import first_words, listed
from collectors.redis.replies import Reply
from headroom import recorded
from headroom.evidence import Moments
from headroom.observation import Observation, Part, Reading, Series
from headroom.sources import Source
from headroom.span import span

MOST = 128
"""Entries that are read at once: as many as Redis keeps unless it is told otherwise."""

_MARGIN = 8  # entries that may come between two answers, and push out of the second those that it is for

_SLOWEST = 10**13  # microseconds: four months
_FIELDS = 4  # of an entry that are looked at: id, time, duration, arguments


@dataclass(frozen=True, slots=True)
class Entry:
    """One slow command: the log's own id, and the duration in microseconds."""

    id: int
    micros: int
    command: str


@dataclass(frozen=True, slots=True)
class SlowLog:
    """One reading of the slow log.

    Attributes:
        at: the server's clock.
        run: the server's run_id; ids begin again with each start.
        newest: the id of the newest entry that was ever seen; None where the log was empty so far.
        entries: those that this reading found new, the newest first.
    """

    at: datetime
    run: str
    newest: int | None
    entries: tuple[Entry, ...] = ()

    def kept(self) -> SlowLog:
        """Return what a later poll needs of it."""
        return replace(self, entries=())

    def record(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        entries = [[one.id, one.micros, one.command] for one in self.entries]
        return {"at": self.at.isoformat(), "run": self.run, "newest": self.newest, "entries": entries}


def load(record: Mapping[str, Any]) -> SlowLog:
    """Return what `record` gave; ValueError, TypeError or KeyError where it did not."""
    entries = tuple(Entry(int(one), int(micros), str(name)) for one, micros, name in record["entries"])
    newest = record["newest"]
    at = datetime.fromisoformat(record["at"])
    return SlowLog(at, str(record["run"]), None if newest is None else int(newest), entries)


NEWEST = ("SLOWLOG", "GET", "1")
"""What is asked first: while that entry is a known one, the others, which can be large, are left alone."""


async def read(
    connection: AbstractConnection,
    capabilities: Capabilities,
    before: SlowLog | None,
    latest: Reply,
    known: Collection[str],
    at: datetime,
    run: str,
) -> SlowLog | None:
    """Read what is new in the slow log after the answer to NEWEST; None where that was refused.

    A command that is not among the `known` ones, out of the server's own statistics, is stored as "other".
    The server's clock and its run are those of the poll that this belongs to.
    """
    same = before is not None and before.run == run
    last = before.newest if before is not None and same else None
    if latest is None:
        return None
    top = next(iter(_entries(latest, frozenset())), None)
    if top is None or top.id == last:
        return SlowLog(at, run, last)
    words = first_words(known)
    since = -1 if last is None or top.id < last else last
    entries = _entries(latest, words)
    for count in sorted({MOST if since < 0 else min(MOST, top.id - since + _MARGIN), MOST}):
        if min((one.id for one in entries), default=0) <= since + 1:
            break
        answer = await capabilities.ask(connection, "SLOWLOG", "GET", str(count))
        entries = _entries(answer, words)
        if len(entries) < count:
            break  # the log holds no others
    return SlowLog(at, run, max([top.id, *(one.id for one in entries)]), tuple(entries))


def difference(source: Source, before: SlowLog | None, after: SlowLog | None) -> Reading:
    """Return how long the entries that came between two readings took, by command, and how many were lost."""
    if before is None or after is None or (before.at == after.at and before.run == after.run):
        return Reading()
    last = before.newest if before.run == after.run else -1
    new = [one for one in after.entries if last is None or one.id > last]
    if not new:
        return Reading()
    between = span(before.at, after.at, EVERY * source.every)
    durations: dict[str, list[float]] = defaultdict(list)
    for one in new:
        durations[one.command].append(one.micros / 1e6)
    slowest = sorted(durations, key=lambda name: (-sum(durations[name]), name))
    for name in slowest[MOST_SUBJECTS:]:
        durations[REST] += durations.pop(name)
    observations = tuple(
        Observation(
            Series(source.name, recorded.SLOW_LOG, (("command", name),)),
            (Part(between.start, between.end, Moments.of(some), between.quality, detail=between.detail),),
        )
        for name, some in sorted(durations.items())
    )
    lost = 0 if last is None else min(one.id for one in new) - last - 1
    return Reading(observations, notes=(_lost(lost, between.end - between.start),) if lost > 0 else ())


def _lost(lost: int, length: timedelta) -> str:
    were = "entry of the slow log was" if lost == 1 else "entries of the slow log were"
    return (
        f"{lost:,} {were} thrown away within {length.total_seconds():.0f} s before anybody read them: by "
        f"SLOWLOG RESET, or because it keeps slowlog-max-len of them, and {MOST} are read at once"
    )


def _entries(answer: Reply, known: Collection[str]) -> list[Entry]:
    """Return the entries of an answer that can be read; Redis and Valkey put what else they tell behind."""
    found = []
    for entry in answer if isinstance(answer, list) else []:
        if not isinstance(entry, list) or len(entry) < _FIELDS:
            continue
        number, _, micros, words = entry[:_FIELDS]
        if not isinstance(number, int) or not isinstance(micros, int) or not 0 <= micros <= _SLOWEST:
            continue
        first = words[0] if isinstance(words, list) and words else None
        found.append(Entry(number, micros, listed(first if isinstance(first, bytes) else b"", known)))
    return found
