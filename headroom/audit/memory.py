"""Settings of memory against each other, and against the machine that the guide gives PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.amounts import in_bytes, shown, size
from headroom.audit.case import Case
from headroom.audit.finding import Finding
from headroom.audit.server_facts import Server, Setting
from headroom.checks import State

CONTAINER = 4 * 1024**3
"""Bytes: section "Docker Resource Limits", memory of the container postgres."""
_NEEDED = ("shared_buffers", "work_mem", "max_connections", "effective_cache_size")


def memory(case: Case) -> Iterator[Finding]:
    """Yield whether all sessions together may take more memory than there is, and what the planner thinks."""
    server = case.facts.server
    if server is None or any(name not in server.settings for name in _NEEDED):
        return
    subject = (("source", case.facts.source),)
    yield _worst_case(server, subject)
    yield _cache(server, subject)


def _worst_case(server: Server, subject: tuple[tuple[str, str], ...]) -> Finding:
    """One work_mem for each session is no worst case: a statement may take several, a parallel one more."""
    shared, each, most = (server.settings[name] for name in _NEEDED[:3])
    sessions = most.number
    allowed = in_bytes(shared) + sessions * in_bytes(each)
    now = in_bytes(shared) + server.in_use * in_bytes(each)
    guide = (
        "Docker Resource Limits: memory of postgres 4GB; PostgreSQL Configuration: 200 times 64MB work_mem"
    )
    sums = (
        f"shared_buffers {shown(shared)} and one work_mem of {shown(each)} for each of {sessions:,.0f} "
        f"sessions are {size(allowed)}"
    )
    if allowed <= CONTAINER:
        found = f"{sums}, within the guide's container of {size(CONTAINER)}"
        return Finding("postgres.memory", subject, State.PASS, guide, found)
    left = (CONTAINER - in_bytes(shared)) / sessions
    used = f"the {server.in_use:,} sessions of now come to {size(now)}"
    own = (
        "; the guide contradicts itself here: its own figures are 12.8GB"
        if sessions * in_bytes(each) >= 200 * 64 * 1024**2
        else ""
    )
    found = (
        f"{sums}, more than the guide's container of {size(CONTAINER)}, and a statement may take work_mem "
        f"several times; {used}{own}"
    )
    mebibytes = max(1, int(left / 1024**2))
    fix = (
        f"ALTER SYSTEM SET work_mem = '{mebibytes}MB'; SELECT pg_reload_conf(); "
        f"-- and for the role of the reports alone: ALTER ROLE … SET work_mem = '64MB';"
        if left >= 1024**2
        else "fewer sessions (max_connections, with a pooler in front) or more memory"
    )
    state = State.FAIL if now > CONTAINER else State.WARN
    return Finding("postgres.memory", subject, state, guide, found, fix)


def _cache(server: Server, subject: tuple[tuple[str, str], ...]) -> Finding:
    cache, shared = server.settings["effective_cache_size"], server.settings["shared_buffers"]
    guide = "PostgreSQL Configuration: effective_cache_size 1GB is four times shared_buffers 256MB"
    found = f"effective_cache_size is {shown(cache)}, shared_buffers {shown(shared)}"
    if in_bytes(cache) >= in_bytes(shared):
        return Finding("postgres.cache_size", subject, State.PASS, guide, found)
    found += ": the planner believes in less cache than PostgreSQL alone has"
    fix = f"ALTER SYSTEM SET effective_cache_size = '{_four_times(shared)}'; SELECT pg_reload_conf();"
    return Finding("postgres.cache_size", subject, State.WARN, guide, found, fix)


def _four_times(shared: Setting) -> str:
    return f"{max(1, int(4 * in_bytes(shared) / 1024**2))}MB"
