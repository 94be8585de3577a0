"""Versions differ in their columns: those of 1.25 by its manual, and one that tells too little."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from collectors.pgbouncer import build, fetch
from collectors.pgbouncer.snapshot import Database, Pool, load
from headroom.budgets import Reason
from headroom.observation import SourceError

from .asking import measure, source
from .conftest import Start

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
POOL: dict[str, Any] = {
    "database": "erp", "user": "erp_app", "cl_active": 7, "cl_waiting": 2, "cl_active_cancel_req": 1,
    "cl_waiting_cancel_req": 1, "sv_active": 4, "sv_active_cancel": 0, "sv_being_canceled": 0, "sv_idle": 1,
    "sv_used": 0, "sv_tested": 0, "sv_login": 0, "maxwait": 3, "maxwait_us": 250000,
    "pool_mode": "transaction", "load_balance_hosts": None,
}  # fmt: skip
DATABASE: dict[str, Any] = {
    "name": "erp", "host": "127.0.0.1", "port": 5432, "database": "erp", "force_user": None, "pool_size": 20,
    "min_pool_size": 0, "reserve_pool_size": 5, "server_lifetime": 3600, "pool_mode": None,
    "load_balance_hosts": None, "max_connections": 30, "current_connections": 5,
    "max_client_connections": 50, "current_client_connections": 11, "paused": 0, "disabled": 0,
}  # fmt: skip
USER: dict[str, Any] = {
    "name": "erp_app", "pool_size": 8, "reserve_pool_size": None, "pool_mode": None,
    "max_user_connections": 0, "current_connections": 5, "max_user_client_connections": 0,
    "current_client_connections": 11,
}  # fmt: skip
CONFIG = [{"key": "max_client_conn", "value": "100", "default": "100", "changeable": "yes"}]


def test_the_columns_of_the_newest_version() -> None:
    """A user's own pool_size goes before the database's; a database may have a limit of clients."""
    console = POOL | {"database": "pgbouncer", "user": "pgbouncer", "cl_active": 1, "cl_waiting": 0}
    read = fetch.snapshot(AT, "1.25.0", [POOL, console], [DATABASE], [USER], CONFIG)

    assert read.pools == (Pool("erp", "erp_app", 11, 2, 4, 3.25, 8),)
    assert read.databases == (Database("erp", 30, 50, paused=False),)
    assert (read.clients, read.console) == (100, 3)
    assert load(read.dump()) == read


def test_without_a_size_of_its_own_a_user_has_the_database_s() -> None:
    """NULL, and a column that is not there, are no size."""
    for user in (USER | {"pool_size": None}, {"name": "erp_app"}):
        [pool] = fetch.snapshot(AT, "1.25.0", [POOL], [DATABASE], [user], CONFIG).pools

        assert pool.size == 20


def test_a_user_s_own_limits_go_before_those_of_all() -> None:
    """Where SHOW USERS has the columns: 0 there is no limit, whatever all others have."""
    config = [
        *CONFIG,
        {"key": "max_user_connections", "value": "9"},
        {"key": "reserve_pool_timeout", "value": "5.0"},
    ]

    def read(**user: Any) -> tuple[int, int]:
        [pool] = fetch.snapshot(AT, "1.25.0", [POOL], [DATABASE], [{"name": "erp_app", **user}], config).pools
        return pool.reserve, pool.most_of_user

    assert read() == (5, 9)
    assert read(max_user_connections=None, reserve_pool_size=None) == (5, 9)
    assert read(max_user_connections=4, reserve_pool_size=2) == (2, 4)
    assert read(max_user_connections=0, reserve_pool_size=0) == (0, 0)


def test_a_dump_of_another_version_is_none() -> None:
    """What cannot be read is not guessed at."""
    assert load(b"{}") is None
    assert load(b'{"format":1,"at":"x"}') is None


async def test_a_version_that_tells_too_little(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here one that lacks a column of tomorrow."""
    wanted = (*fetch._NEEDED["SHOW DATABASES"], "tomorrow")
    monkeypatch.setitem(fetch._NEEDED, "SHOW DATABASES", wanted)
    collector = build(source(start().url_of()), {measure(): ()})
    with pytest.raises(SourceError) as error:
        await collector.fetch()
    await collector.close()

    assert error.value.reason is Reason.BROKEN_INSTRUMENTATION
    assert error.value.message == (
        "PgBouncer 1.18.0 tells no tomorrow in SHOW DATABASES: Headroom reads PgBouncer 1.9 and later"
    )
