"""What the audit reads of a Redis: settings, memory, and how long its keys live; no key is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from headroom.policies import KeyPolicy

BRIEF = 10
"""Keys with less than this part of the shortest life left are counted as short: one in so many should be."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """What a pass over the keys saw of one policy's keys. Counts are of keys, times are seconds, sizes bytes.

    Attributes:
        seen: keys with this prefix; `asked` of them were asked for their life.
        without_expiry: of those asked.
        too_long: of those asked, with more left than the policy allows at most.
        shortest, middle, longest: what is left of the lives of those that expire; None where none does.
        measured: keys whose memory was asked for; `bytes_mean` and `bytes_deviation` are of those.
        short: of those asked that expire, with less left than the least life of the policy divided by BRIEF.
    """

    policy: KeyPolicy
    seen: int = 0
    asked: int = 0
    without_expiry: int = 0
    too_long: int = 0
    shortest: float | None = None
    middle: float | None = None
    longest: float | None = None
    measured: int = 0
    bytes_mean: float = 0.0
    bytes_deviation: float = 0.0
    short: int = 0


@dataclass(frozen=True, slots=True)
class Census:
    """One pass over the keys of a server, perhaps spread over several audits.

    Attributes:
        began, ended: by our clock, UTC.
        complete: every key that was there all the time was seen (once at least).
        keys: how many the server said that it has; `seen` how many came by, of any prefix.
        random: what was seen is close to a random sample, so that an interval can be told of the rest.
        prefixes: in the order of the policies; keys of none are in `other`.
        took: seconds in which the server was busy with it, at most.
        stopped: why it did not go on; empty where it is complete, or goes on with the next audit.
    """

    began: datetime
    ended: datetime
    complete: bool
    keys: int
    seen: int
    random: bool
    prefixes: tuple[Prefix, ...]
    other: int = 0
    took: float = 0.0
    stopped: str = ""


@dataclass(frozen=True, slots=True)
class RedisFacts:
    """What one audit read.

    Attributes:
        version: as INFO tells it; `product` is "Redis" or "Valkey".
        settings: of CONFIG GET, by name, as the server prints them; those that were not told are missing.
        figures: see `collectors.redis.info.FIGURES`: bytes, keys, seconds.
        policy: maxmemory-policy; empty where not told.
        memory_limit: what its container gives it, in bytes; None where not declared.
        census: None where no policy is declared for it, or no key could be looked at.
        denied: what could not be asked and why, one sentence each.
        role: "master" or "slave", in the server's words.
    """

    source: str
    at: datetime
    version: str = ""
    product: str = "Redis"
    role: str = ""
    settings: Mapping[str, str] | None = None
    figures: Mapping[str, int] | None = None
    policy: str = ""
    memory_limit: int | None = None
    census: Census | None = None
    denied: tuple[str, ...] = ()
