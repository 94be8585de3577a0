"""What `headroom doctor` and `headroom explain` say of a PgBouncer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from collectors.pgbouncer.snapshot import Database, PgBouncerSnapshot, Pool
from headroom.checks import Check, State
from monitor.doctor.pgbouncer import examine_pgbouncer

from .asking import source

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def checks(*pools: Pool, most: int = 0) -> list[Check]:
    """Return what is said of these pools; each database may have `most` server connections."""
    databases = tuple(Database(pool.database, most, 0, paused=False) for pool in pools)
    seen = PgBouncerSnapshot(AT, "1.18.0", 100, pools, databases, 1)
    return list(examine_pgbouncer(source("postgresql://127.0.0.1"), seen))


def pool(size: int) -> Pool:
    """Return an idle pool."""
    return Pool("erp", "erp_app", 1, 0, 0, 0.0, size)


def test_pools_with_a_limit_are_fine() -> None:
    """By their size, or by that of their database."""
    server = Check("server:pooler", State.PASS, "What answers for pooler", "PgBouncer 1.18.0")
    limited = Check("pools:pooler", State.PASS, "Pools of pooler", "1 open, each with a limit")

    assert checks(pool(20)) == [server, limited]
    assert checks(pool(0), most=5) == [server, limited]
    assert checks(replace(pool(0), most_of_user=5)) == [server, limited]


def test_a_pool_without_a_limit_has_no_share() -> None:
    """What would mend it can be copied."""
    assert checks(pool(0))[1] == Check(
        "pools:pooler",
        State.FAIL,
        "Pools of pooler",
        "no limit: erp; no share can be told of what has no end",
        "default_pool_size = 20  # in pgbouncer.ini, then RELOAD",
    )


def test_without_a_pool_nothing_can_be_told() -> None:
    """PgBouncer opens a pool when somebody uses it."""
    assert checks()[1] == Check(
        "pools:pooler",
        State.CANNOT_CHECK,
        "Pools of pooler",
        "no pool is open: nobody has used PgBouncer since it started",
    )
