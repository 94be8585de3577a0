"""Keys with known lives, and an audit of the server that holds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import redis

from collectors.redis.audited import read
from headroom.audit.redis.facts import Census, RedisFacts
from headroom.policies import KeyPolicy
from headroom.sources import Secret, Source, SourceKind
from tests.collectors_redis.server import Server

NAME = "erp-cache"
HOUR = timedelta(hours=1)
REPORTS = KeyPolicy("reports", NAME, b"finance:report:", HOUR, HOUR, "Cache-Aside Pattern")
BINARY = KeyPolicy("binary", NAME, b"\xff\x00\r\n", HOUR, 24 * HOUR)
REST = KeyPolicy("rest", NAME, b"", HOUR, 24 * HOUR)
POLICIES = (REPORTS, BINARY, REST)
SECRET = "sesamstrasse"
"""Part of every key's name and of every value."""


def source(server: Server, url: str = "", memory_limit: int | None = None) -> Source:
    """Return the source at a server, or at another address of it."""
    found = Secret(url or server.url)
    return Source(NAME, SourceKind.REDIS, found, timedelta(seconds=15), memory_limit=memory_limit)


def client(server: Server) -> redis.Redis:
    """Return a client that leaves no trace in the server's statistics of errors."""
    return redis.Redis(port=server.port, protocol=2, driver_info=None)


def plant(server: Server, part: int = 1) -> None:
    """Store 20,000 keys, or a part of each: 12,000 reports, 5,000 with binary names, 3,000 others.

    Of the reports every tenth has no expiry and every third of the rest two hours; of the binary ones each
    hundredth has three days; of the others none has more than 1,000 seconds.
    """
    with client(server) as asked:
        pipe = asked.pipeline(transaction=False)
        for number in range(12_000 // part):
            name = f"finance:report:{SECRET}:{number}"
            pipe.set(name, SECRET, ex=None if number % 10 == 0 else 7200 if number % 3 == 0 else 3600)
        for number in range(5_000 // part):
            binary = b"\xff\x00\r\n*" + SECRET.encode() + bytes([number % 256, number // 256, 0xFE])
            pipe.set(binary, SECRET * 50, ex=3 * 86_400 if number % 100 == 0 else 86_400)
        for number in range(3_000 // part):
            pipe.set(f"{number}:{SECRET}", SECRET, ex=1_000)
        pipe.execute()


WITHOUT_EXPIRY, TOO_LONG = 1_200, 3_600
"""Of the 12,000 reports."""


async def audited(
    server: Server,
    *,
    policies: tuple[KeyPolicy, ...] = POLICIES,
    url: str = "",
    deadline: float = 30.0,
    resume: bytes | None = None,
    not_now: str = "",
) -> tuple[RedisFacts, bytes]:
    """Audit a server once."""
    return await read(
        source(server, url),
        policies,
        datetime.now(UTC),
        deadline=deadline,
        resume=resume,
        not_now=not_now,
    )


def census(facts: RedisFacts) -> Census:
    """Return what the audit saw of the keys."""
    assert facts.census is not None
    return facts.census
