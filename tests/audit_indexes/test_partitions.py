"""Partitioned tables whose parts are not all alike: nothing printed leaves an index that is never valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from headroom.checks import State
from tests.collectors_postgres.conftest import Clusters
from tests.collectors_postgres.server import MAJORS, Server

from .erp import audited, database, of_index, of_rule, states
from .test_script import psql, written

NAME = "idx_audit_logs_tenant_created"
WHOLE = "CREATE TABLE audit_logs (tenant_id bigint, created_at timestamptz) PARTITION BY LIST (tenant_id)"
PARTS = (
    "CREATE TABLE part_1 PARTITION OF audit_logs FOR VALUES IN (1)",
    "CREATE TABLE part_2 PARTITION OF audit_logs FOR VALUES IN (2)",
)
FOREIGN = (
    "CREATE EXTENSION postgres_fdw",
    "CREATE SERVER away FOREIGN DATA WRAPPER postgres_fdw",
    "CREATE FOREIGN TABLE part_3 PARTITION OF audit_logs FOR VALUES IN (3) SERVER away",
)


@pytest.mark.parametrize("major", MAJORS)
async def test_one_that_is_there_is_attached(cluster_of: Clusters, major: int, tmp_path: Path) -> None:
    """An index of a partition that is right, whatever its name, is not built a second time."""
    server = cluster_of(major)
    name = database(server, WHOLE, *PARTS, 'CREATE INDEX "its own" ON part_2 (tenant_id, created_at DESC)')

    before = of_index(await audited(server, name), NAME)

    assert before.migration == (
        f"CREATE INDEX {NAME} ON ONLY public.audit_logs (tenant_id, created_at DESC);",
        f'CREATE INDEX CONCURRENTLY {NAME}_part1 ON public."part_1" (tenant_id, created_at DESC);',
        f"ALTER INDEX public.{NAME} ATTACH PARTITION public.{NAME}_part1;",
        f'ALTER INDEX public.{NAME} ATTACH PARTITION public."its own";',
    )
    assert psql(server, name, await written(server, name), tmp_path).returncode == 0
    assert states(await audited(server, name))[NAME] is State.PASS


@pytest.mark.parametrize(
    "other",
    [
        "CREATE INDEX other ON part_2 (tenant_id, created_at)",
        "CREATE INDEX other ON part_2 (tenant_id DESC, created_at)",
        "CREATE INDEX other ON part_2 (tenant_id, created_at DESC) WHERE tenant_id > 0",
        "CREATE UNIQUE INDEX other ON part_2 (tenant_id, created_at DESC)",
        "CREATE INDEX other ON part_2 (tenant_id, created_at DESC) INCLUDE (tenant_id)",
    ],
)
async def test_another_one_is_not(cluster: Server, other: str, tmp_path: Path) -> None:
    """What PostgreSQL would not attach, or what sorts otherwise, is left; the script runs to its end."""
    name = database(cluster, WHOLE, *PARTS, other)

    found = of_index(await audited(cluster, name), NAME)

    assert not any("other" in statement for statement in found.migration)
    assert psql(cluster, name, await written(cluster, name), tmp_path).returncode == 0
    assert states(await audited(cluster, name))[NAME] is State.PASS


async def test_a_foreign_partition(cluster: Server) -> None:
    """It can have no index, and an index ON ONLY would wait for it for ever: a sentence, which is right."""
    name = database(cluster, WHOLE, *PARTS, *FOREIGN)

    found = of_index(await audited(cluster, name), NAME)

    assert (found.state, found.migration) == (State.FAIL, ())
    assert found.fix == (
        "a partition is a foreign table, for which an index ON ONLY the whole waits for ever: drop such a "
        "one, create it on the other partitions one by one, CONCURRENTLY, and then, without ONLY, on the "
        "whole, which takes those over: (tenant_id, created_at DESC)"
    )
    cluster.run(
        "CREATE INDEX CONCURRENTLY one ON part_1 (tenant_id, created_at DESC)",
        "CREATE INDEX CONCURRENTLY two ON part_2 (tenant_id, created_at DESC)",
        f"CREATE INDEX {NAME} ON audit_logs (tenant_id, created_at DESC)",
        database=name,
    )
    assert states(await audited(cluster, name))[NAME] is State.PASS
    made = "SELECT count(*) FROM pg_inherits WHERE inhrelid IN ('one'::regclass, 'two'::regclass)"
    assert cluster.run(made, database=name) == [(2,)]


async def test_one_that_waits_for_a_foreign_partition(cluster: Server) -> None:
    """Attaching all other parts would not make it valid, and is not advised."""
    only = f"CREATE INDEX {NAME} ON ONLY audit_logs (tenant_id, created_at DESC)"
    found = await audited(cluster, database(cluster, WHOLE, *PARTS, *FOREIGN, only))

    (invalid,) = of_rule(found, "postgres.index.invalid")

    assert (invalid.found, invalid.fix, invalid.migration) == (
        (
            f"public.{NAME} on audit_logs is not valid: not every partition has its part of it, and a "
            "foreign table can have none, so that it will never be valid"
        ),
        (
            f"DROP INDEX public.{NAME}; then CREATE INDEX CONCURRENTLY on each of the other partitions, and "
            "at last, without ONLY, on the whole, which takes those over"
        ),
        (),
    )
    assert of_index(found, NAME).migration == ()


@pytest.mark.parametrize(
    "other",
    [
        "CREATE VIEW {} AS SELECT 1",
        "CREATE SEQUENCE {}",
        "CREATE TABLE {} (a int)",
        "CREATE TYPE {} AS (a int)",
        "CREATE MATERIALIZED VIEW {} AS SELECT 1",
    ],
)
async def test_the_name_is_taken(cluster: Server, other: str, tmp_path: Path) -> None:
    """Views and sequences share the names of indexes: another name is chosen, also for a part's index."""
    table = "CREATE TABLE audit_logs (tenant_id bigint, created_at timestamptz)"
    single = database(cluster, table, other.format(NAME), other.format(f"{NAME}_2"))
    parted = database(cluster, WHOLE, *PARTS, other.format(NAME), other.format(f"{NAME}_part2"))

    found = of_index(await audited(cluster, single), NAME)

    assert found.migration == (
        f"CREATE INDEX CONCURRENTLY {NAME}_3 ON public.audit_logs (tenant_id, created_at DESC);",
    )
    assert found.found == (
        "public.audit_logs has no such index; a view, a sequence or the like has that name, and CREATE INDEX "
        "IF NOT EXISTS would leave it at that"
    )
    for name in (single, parted):
        done = psql(cluster, name, await written(cluster, name), tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert states(await audited(cluster, name))[NAME] is State.PASS
