"""Facts as the rules get them, without a server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from headroom.audit.finding import Finding
from headroom.audit.redis.case import RedisCase, RedisRule
from headroom.audit.redis.facts import Census, Prefix, RedisFacts
from headroom.policies import KeyPolicy

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = KeyPolicy("reports", "erp-cache", b"finance:report:", HOUR, 24 * HOUR, "Caching Strategy")
GUIDES_OWN = {
    "maxmemory": str(1 << 30),
    "maxmemory-policy": "allkeys-lru",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "tcp-keepalive": "300",
    "timeout": "0",
    "tcp-backlog": "511",
    "slowlog-log-slower-than": "10000",
    "latency-tracking": "yes",
}
NO_CONFIG = (
    'user "looker" may not run CONFIG GET: only the settings that INFO tells are known; '
    "ACL SETUSER looker +config|get"
)
MIB = 2**20


def facts(
    settings: Mapping[str, str] | None = None,
    *,
    limit: int | None = None,
    rss: int | None = None,
    used: int = 2**20,
    census: Census | None = None,
    denied: tuple[str, ...] = (),
    version: str = "7.0.15",
) -> RedisFacts:
    """Return facts of a server that is set as the guide says, but for `settings`; "" takes one away."""
    told = {name: value for name, value in (GUIDES_OWN | dict(settings or {})).items() if value}
    return RedisFacts(
        "erp-cache",
        NOON,
        version=version,
        settings=told,
        figures={"used": used} | ({} if rss is None else {"rss": rss}),
        memory_limit=limit,
        census=census,
        denied=denied,
    )


def counted(
    prefix: Prefix, *, keys: int, seen: int, complete: bool = False, random: bool = True, stopped: str = ""
) -> Census:
    """Return a census of one policy."""
    return Census(NOON, NOON, complete, keys, seen, random, (prefix,), stopped=stopped)


def found(rule: RedisRule, of: RedisFacts, name: str = "") -> Finding:
    """Return the one finding of a rule, or that of its name."""
    findings = [one for one in rule(RedisCase(of)) if name in ("", one.rule)]
    assert len(findings) == 1, findings
    return findings[0]
