"""What the sessions of a cluster were doing at one moment, and how its transactions ended until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from headroom.units import format_duration

MOST_RUNNING = 500
WAITING = "waiting for a lock"


class Execution(NamedTuple):
    """A statement that was running.

    Attributes:
        group: its class; empty where it falls into none, None where nothing is known of it.
        seconds: since it began; of a string of several statements, since the first of them began.
        waits: for what, in the server's words, such as Lock or IO; empty where it works.
        several: its string holds several statements, or is cut off: its own age is not known.
    """

    group: str | None
    database: str
    role: str
    seconds: float
    waits: str
    several: bool


class Crowd(NamedTuple):
    """Connections of one role to one database that do the same: active, idle, waiting for a lock, ..."""

    database: str
    role: str
    doing: str
    connections: int


class Sitter(NamedTuple):
    """A session that is idle in a transaction.

    Attributes:
        holds: it keeps VACUUM from removing rows.
        blocks: how many of the sessions that were asked wait for it.
    """

    database: str
    role: str
    seconds: float
    holds: bool
    blocks: int


class Endings(NamedTuple):
    """Counters of one database since its statistics were reset; 0 where the server has no such counter.

    Attributes:
        reset: when that was, in the server's reckoning; 0 where it never was.
    """

    reset: float
    rolled_back: int
    deadlocks: int
    conflicts: int
    temporary_files: int
    temporary_bytes: int
    abandoned: int
    fatal: int
    killed: int


@dataclass(frozen=True, slots=True)
class Activity:
    """One look at all sessions. Only what the next difference starts from survives a dump.

    Attributes:
        at: the moment, by the server's clock.
        running: the statements that were running for longer than the smallest limit, oldest first.
        truncated: there were more than are read.
        crowds: all client connections, this collector's own among them.
        sitters: sessions idle in a transaction for long, oldest first.
        endings: by the database's id.
        missing: roles and databases asked for that do not exist, as "role" or "database" and the name.
        rollbacks: fingerprints of the statements that roll a transaction back.
    """

    at: datetime
    running: tuple[Execution, ...] = ()
    truncated: bool = False
    crowds: tuple[Crowd, ...] = ()
    sitters: tuple[Sitter, ...] = ()
    endings: Mapping[int, Endings] = field(default_factory=lambda: MappingProxyType({}))
    missing: frozenset[tuple[str, str]] = frozenset()
    rollbacks: frozenset[str] = frozenset()

    def dump(self) -> dict[str, Any]:
        """Return what the next difference starts from, for JSON."""
        return {"at": self.at.isoformat(), "endings": dict(self.endings)}

    @classmethod
    def read(cls, part: Mapping[str, Any]) -> Activity:
        """Read it back; an error of a value, key or type where it cannot be."""
        endings = {int(database): Endings(*counters) for database, counters in part["endings"].items()}
        return cls(datetime.fromisoformat(part["at"]), endings=MappingProxyType(endings))


def age(seconds: float) -> str:
    """Return for how long something has lasted, for people."""
    return format_duration(timedelta(seconds=max(0.0, seconds)))
