"""What the audit reads of the application: its HTTP doors, and what Prometheus knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the application.

    Attributes:
        path: as declared.
        status: 0 where there was no answer; `failure` then says why, in one sentence.
        seconds: until the body was read.
        encoding: Content-Encoding, lower case; empty where there is none.
        size: bytes of the body as sent; `truncated` where it is longer than is read, or unpacked.
        plain: bytes after decoding, at least so many where truncated; None where it could not be decoded.
        said: for health endpoints, what each part of the body says, by its name: "up", "down", "ok", ...;
            the body as a whole under "status"; None where it says nothing that is known.
        packed: of an answer sent plain, what gzip makes of the bytes that were read; None of others.
        bare: of one compressed answer, the Content-Encoding of a second one that accepted none, empty where
            there is none; None where it was not tried, or gave nothing.
        before: for health endpoints, what came of earlier tries, the best of which this is.
    """

    path: str
    status: int = 0
    seconds: float = 0.0
    encoding: str = ""
    size: int = 0
    plain: int | None = None
    truncated: bool = False
    said: Mapping[str, str] | None = None
    failure: str = ""
    packed: int | None = None
    bare: str | None = None
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Doors:
    """What the application's HTTP doors answered; None for what is not declared.

    Attributes:
        unreachable: our sources that gave nothing just before `ready` was asked, by name and kind.
    """

    at: datetime
    live: Answer | None = None
    ready: Answer | None = None
    payloads: tuple[Answer, ...] = ()
    unreachable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """A container as cAdvisor tells it. Limits are None where there is none (0 or absent).

    Attributes:
        name: its name; `service` is docker compose's, empty where it has none.
        cores: CPU limit, in cores.
        memory: limit in bytes; `used` is its working set.
        throttled: share of scheduling periods in which it was held back, of the period that was looked at.
        unknown: which of "cores" and "memory" is None because no metric tells it.
    """

    name: str
    service: str = ""
    cores: float | None = None
    memory: int | None = None
    used: int | None = None
    throttled: float | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Breaker:
    """A circuit breaker that exposes its metrics: how often it opened, and how calls ended."""

    name: str
    opened: int = 0
    calls: int = 0
    failed: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a Prometheus knows.

    Attributes:
        source: its name.
        period: seconds that differences of counters span.
        containers: None where it has no metrics of cAdvisor.
        limited: by endpoint class, answers with 429 and all answers in the period; None where there is no
            such histogram.
        breakers: None where none exposes metrics.
        layers: by policy's name, what the in-memory layer's gauge says in seconds, smallest and largest;
            missing where there is no such metric.
        failed: what could not be asked and why, one sentence each.
        why: the same by what it is about: "containers", "limited", "breakers", "layers".
    """

    source: str
    at: datetime
    period: float = 0.0
    containers: tuple[Container, ...] | None = None
    limited: Mapping[str, tuple[int, int]] | None = None
    breakers: tuple[Breaker, ...] | None = None
    layers: Mapping[str, tuple[float, float]] | None = None
    failed: tuple[str, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)
