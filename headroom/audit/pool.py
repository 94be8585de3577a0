"""The application's pools as the server sees them: sessions, the room for them, transactions left open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from headroom.audit.amounts import in_seconds, named
from headroom.audit.case import Case
from headroom.audit.finding import Finding
from headroom.audit.names import quoted
from headroom.audit.server_facts import Server, Sessions
from headroom.budgets import Subject, Unit
from headroom.checks import State
from headroom.units import format_value
from headroom.wording import share

POOL = 20
"""Sessions: section "Connection Pooling", `max`; TypeORM lets `extra.max` win over `poolSize: 10`."""
_PATIENCE = 30.0  # seconds that a transaction may stand idle; locks and old row versions wait for its end
_NEAR = 0.9  # of what a role may have
_MOST = 4  # kinds of sessions that are named
_GUIDE = "Connection Pooling: max 20, min 5 for each instance of the application"


def pool(case: Case) -> Iterator[Finding]:
    """Yield what the server shows of the pools, and what only the application's configuration shows."""
    server = case.facts.server
    subject = (("source", case.facts.source),)
    if server is None or not _room(server) or (server.why and not server.sessions):
        found = "the server's sessions and max_connections were not read"
        if server is not None and server.why:
            found = server.why[0]
        yield Finding("postgres.pool", subject, State.CANNOT_CHECK, _GUIDE, found)
        return
    yield _sizes(server, subject)
    yield from _limited(server, subject)
    yield from _idle(server, subject)
    yield Finding(
        "postgres.pool_settings",
        subject,
        State.CANNOT_CHECK,
        "Connection Pooling: max 20, min 5, idleTimeoutMillis 30000, connectionTimeoutMillis 5000, "
        "statement_timeout 60000, poolSize 10, connectTimeoutMS 10000",
        "no server sees how long a client's pool waits or how many it keeps; the guide contradicts itself: "
        "TypeORM merges extra over its own options, so that max 20 wins over poolSize 10 and "
        "connectionTimeoutMillis 5000 over connectTimeoutMS 10000",
        "in database.config.ts: keep extra and remove poolSize and connectTimeoutMS, and let the application "
        "export its pool's size and waiting clients as metrics",
    )


def _sizes(server: Server, subject: Subject) -> Finding:
    """Judge the guide's pool times the instances that are there against the sessions that may be.

    Somebody's single session is no pool, and wants no more.
    """
    room, reserved = _room(server), _reserved(server)
    pools = [one for one in _applications(server) if _pooled(one)]
    instances = sum(one.addresses for one in pools)
    single = sum(one.used for one in _applications(server) if not _pooled(one))
    seen = (
        f"{server.in_use:,} of {room:,} sessions are in use ({share(server.in_use / room)}; max_connections "
        f"less {reserved:,} reserved)"
    )
    if not instances:
        found = f"{seen}, and none of them looks like a pool: two or more from one address"
        return Finding("postgres.pool", subject, State.NOT_APPLICABLE, _GUIDE, found)
    found = f"{seen}: {_told(_applications(server))}"
    needed = POOL * instances + single
    crowd = [one for one in pools if one.used > POOL * one.addresses]
    fix = (
        f"fewer sessions for each instance (at most {max(1, (room - single) // instances):,}), a pooler such "
        f"as PgBouncer in front, or: ALTER SYSTEM SET max_connections = {needed + reserved}; -- then restart "
        "PostgreSQL"
    )
    if needed > room:
        found += (
            f"; {instances:,} instances with the guide's pool of {POOL} may want {needed:,}, and do not fit"
        )
        return Finding("postgres.pool", subject, State.FAIL, _GUIDE, found, fix)
    if crowd:
        found += (
            f"; {_whose(crowd[0])} has more than the guide's pool of {POOL} for each address: its pool is "
            "larger, or several processes run there, of which each has a pool of its own"
        )
        fix = f"extra: {{ max: {POOL} }} in database.config.ts, and count the processes"
        return Finding("postgres.pool", subject, State.WARN, _GUIDE, found, fix)
    found += (
        f"; {instances:,} instance{'s' * (instances != 1)} (told by their addresses; several behind one "
        f"address count as one) with the guide's pool of {POOL} fit"
    )
    return Finding("postgres.pool", subject, State.PASS, _GUIDE, found)


