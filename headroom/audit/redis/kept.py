"""What an audit saw of the keys, as bytes and back, for audits that may not look themselves. No key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from headroom.audit.redis.facts import Census, Prefix, RedisFacts
from headroom.policies import KeyPolicy

_FORM = 1
_FIGURES = (
    "seen",
    "asked",
    "without_expiry",
    "too_long",
    "shortest",
    "middle",
    "longest",
    "measured",
    "bytes_mean",
    "bytes_deviation",
    "short",
)
_COUNTS = ("keys", "seen", "other")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of an audit: the newest census, and from where the next one goes on."""

    census: Census | None = None
    resume: bytes = b""


def dump(facts: RedisFacts, resume: bytes) -> bytes:
    """Return what later audits need of these facts, as bytes."""
    census = facts.census
    record = {
        "form": _FORM,
        "resume": resume.decode("latin-1"),
        "census": None if census is None else _census(census),
    }
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode()


def load(data: bytes, policies: Sequence[KeyPolicy], source: str) -> Kept:
    """Return what was dumped; nothing where it is another release's, and no census of other policies."""
    try:
        record = json.loads(data)
        if record["form"] != _FORM:
            return Kept()
        own = [one for one in policies if one.source == source]
        told = record["census"]
        census = None if told is None or told["policies"] != _print(own) else _loaded(told, own)
        return Kept(census, record["resume"].encode("latin-1"))
    except (KeyError, TypeError, ValueError, AttributeError):
        return Kept()


def _census(census: Census) -> dict[str, Any]:
    return {
        "policies": _print([one.policy for one in census.prefixes]),
        "began": census.began.isoformat(),
        "ended": census.ended.isoformat(),
        "complete": census.complete,
        "random": census.random,
        "took": census.took,
        "stopped": census.stopped,
        **{name: getattr(census, name) for name in _COUNTS},
        "prefixes": [{name: getattr(one, name) for name in _FIGURES} for one in census.prefixes],
    }


def _loaded(told: dict[str, Any], policies: Sequence[KeyPolicy]) -> Census:
    prefixes = [
        Prefix(policy, **{name: one[name] for name in _FIGURES})
        for policy, one in zip(policies, told["prefixes"], strict=True)
    ]
    return Census(
        began=datetime.fromisoformat(told["began"]),
        ended=datetime.fromisoformat(told["ended"]),
        complete=bool(told["complete"]),
        random=bool(told["random"]),
        prefixes=tuple(prefixes),
        took=float(told["took"]),
        stopped=str(told["stopped"]),
        **{name: int(told[name]) for name in _COUNTS},
    )


def _print(policies: Sequence[KeyPolicy]) -> str:
    """Return what changes when a policy does; prefixes are not to be read out of it."""
    told = [(one.name, one.prefix, one.least, one.most) for one in policies]
    return sha256(repr(told).encode()).hexdigest()[:16]
