"""What a pass over the keys knows so far, as bytes and back, so that the next audit goes on. No key."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from collectors.redis.census.tally import Tally, tally
from headroom.policies import KeyPolicy

START = "0"
DONE = "done"
_FORMAT = 1
_OLDEST = timedelta(days=1)
_CURSOR = re.compile("[0-9]{1,20}|done")


@dataclass(slots=True)
class Pass:
    """One pass.

    Attributes:
        policies: what it classifies by, as `fingerprint` gives it.
        cursors: of each server, by its run_id, where SCAN goes on, or "done". A cursor means nothing to
            another run of the server: the order of the keys is another one then.
        role: of the first server.
        seen: keys that came by; `other` of them belong to no policy.
        took: seconds, see `Census`.
        tallies: in the order of the policies.
    """

    policies: str
    began: datetime
    tallies: list[Tally]
    role: str = ""
    cursors: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    other: int = 0
    took: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether every server was walked to its end."""
        return bool(self.cursors) and all(cursor == DONE for cursor in self.cursors.values())

    def young(self, now: datetime) -> bool:
        """Tell whether it still speaks of the keys that are there."""
        return timedelta(0) <= now - self.began <= _OLDEST

    def same(self, runs: Sequence[str], role: str) -> bool:
        """Tell whether these servers are those that it began at, in the role that they had."""
        return not self.cursors or (set(self.cursors) == set(runs) and self.role == role)

    def dump(self) -> bytes:
        """Return it as JSON; a pass that is over leaves nothing to go on from."""
        if self.complete or not self.seen:
            return b""
        record = {
            "format": _FORMAT,
            "policies": self.policies,
            "began": self.began.isoformat(),
            "role": self.role,
            "cursors": self.cursors,
            "seen": self.seen,
            "other": self.other,
            "took": round(self.took, 6),
            "tallies": [one.record() for one in self.tallies],
        }
        return json.dumps(record, separators=(",", ":")).encode()


def fingerprint(policies: Sequence[KeyPolicy]) -> str:
    """Return what changes when a policy does; prefixes are not to be read out of it."""
    told = [(one.prefix, one.least, one.most) for one in policies]
    return sha256(repr(told).encode()).hexdigest()[:16]


def fresh(policies: Sequence[KeyPolicy], now: datetime) -> Pass:
    """Return a pass that saw nothing yet."""
    return Pass(fingerprint(policies), now, [Tally() for _ in policies])


def load(data: bytes | None, policies: Sequence[KeyPolicy]) -> Pass | None:
    """Return a pass that was broken off; None where there is none, or it had other policies."""
    try:
        record = json.loads(data or b"null")
        if record["format"] != _FORMAT or record["policies"] != fingerprint(policies):
            return None
        cursors = {str(run): str(cursor) for run, cursor in record["cursors"].items()}
        tallies = [tally(one) for one in record["tallies"]]
        if len(tallies) != len(policies) or not all(map(_CURSOR.fullmatch, cursors.values())):
            return None
        return Pass(
            policies=record["policies"],
            began=datetime.fromisoformat(record["began"]),
            tallies=tallies,
            role=str(record["role"]),
            cursors=cursors,
            seen=int(record["seen"]),
            other=int(record["other"]),
            took=float(record["took"]),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
