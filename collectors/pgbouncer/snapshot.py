"""What one poll of a PgBouncer read: its pools and their limits, as bytes and back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Pool:
    """The connections of one user to one database.

    Attributes:
        clients, waiting: connections of clients, and those of them that wait for a server connection.
        servers: connections to PostgreSQL that a client uses.
        longest: seconds for which the first of those that wait has waited.
        size: how many server connections it may have; 0 is no limit.
        reserve: how many more it may have once a client has waited for long.
        most_of_user: server connections that all pools of its user together may have; 0 is no limit.
    """

    database: str
    user: str
    clients: int
    waiting: int
    servers: int
    longest: float
    size: int
    reserve: int = 0
    most_of_user: int = 0


@dataclass(frozen=True, slots=True)
class Database:
    """A database as PgBouncer's configuration has it.

    Attributes:
        most: server connections that all its pools together may have; 0 is no limit.
        clients: client connections that it may have; 0 is no limit of its own.
        paused: its clients wait because somebody wants them to.
    """

    name: str
    most: int
    clients: int
    paused: bool


@dataclass(frozen=True, slots=True)
class PgBouncerSnapshot:
    """One poll.

    Attributes:
        at: our clock; PgBouncer tells none.
        clients: max_client_conn.
        pools: without that of the console.
        console: clients of the console, this collector among them; they count against `clients`, too.
    """

    at: datetime
    version: str
    clients: int
    pools: tuple[Pool, ...]
    databases: tuple[Database, ...]
    console: int

    @property
    def epoch(self) -> str:
        """Nothing that is read counts on, so nothing can begin again."""
        return self.version

    def dump(self) -> bytes:
        """Return the snapshot as JSON."""
        record = asdict(self) | {"at": self.at.isoformat(), "format": _FORMAT}
        return json.dumps(record, separators=(",", ":")).encode()


def load(data: bytes) -> PgBouncerSnapshot | None:
    """Return a dumped snapshot, or None where this version did not write it."""
    try:
        record: dict[str, Any] = json.loads(data)
        if record.pop("format") != _FORMAT:
            return None
        pools = tuple(Pool(**pool) for pool in record.pop("pools"))
        databases = tuple(Database(**database) for database in record.pop("databases"))
        at = datetime.fromisoformat(record.pop("at"))
        return PgBouncerSnapshot(at=at, pools=pools, databases=databases, **record)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
