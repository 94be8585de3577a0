"""What the audit knows of a PostgreSQL server: its settings and its sessions; facts, no judgement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Where a value comes from that is the reading session's own, and so neither the server's nor the database's.
_OF_THE_SESSION = frozenset({"client", "session", "user", "database user"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of pg_settings.

    Attributes:
        value: as pg_settings gives it, in `unit`.
        unit: "kB", "8kB", "MB", "ms", "s" or "".
        source: "default", "configuration file", "command line", ...
        place: file and line that set it; empty where none did or where the role may not see it.
        boot: the value it has where nothing sets it, in `unit`.
        restart: it changes only by a restart.
        pending: the file has another value, which waits for a restart; the server says so, too, of what its
            command line sets, which wins again after the restart.
    """

    name: str
    value: str
    unit: str = ""
    source: str = "default"
    place: str = ""
    boot: str = ""
    restart: bool = False
    pending: bool = False

    @property
    def of_the_session(self) -> bool:
        """Whether the role or the URL that was read through has a value of its own."""
        return self.source in _OF_THE_SESSION

    @property
    def number(self) -> float:
        """The value as a number in `unit`; a switch is 1 or 0."""
        return {"on": 1.0, "off": 0.0}[self.value] if self.value in {"on", "off"} else float(self.value)


@dataclass(frozen=True, slots=True)
class Override:
    """A setting that a role or a database has of its own; empty where it holds for all of them."""

    role: str
    database: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one role, database and application name.

    Attributes:
        addresses: how many different addresses they come from.
        used: sessions, also those that do nothing.
        idle_in_transaction: those that hold a transaction open and do nothing.
        oldest_idle: seconds for which the oldest of these has done nothing.
    """

    role: str
    database: str
    application: str
    addresses: int
    used: int
    idle_in_transaction: int = 0
    oldest_idle: float = 0.0


@dataclass(frozen=True, slots=True)
class RoleLimit:
    """How many sessions a role may have, and how many it has."""

    role: str
    limit: int
    used: int


@dataclass(frozen=True, slots=True)
class Server:
    """One PostgreSQL server at one moment.

    Attributes:
        version: as server_version_num gives it: 150018.
        settings: by name; those that this version does not have are not there.
        overrides: of the settings that are audited, by roles and databases.
        sessions: of client backends, those of Headroom left out; the largest first.
        in_use: all client backends.
        role_limits: of the roles that have one.
        why: what could not be read of all this, one sentence each.
    """

    version: int
    settings: Mapping[str, Setting]
    overrides: tuple[Override, ...] = ()
    sessions: tuple[Sessions, ...] = ()
    in_use: int = 0
    role_limits: tuple[RoleLimit, ...] = ()
    why: tuple[str, ...] = ()
