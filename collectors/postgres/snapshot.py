"""What one poll of a PostgreSQL cluster read: raw, cumulative, as bytes and back; no statement's text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from struct import Struct
from struct import error as StructError  # noqa: N812 an exception in all but name
from types import MappingProxyType
from typing import Any

from collectors.postgres.activity import Activity
from collectors.postgres.entry import Entry, cut, key
from headroom.budgets import Reason
from headroom.statements import Statement

# A dump is this head, then what is JSON, the records as the server wrote them, and the labels.
_HEAD = Struct(">8sIII")
_FORMAT = b"hr-pg\0\0\2"
OWN = "(headroom)"
"""The class of this collector's own statements."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is kept of a statement's text.

    Attributes:
        group: its class; empty where it fits none.
        fingerprint: of the normalised text; the same for one shape in every database and version.
        why: what put it there, one sentence without a full stop; not dumped, since the history keeps it.
    """

    group: str
    fingerprint: str
    why: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of the statements met, by "userid dbid queryid".

    Attributes:
        rules: digest of the rules that gave them; other rules would give others.
        lines: the same as lines of text, made once since a snapshot is dumped at every poll.
        by_key: the same by what an entry's record begins with.
    """

    rules: str
    known: Mapping[str, Label] = field(default_factory=lambda: MappingProxyType({}))
    lines: str = field(init=False, repr=False, compare=False)
    by_key: Mapping[bytes, Label] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_key = {key(statement): label for statement, label in self.known.items()}
        object.__setattr__(self, "by_key", MappingProxyType(by_key))
        lines = (f"{key}\t{label.group}\t{label.fingerprint}" for key, label in self.known.items())
        object.__setattr__(self, "lines", "\n".join(lines))

    @classmethod
    def read(cls, rules: str, lines: str) -> Labels:
        """Read the lines of a dump; ValueError where they cannot be such."""
        known = {}
        for line in lines.split("\n") if lines else ():
            key, group, fingerprint = line.split("\t")
            known[key] = Label(group, fingerprint)
        return cls(rules, MappingProxyType(known))


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one part of a poll gave nothing, while another gave something."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Statements:
    """The counters of pg_stat_statements.

    Attributes:
        records: one per top-level entry as the server wrote it, see `entry.py`; an entry that did nothing
            between two readings gives the same record, so most of them are never taken apart.
        complete: False where there were more entries than are read.
        unreadable: entries of other roles that this one may not read.
        nesting: whether the extension tells statements at top level from those inside functions.
        births: whether it tells since when each entry counts.
        reset: when all counters last began again, by the server's clock; None where the extension does not
            tell.
        evictions: how often entries were thrown away, just before and just after the counters were read.
        texts: why texts could not be read; empty where they could.
        most: how many entries the server keeps; None where it does not tell. Not dumped.
        own: connections that this collector held, and temporary blocks that its statements ever wrote, when
            it last looked; None before. Not dumped.
        untracked: databases and roles by id, 0 for all, of which the server counts nothing. Not dumped.
        databases, roles: names by id, of those that were dropped since, too.
        learnt: what this process learnt of statements so far, numbered; not dumped, since it holds texts.
        learnt_upto: the number of the last.
        apart: the records that were taken apart, which the next difference need not do again.
    """

    records: frozenset[bytes]
    labels: Labels
    complete: bool = True
    unreadable: int = 0
    nesting: bool = True
    births: bool = False
    reset: datetime | None = None
    evictions: tuple[int, int] | None = None
    texts: str = ""
    most: int | None = field(default=None, compare=False)
    own: tuple[int, int] | None = field(default=None, compare=False)
    untracked: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    databases: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    roles: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    learnt: tuple[tuple[int, Statement], ...] = field(default=(), repr=False, compare=False)
    learnt_upto: int = field(default=0, compare=False)
    apart: dict[bytes, Entry] = field(default_factory=dict, init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Connections:
    """Connections in use.

    Attributes:
        used: client connections to the cluster, this collector's own one among them.
        limit: max_connections less the reserved ones.
    """

    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class PostgresSnapshot:
    """One poll. A part is None where no measure asks for it.

    Attributes:
        at: the server's clock.
        started: when the server was started, by its clock.
        role: who asked.
        backend: the server process that answered; a crash of any of them takes all with it.
        standby: whether it replays what another server does.
        database: to which one it is connected, where that is known; not dumped.
    """

    at: datetime
    started: datetime
    statements: Statements | Fault | None = None
    connections: Connections | Fault | None = None
    activity: Activity | Fault | None = None
    role: str = ""
    backend: int = 0
    standby: bool = False
    database: str = field(default="", compare=False)

    @property
    def epoch(self) -> str:
        """The run of the server and of its statistics."""
        reset = self.statements.reset if isinstance(self.statements, Statements) else None
        return f"{self.started.isoformat()}/{'' if reset is None else reset.isoformat()}"

    def dump(self) -> bytes:
        """Return the snapshot as bytes: a head, JSON, and what is too much for JSON as it is."""
        rest = {
            "at": self.at.isoformat(),
            "started": self.started.isoformat(),
            "role": self.role,
            "backend": self.backend,
            "standby": self.standby,
            "statements": _statements(self.statements),
            "connections": _connections(self.connections),
            "activity": _fault(self.activity)
            if isinstance(self.activity, Fault)
            else self.activity and self.activity.dump(),
        }
        told = json.dumps(rest, separators=(",", ":")).encode()
        records = labels = b""
        if isinstance(self.statements, Statements):
            records, labels = b"".join(self.statements.records), self.statements.labels.lines.encode()
        return b"".join((_HEAD.pack(_FORMAT, len(told), len(records), len(labels)), told, records, labels))


def _statements(part: Statements | Fault | None) -> dict[str, Any] | None:
    match part:
        case None:
            return None
        case Fault():
            return _fault(part)
    return {
        "rules": part.labels.rules,
        "complete": part.complete,
        "unreadable": part.unreadable,
        "nesting": part.nesting,
        "births": part.births,
        "reset": None if part.reset is None else part.reset.isoformat(),
        "evictions": part.evictions,
        "texts": part.texts,
        "databases": dict(part.databases),
        "roles": dict(part.roles),
    }


def _connections(part: Connections | Fault | None) -> dict[str, Any] | None:
    match part:
        case None:
            return None
        case Fault():
            return _fault(part)
    return {"used": part.used, "limit": part.limit}


def _fault(fault: Fault) -> dict[str, Any]:
    return {"fault": fault.reason.value, "detail": fault.detail}


def load(data: bytes) -> PostgresSnapshot | None:
    """Return a dumped snapshot, or None where this version did not write it."""
    try:
        written, *lengths = _HEAD.unpack_from(data)
        if written != _FORMAT or len(data) != _HEAD.size + sum(lengths):
            return None
        begin, told, records = _HEAD.size, lengths[0], lengths[1]
        record = json.loads(data[begin : begin + told])
        begin += told
        return PostgresSnapshot(
            at=datetime.fromisoformat(record["at"]),
            started=datetime.fromisoformat(record["started"]),
            statements=_read_statements(
                record["statements"], data[begin : begin + records], data[begin + records :].decode()
            ),
            connections=_read_connections(record["connections"]),
            activity=_read_activity(record.get("activity")),
            role=record["role"],
            backend=record["backend"],
            standby=record["standby"],
        )
    except (ValueError, TypeError, KeyError, AttributeError, StructError):
        return None


def _read_statements(part: Any, records: bytes, labels: str) -> Statements | Fault | None:
    if part is None:
        return None
    if "fault" in part:
        return Fault(Reason(part["fault"]), part["detail"])
    return Statements(
        records=cut(records, births=part["births"]),
        labels=Labels.read(part["rules"], labels),
        complete=part["complete"],
        unreadable=part["unreadable"],
        nesting=part["nesting"],
        births=part["births"],
        reset=None if part["reset"] is None else datetime.fromisoformat(part["reset"]),
        evictions=None if part["evictions"] is None else (part["evictions"][0], part["evictions"][1]),
        texts=part["texts"],
        databases=_read_names(part["databases"]),
        roles=_read_names(part["roles"]),
    )


def _read_names(names: dict[str, str]) -> Mapping[int, str]:
    return MappingProxyType({int(number): name for number, name in names.items()})


def _read_connections(part: Any) -> Connections | Fault | None:
    if part is None:
        return None
    if "fault" in part:
        return Fault(Reason(part["fault"]), part["detail"])
    return Connections(part["used"], part["limit"])


def _read_activity(part: Any) -> Activity | Fault | None:
    if part is None:
        return None
    if "fault" in part:
        return Fault(Reason(part["fault"]), part["detail"])
    return Activity.read(part)
