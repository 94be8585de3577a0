"""What budgets.yaml declares beside budgets: lives of keys, and the application's doors.

The records of `caching:`, `invalidation:` and `application:`, frozen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from headroom.sources import Secret


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """How long keys with a prefix may live; the first policy of a source whose prefix fits takes a key.

    Attributes:
        name: unique; what findings call it. Keys are never named, only policies are.
        source: a source of kind redis.
        prefix: what the keys begin with, without the * that ends it in the file; empty for all keys.
        least, most: what a key's life may be set to; None where there is no such end.
        guide: the place in the guide.
    """

    name: str
    source: str
    prefix: bytes
    least: timedelta | None
    most: timedelta | None
    guide: str = ""


@dataclass(frozen=True, slots=True)
class LayerPolicy:
    """How long the application's own memory may keep something, where the application exposes it.

    Attributes:
        gauge: a metric in seconds, at `source`, of kind prometheus.
    """

    name: str
    source: str
    gauge: str
    least: timedelta | None
    most: timedelta | None
    guide: str = ""


@dataclass(frozen=True, slots=True)
class Invalidation:
    """One row of the guide's table: what a change of data must do to the cache."""

    data: str
    trigger: str
    strategy: str


@dataclass(frozen=True, slots=True)
class Application:
    """The application's HTTP doors, asked by the audit alone.

    Attributes:
        url: None where the file's `${NAME}` is not set.
        unset: the name of that variable.
        live, ready: paths of the health endpoints; empty where there are none.
        payloads: paths whose answers should be compressed; asked by GET, and only read.
        slow_requests: from which duration the application logs a request as slow; None where not declared.
        timeout: for one answer.
    """

    url: Secret | None
    unset: str = ""
    live: str = "/health/live"
    ready: str = "/health/ready"
    payloads: tuple[str, ...] = ()
    slow_requests: timedelta | None = None
    timeout: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Policies:
    """All of it. `application` is None where the file has no such part."""

    keys: tuple[KeyPolicy, ...] = ()
    layers: tuple[LayerPolicy, ...] = ()
    invalidation: tuple[Invalidation, ...] = ()
    application: Application | None = None


NOTHING = Policies()
"""Where a file declares none of it."""
