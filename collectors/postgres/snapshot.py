"""What one poll of a PostgreSQL cluster read: raw, cumulative, as bytes and back; no statement's text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from headroom.budgets import Reason

_FORMAT = 1
OWN = "(headroom)"
"""The class of this collector's own statements."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is kept of a statement's text.

    Attributes:
        group: its class; empty where it fits none.
        fingerprint: of the normalised text; the same for one shape in every database and version.
    """

    group: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of the statements met, by "userid dbid queryid".

    Attributes:
        rules: digest of the rules that gave them; other rules would give others.
        lines: the same as lines of text, made once since a snapshot is dumped at every poll.
    """

    rules: str
    known: Mapping[str, Label] = field(default_factory=lambda: MappingProxyType({}))
    lines: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
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
        lines: one per entry as the server wrote it, see `statements.py`; an entry that did nothing between
            two readings gives the same line, so most of them are never taken apart.
        complete: False where there were more entries than are read.
        nesting: whether the extension tells statements at top level from those inside functions.
        births: whether it tells since when each entry counts.
        reset: when all counters last began again, by the server's clock; None where the extension does not
            tell.
        evictions: how often entries were thrown away, just before and just after the counters were read.
        texts: why texts could not be read; empty where they could.
    """

    lines: frozenset[str]
    labels: Labels
    complete: bool = True
    nesting: bool = True
    births: bool = False
    reset: datetime | None = None
    evictions: tuple[int, int] | None = None
    texts: str = ""


@dataclass(frozen=True, slots=True)
class Connections:
    """Connections in use.

    Attributes:
        used: client connections to the cluster, this collector's own one among them.
        limit: max_connections less the reserved ones.
        roles: of the roles asked for, those that exist.
    """

    used: int
    limit: int
    roles: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PostgresSnapshot:
    """One poll. A part is None where no measure asks for it.

    Attributes:
        at: the server's clock.
        started: when the server was started, by its clock.
    """

    at: datetime
    started: datetime
    statements: Statements | Fault | None = None
    connections: Connections | Fault | None = None

    @property
    def epoch(self) -> str:
        """The run of the server and of its statistics."""
        reset = self.statements.reset if isinstance(self.statements, Statements) else None
        return f"{self.started.isoformat()}/{'' if reset is None else reset.isoformat()}"

    def dump(self) -> bytes:
        """Return the snapshot as JSON."""
        record = {
            "format": _FORMAT,
            "at": self.at.isoformat(),
            "started": self.started.isoformat(),
            "statements": _statements(self.statements),
            "connections": _connections(self.connections),
        }
        return json.dumps(record, separators=(",", ":")).encode()


def _statements(part: Statements | Fault | None) -> dict[str, Any] | None:
    match part:
        case None:
            return None
        case Fault():
            return _fault(part)
    return {
        "lines": "\n".join(part.lines),
        "rules": part.labels.rules,
        "labels": part.labels.lines,
        "complete": part.complete,
        "nesting": part.nesting,
        "births": part.births,
        "reset": None if part.reset is None else part.reset.isoformat(),
        "evictions": part.evictions,
        "texts": part.texts,
    }


def _connections(part: Connections | Fault | None) -> dict[str, Any] | None:
    match part:
        case None:
            return None
        case Fault():
            return _fault(part)
    return {"used": part.used, "limit": part.limit, "roles": dict(part.roles)}


def _fault(fault: Fault) -> dict[str, Any]:
    return {"fault": fault.reason.value, "detail": fault.detail}


def load(data: bytes) -> PostgresSnapshot | None:
    """Return a dumped snapshot, or None where this version did not write it."""
    try:
        record = json.loads(data)
        if record["format"] != _FORMAT:
            return None
        return PostgresSnapshot(
            at=datetime.fromisoformat(record["at"]),
            started=datetime.fromisoformat(record["started"]),
            statements=_read_statements(record["statements"]),
            connections=_read_connections(record["connections"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _read_statements(part: Any) -> Statements | Fault | None:
    if part is None:
        return None
    if "fault" in part:
        return Fault(Reason(part["fault"]), part["detail"])
    return Statements(
        lines=frozenset(part["lines"].split("\n") if part["lines"] else ()),
        labels=Labels.read(part["rules"], part["labels"]),
        complete=part["complete"],
        nesting=part["nesting"],
        births=part["births"],
        reset=None if part["reset"] is None else datetime.fromisoformat(part["reset"]),
        evictions=None if part["evictions"] is None else (part["evictions"][0], part["evictions"][1]),
        texts=part["texts"],
    )


def _read_connections(part: Any) -> Connections | Fault | None:
    if part is None:
        return None
    if "fault" in part:
        return Fault(Reason(part["fault"]), part["detail"])
    return Connections(part["used"], part["limit"], part["roles"])