def _limited(server: Server, subject: Subject) -> Iterator[Finding]:
    """Yield the roles that may have fewer sessions than the guide's pool wants, where they use them."""
    for role in server.role_limits:
        addresses = sum(one.addresses for one in _applications(server) if one.role == role.role)
        if not addresses:
            continue
        found = f"role {named(role.role)} uses {role.used:,} of the {role.limit:,} sessions that it may have"
        labels = (("role", role.role), *subject)
        if role.limit >= POOL * addresses and role.used < _NEAR * role.limit:
            yield Finding("postgres.role_limit", labels, State.PASS, _GUIDE, found)
            continue
        if role.limit < POOL * addresses:
            found += f"; the guide's pool of {POOL} for each of {addresses:,} addresses may want more"
        fix = f"ALTER ROLE {quoted(role.role)} CONNECTION LIMIT {max(POOL * addresses, role.limit)};"
        yield Finding("postgres.role_limit", labels, State.WARN, _GUIDE, found, fix)


def _idle(server: Server, subject: Subject) -> Iterator[Finding]:
    """Yield sessions that hold a transaction open and do nothing, and whether anything ends them."""
    rule, guide = "postgres.idle_in_transaction", "Connection Pooling: connections are given back when idle"
    limit = server.settings.get("idle_in_transaction_session_timeout")
    fix = "ALTER SYSTEM SET idle_in_transaction_session_timeout = '60s'; SELECT pg_reload_conf();"
    unlimited = limit is not None and not limit.of_the_session and not limit.number
    ends = "nothing ends them (idle_in_transaction_session_timeout is 0)"
    if limit is None or limit.of_the_session:
        ends, fix = "what ends them was not read", ""
    elif limit.number:
        ends, fix = f"the server ends them after {_seconds(in_seconds(limit))}", ""
    idle = sorted(
        (one for one in server.sessions if one.idle_in_transaction), key=lambda one: -one.oldest_idle
    )
    if not idle:
        state = State.WARN if unlimited else State.PASS
        yield Finding(rule, subject, state, guide, f"no session is idle in a transaction; {ends}", fix)
        return
    number, oldest = sum(one.idle_in_transaction for one in idle), idle[0]
    found = (
        f"{number:,} session{' is' if number == 1 else 's are'} idle in a transaction, the oldest for "
        f"{_seconds(oldest.oldest_idle)} ({_whose(oldest)}); they hold their locks and keep VACUUM from "
        f"cleaning, and {ends}"
    )
    state = State.FAIL if oldest.oldest_idle > _PATIENCE else State.WARN
    if oldest.oldest_idle < 1 and not unlimited:
        state = State.PASS
    yield Finding(rule, subject, state, guide, found, fix or "end the transaction before waiting for others")


def _applications(server: Server) -> list[Sessions]:
    """Return who has sessions, the databases of one application taken together."""
    found: dict[tuple[str, str], list[Sessions]] = defaultdict(list)
    for one in server.sessions:
        found[one.role, one.application].append(one)
    merged = [
        Sessions(
            role,
            some[0].database if len(some) == 1 else "",
            application,
            max(one.addresses for one in some),
            sum(one.used for one in some),
        )
        for (role, application), some in found.items()
    ]
    return sorted(merged, key=lambda one: (-one.used, one.role, one.application))


def _pooled(one: Sessions) -> bool:
    return one.used >= 2 * one.addresses  # of one process without a pool, each has one


def _told(applications: Sequence[Sessions]) -> str:
    told = [f"{one.used:,} of {_whose(one)}" for one in applications[:_MOST]]
    if len(applications) > _MOST:
        told.append(f"{sum(one.used for one in applications[_MOST:]):,} of others")
    return ", ".join(told)


def _whose(one: Sessions) -> str:
    """Return a pool in words, without what the application calls itself: anything may stand there."""
    words = f"role {named(one.role)}"
    if one.database:
        words += f", database {named(one.database)}"
    return f"{words} from {one.addresses:,} address{'es' * (one.addresses != 1)}"


def _reserved(server: Server) -> int:
    names = ("superuser_reserved_connections", "reserved_connections")
    return sum(int(server.settings[name].number) for name in names if name in server.settings)


def _room(server: Server) -> int:
    """Return the sessions that applications may have; 0 where it is not known."""
    most = server.settings.get("max_connections")
    return 0 if most is None else max(0, int(most.number) - _reserved(server))


def _seconds(value: float) -> str:
    return format_value(value, Unit.SECONDS)
