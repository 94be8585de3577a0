"""What one poll of a Redis server read: raw, cumulative, as bytes and back; no key, value or argument."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from collectors.redis.info import Replica

_FORMAT = 2
_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Probes:
    """What this process had done at the source, other than by polling, when the counters were read.

    Attributes:
        process: another one counts from zero.
        commands, hits, misses: see `collectors.redis.own.Own`.
    """

    process: str
    commands: int
    hits: int
    misses: int


@dataclass(frozen=True, slots=True)
class RedisSnapshot:
    """One poll of one server; of a cluster, of the node that was asked for the others.

    Attributes:
        at: the server's clock; ours where it tells none (before 6.2).
        run: the server's run_id, another one after each start.
        policy: what is done when maxmemory is reached; empty where that is not told.
        figures: see `info.figures`; what the server did not tell is missing. Bytes, keys, commands, seconds.
        visitor: the process that polled.
        sent: how many commands that process had sent before this poll's counters were read.
        done: the same when this poll was over.
        words: see `info.WORDS`.
        errors: see `info.errors`.
        probes: None for the nodes of a cluster, which are not told apart.
        place: host:port of a node of a cluster.
        nodes: the primaries of a cluster that answered.
        missing: the primaries that did not: a sentence by host:port.
        uncovered: hash slots that no primary of the cluster has.
        work: what its commands took, as `work.Work.dump` gives it; empty where it was not read.
    """

    at: datetime
    run: str
    version: str
    policy: str
    figures: Mapping[str, int]
    visitor: str
    sent: int
    done: int = 0
    product: str = "Redis"
    words: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, int] = field(default_factory=dict)
    replicas: tuple[Replica, ...] = ()
    probes: Probes | None = None
    place: str = ""
    nodes: tuple[RedisSnapshot, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    uncovered: int = 0
    work: str = ""

    @property
    def epoch(self) -> str:
        """The run of the server."""
        return self.run

    @property
    def clustered(self) -> bool:
        """Whether it is a node of a cluster."""
        return bool(self.figures.get("cluster"))

    def dump(self) -> bytes:
        """Return the snapshot as JSON."""
        return _JSON.encode(_record(self) | {"format": _FORMAT}).encode()


_NAMES = tuple(one.name for one in fields(RedisSnapshot))
_OF_PROBES = tuple(one.name for one in fields(Probes))


def _record(snapshot: RedisSnapshot) -> dict[str, Any]:
    probes = snapshot.probes
    # dataclasses.asdict copies every figure, and is slower than all else that a poll does with them.
    return {name: getattr(snapshot, name) for name in _NAMES} | {
        "at": snapshot.at.isoformat(),
        "replicas": [asdict(one) for one in snapshot.replicas],
        "probes": None if probes is None else {name: getattr(probes, name) for name in _OF_PROBES},
        "nodes": [_record(one) for one in snapshot.nodes],
    }


def load(data: bytes) -> RedisSnapshot | None:
    """Return a dumped snapshot, or None where this version did not write it."""
    try:
        record = json.loads(data)
        return None if record.pop("format") != _FORMAT else _loaded(record)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _loaded(record: dict[str, Any]) -> RedisSnapshot:
    probes = record.pop("probes")
    return RedisSnapshot(
        at=datetime.fromisoformat(record.pop("at")),
        figures={str(name): int(figure) for name, figure in record.pop("figures").items()},
        errors={str(name): int(count) for name, count in record.pop("errors").items()},
        replicas=tuple(Replica(**one) for one in record.pop("replicas")),
        probes=None if probes is None else Probes(**probes),
        nodes=tuple(_loaded(one) for one in record.pop("nodes")),
        **record,
    )
