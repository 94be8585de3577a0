"""Pools as the server sees them: their room, roles with limits, transactions left open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headroom.audit.pool import pool
from headroom.audit.server_facts import RoleLimit, Sessions
from headroom.checks import State

from .servers import SOURCE, case, one, server, told

_ERP = Sessions("erp", "erp", "node", 2, 25)


def test_pools_that_fit() -> None:
    """Instances are told by their addresses; the guide's pool of 20 for each must fit."""
    found = one(pool, case(server(sessions=(_ERP,))), "postgres.pool")

    assert told(found) == (
        State.PASS,
        (
            '26 of 197 sessions are in use (13%; max_connections less 3 reserved): 25 of role "erp", '
            'database "erp" from 2 addresses; 2 instances (told by their addresses; '
            "several behind one "
            "address count as one) with the guide's pool of 20 fit"
        ),
    )


def test_pools_that_do_not_fit() -> None:
    """Ten instances may want 200 sessions, of which the guide's own max_connections leaves 197."""
    found = one(pool, case(server(sessions=(replace(_ERP, addresses=10),))), "postgres.pool")

    assert told(found) == (
        State.FAIL,
        (
            '26 of 197 sessions are in use (13%; max_connections less 3 reserved): 25 of role "erp", '
            'database "erp" from 10 addresses; 10 instances with the guide\'s pool of 20 '
            "may want 200, and do not fit"
        ),
    )
    assert found.fix == (
        "fewer sessions for each instance (at most 19), a pooler such as PgBouncer in front, or: ALTER "
        "SYSTEM SET max_connections = 203; -- then restart PostgreSQL"
    )


def test_pool_larger_than_the_guides() -> None:
    """More than 20 sessions from one address are more than one pool of the guide."""
    found = one(pool, case(server(sessions=(replace(_ERP, addresses=1),))), "postgres.pool")

    assert found.state is State.WARN
    assert found.found.endswith(
        'role "erp", database "erp" from 1 address has more than the guide\'s pool of 20 '
        "for each address: its pool is larger, or several processes run there, of which each has a pool of "
        "its own"
    )


def test_no_application() -> None:
    """Headroom alone is no pool."""
    assert told(one(pool, case(server()), "postgres.pool")) == (
        State.NOT_APPLICABLE,
        (
            "1 of 197 sessions are in use (0.51%; max_connections less 3 reserved), and none of them "
            "looks like a pool: two or more from one address"
        ),
    )


def test_single_sessions() -> None:
    """Nine people with psql want nine sessions, and not nine pools."""
    people = Sessions("dba", "erp", "psql", 9, 9)
    some = replace(_ERP, addresses=9)

    assert one(pool, case(server(sessions=(people,))), "postgres.pool").state is State.NOT_APPLICABLE
    assert one(pool, case(server(sessions=(some, people))), "postgres.pool").state is State.PASS
    full = one(pool, case(server(sessions=(some, replace(people, addresses=18, used=18)))), "postgres.pool")
    assert full.state is State.FAIL
    assert "9 instances with the guide's pool of 20 may want 198, and do not fit" in full.found


def test_what_no_server_sees() -> None:
    """What only the application's configuration shows is said, with the guide's contradiction."""
    found = one(pool, case(server()), "postgres.pool_settings")

    assert told(found) == (
        State.CANNOT_CHECK,
        (
            "no server sees how long a client's pool waits or how many it keeps; the guide contradicts "
            "itself: TypeORM merges extra over its own options, so that max 20 wins over poolSize 10 and "
            "connectionTimeoutMillis 5000 over connectTimeoutMS 10000"
        ),
    )


@pytest.mark.parametrize(
    ("limit", "used", "state", "said"),
    [
        (60, 25, State.PASS, 'role "erp" uses 25 of the 60 sessions that it may have'),
        (40, 39, State.WARN, 'role "erp" uses 39 of the 40 sessions that it may have'),
        (
            30, 25, State.WARN,
            ('role "erp" uses 25 of the 30 sessions that it may have; the guide\'s pool of 20 for each of 2 '
            "addresses may want more"),
        ),
    ],
)  # fmt: skip
def test_limits_of_roles(limit: int, used: int, state: State, said: str) -> None:
    """A role's own limit may be smaller than the pools that come as it."""
    given = case(replace(server(sessions=(_ERP,)), role_limits=(RoleLimit("erp", limit, used),)))
    found = one(pool, given, "postgres.role_limit")

    assert (*told(found), found.subject) == (state, said, (("role", "erp"), *SOURCE))
    assert found.fix == ("" if state is State.PASS else 'ALTER ROLE "erp" CONNECTION LIMIT 40;')


@pytest.mark.parametrize(
    ("idle", "oldest", "timeout", "state", "said"),
    [
        (0, 0.0, "60000", State.PASS, "no session is idle in a transaction; the server ends them after 60 s"),
        (
            0, 0.0, "0", State.WARN,
            ("no session is idle in a transaction; nothing ends them (idle_in_transaction_session_timeout is "
            "0)"),
        ),
        (
            1, 0.2, "60000", State.PASS,
            ('1 session is idle in a transaction, the oldest for 200 ms (role "erp", '
             'database "erp" from 2 addresses); they hold their locks and keep VACUUM from cleaning, and the '
             "server ends them after 60 s"),
        ),
        (
            3, 4.0, "60000", State.WARN,
            ('3 sessions are idle in a transaction, the oldest for 4 s (role "erp", '
             'database "erp" from 2 addresses); they hold their locks and keep VACUUM from cleaning, and the '
             "server ends them after 60 s"),
        ),
        (
            3, 90.0, "0", State.FAIL,
            ('3 sessions are idle in a transaction, the oldest for 90 s (role "erp", '
             'database "erp" from 2 addresses); they hold their locks and keep VACUUM from cleaning, and '
             "nothing ends them (idle_in_transaction_session_timeout is 0)"),
        ),
    ],
)  # fmt: skip
def test_idle_in_transaction(idle: int, oldest: float, timeout: str, state: State, said: str) -> None:
    """Transactions left open are judged by the age of the oldest."""
    some = replace(_ERP, idle_in_transaction=idle, oldest_idle=oldest)
    given = case(server(sessions=(some,), idle_in_transaction_session_timeout=timeout))

    assert told(one(pool, given, "postgres.idle_in_transaction")) == (state, said)


def test_hostile_application() -> None:
    """What an application calls itself gets no control of a terminal, and no long line."""
    hostile = replace(_ERP, application="\x1b]0;owned\x07" + "x" * 500)
    found = one(pool, case(server(sessions=(hostile,))), "postgres.pool")

    assert found.found.isprintable()
    assert len(found.found) < 400


def test_pool_that_was_not_read() -> None:
    """Without a reading nothing passes."""
    assert told(one(pool, case(), "postgres.pool")) == (
        State.CANNOT_CHECK,
        "the server's sessions and max_connections were not read",
    )


def test_role_without_rights() -> None:
    """A role that sees no sessions finds no pool in order."""
    given = case(replace(server(), why=('GRANT pg_monitor TO "headroom";',)))

    assert told(one(pool, given, "postgres.pool")) == (
        State.CANNOT_CHECK,
        'GRANT pg_monitor TO "headroom";',
    )
