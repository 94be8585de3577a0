"""What one poll of a Redis server read: raw, cumulative, as bytes and back; no key, value or argument."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class RedisSnapshot:
    """One poll.

    Attributes:
        at: the server's clock; ours where it tells none (before 6.2).
        run: the server's run_id, another one after each start.
        policy: what is done when maxmemory is reached; empty where that is not told.
        figures: see `info.FIGURES`; what the server did not tell is missing. Bytes, keys, commands, seconds.
        visitor: the process that polled.
        sent: how many commands that process had sent before this poll's counters were read.
    """

    at: datetime
    run: str
    version: str
    policy: str
    figures: Mapping[str, int]
    visitor: str
    sent: int

    @property
    def epoch(self) -> str:
        """The run of the server."""
        return self.run

    def dump(self) -> bytes:
        """Return the snapshot as JSON."""
        record = asdict(self) | {"at": self.at.isoformat(), "format": _FORMAT}
        return json.dumps(record, separators=(",", ":")).encode()


def load(data: bytes) -> RedisSnapshot | None:
    """Return a dumped snapshot, or None where this version did not write it."""
    try:
        record = json.loads(data)
        if record.pop("format") != _FORMAT:
            return None
        at = datetime.fromisoformat(record.pop("at"))
        figures = {str(name): int(figure) for name, figure in record.pop("figures").items()}
        return RedisSnapshot(at=at, figures=figures, **record)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
