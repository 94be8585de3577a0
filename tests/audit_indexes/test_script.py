"""The script that `--sql` prints, run by psql as a person would; and a second audit passes."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from headroom.audit.finding import Finding
from headroom.checks import State
from monitor.audit.look import Remembered, findings, read_structure
from monitor.audit.migration import script
from tests.collectors_postgres.conftest import Clusters
from tests.collectors_postgres.server import MAJORS, Server

from .erp import INDEXES, TABLES, audited, database, of_rule, source, states
from .erp import now as at

SHARED_COUNTERS = 15
WRONG = (
    "CREATE INDEX idx_transactions_tenant_date_type ON transactions (transaction_date, tenant_id)",
    "CREATE INDEX idx_transactions_booking ON transactions USING hash (booking_id)",
    "CREATE UNIQUE INDEX idx_transactions_category_date ON transactions (category)",
    "CREATE INDEX idx_audit_logs_tenant_created ON audit_logs (tenant_id, created_at)",
    "CREATE TABLE elsewhere (user_id int)",
    "CREATE INDEX idx_refresh_tokens_user_expires ON elsewhere (user_id)",
    "CREATE INDEX twin_1 ON employee_wallet (id, user_id)",
    "CREATE INDEX twin_2 ON employee_wallet (id, user_id)",
    "INSERT INTO audit_logs (tenant_id) SELECT n FROM generate_series(1, 2000) n",
)


async def written(server: Server, name: str) -> str:
    """Return the script for a database."""
    facts = await read_structure(source(server, name), at())
    return script(findings(facts, Remembered(), ()), facts)


async def settled(server: Server, name: str) -> tuple[Finding, ...]:
    """Audit once the ANALYZE is counted: before PostgreSQL 15 another process counts, and takes its time."""
    while True:
        found = await audited(server, name)
        if not any(one.migration for one in found) or server.major >= SHARED_COUNTERS:
            return found
        await asyncio.sleep(0.2)


def psql(server: Server, name: str, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script as its own header says."""
    file = folder / "mend.sql"
    file.write_text(text)
    words = ["psql", "-X", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", name]
    return subprocess.run([*words, "-f", str(file)], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("major", MAJORS)
async def test_it_mends(cluster_of: Clusters, major: int, tmp_path: Path) -> None:
    """Every wrong index is put right, every table analysed, and nothing is left to be mended by SQL."""
    server = cluster_of(major)
    name = database(server, *TABLES, *WRONG)
    before = await audited(server, name)

    done = psql(server, name, await written(server, name), tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    after = await settled(server, name)
    assert set(states(before).values()) == {State.FAIL, State.WARN}
    assert set(states(after).values()) == {State.PASS}
    assert [one.migration for one in after if one.migration] == []
    assert len(of_rule(before, "postgres.index.duplicate")) == 1
    assert {one.state for one in of_rule(after, "postgres.index.duplicate")} == {State.PASS}


async def test_how_it_reads(cluster: Server) -> None:
    """A header, a guard, each statement with its reason, and ANALYZE at the end; no transaction."""
    name = database(cluster, TABLES[1], WRONG[3], WRONG[-1])

    lines = (await written(cluster, name)).splitlines()

    assert lines[1] == (
        f"-- For: database {name} of source erp-db, PostgreSQL {cluster.run('SHOW server_version')[0][0]}."
    )
    assert r"\set ON_ERROR_STOP on" in lines
    assert "BEGIN;" not in lines
    start = lines.index(
        "-- postgres.index.required: public.idx_audit_logs_tenant_created: its order is (tenant_id, "
        "created_at) "
        "instead of (tenant_id, created_at DESC): it serves WHERE tenant_id = … ORDER BY created_at "
        "DESC, but "
        "not ORDER BY tenant_id, created_at DESC"
    )
    assert lines[start + 1 :] == [
        (
            "--   guide: Index Strategy: idx_audit_logs_tenant_created ON audit_logs (tenant_id, "
            "created_at DESC)"
        ),
        "SET lock_timeout = '1h'; -- CONCURRENTLY waits for older transactions, and nothing waits for it",
        (
            "CREATE INDEX CONCURRENTLY idx_audit_logs_tenant_created_new ON public.audit_logs "
            "(tenant_id, created_at DESC);"
        ),
        "DROP INDEX CONCURRENTLY public.idx_audit_logs_tenant_created;",
        "SET lock_timeout = '5s'; -- others would wait behind it",
        "ALTER INDEX public.idx_audit_logs_tenant_created_new RENAME TO idx_audit_logs_tenant_created;",
        "",
        "-- postgres.analyze: public.audit_logs was never analysed, and has about 2,000 rows",
        "--   guide: Index Maintenance: ANALYZE transactions, ANALYZE audit_logs",
        "ANALYZE public.audit_logs;",
    ]


async def test_it_does_nothing_in_another_database(cluster: Server, tmp_path: Path) -> None:
    """A script that is run in the wrong place says so."""
    name = database(cluster, *TABLES)
    text = await written(cluster, name)

    done = psql(cluster, "postgres", text, tmp_path)

    assert "this script is for another database" in done.stderr
    assert set(states(await audited(cluster, name)).values()) == {State.FAIL}


async def test_nothing_to_mend(cluster: Server, tmp_path: Path) -> None:
    """A script without changes is a comment and harmless."""
    name = database(cluster, *TABLES, *INDEXES.values())

    text = await written(cluster, name)

    assert text.endswith("\n-- There is nothing to mend by SQL.\n")
    assert psql(cluster, name, text, tmp_path).returncode == 0


async def test_an_older_transaction_delays_it_only(cluster: Server) -> None:
    """CREATE INDEX CONCURRENTLY waits longer than a lock_timeout for DDL that others would wait behind."""
    text = await written(cluster, database(cluster, *TABLES))
    creates = [line for line in text.splitlines() if line.startswith("CREATE INDEX CONCURRENTLY")]

    assert len(creates) == 6
    assert text.index("SET lock_timeout = '1h'") < text.index(creates[0])
    assert "SET lock_timeout = '5s'" not in text.partition(creates[0])[2].partition(creates[-1])[0]


async def test_hostile_names(cluster: Server, tmp_path: Path) -> None:
    """Quotes, newlines, backslashes, commands of psql, 63 bytes: quoted in SQL, one line in comments."""
    evil = 'x"; DROP TABLE audit_logs; --\n\\! false\nDROP TABLE audit_logs; --'
    long = "ж" * 31 + "y"
    schema = '"' + evil.replace('"', '""') + '"'
    name = database(
        cluster,
        f"CREATE SCHEMA {schema}",
        f"CREATE TABLE {schema}.employee_wallet (user_id int, tenant_id int)",
        f'CREATE TABLE {schema}."{long}" (a int, b int)',
        f'CREATE INDEX "{long}1" ON {schema}."{long}" (a)'.replace(f"{long}1", "one"),
        f'CREATE INDEX {schema} ON {schema}."{long}" (a)',
        "CREATE TABLE audit_logs (id int, tenant_id int, created_at timestamptz)",
    )
    text = await written(cluster, name)

    done = psql(cluster, name, text, tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert all(
        "\n" not in line and "\\u000a" in line
        for line in text.splitlines()
        if "-- postgres.index.dup" in line
    )
    assert "\nDROP TABLE" not in text
    found = await audited(cluster, name)
    assert {one.state for one in of_rule(found, "postgres.index.duplicate")} == {State.PASS}
    assert states(found)["idx_employee_wallet_user_tenant"] is State.PASS
    assert states(found)["idx_audit_logs_tenant_created"] is State.PASS
    assert json.dumps([one.found for one in found]).count("\\n") == 0


async def test_partitions(cluster: Server, tmp_path: Path) -> None:
    """CONCURRENTLY is for the parts; the whole is made without a lock that lasts, and becomes valid."""
    name = database(
        cluster,
        "CREATE TABLE audit_logs (tenant_id bigint, created_at timestamptz) PARTITION BY LIST (tenant_id)",
        "CREATE TABLE part_1 PARTITION OF audit_logs FOR VALUES IN (1)",
        "CREATE TABLE part_2 PARTITION OF audit_logs FOR VALUES IN (2)",
        "CREATE INDEX idx_audit_logs_tenant_created ON ONLY audit_logs (tenant_id, created_at DESC)",
        "CREATE INDEX there ON part_1 (tenant_id, created_at DESC)",
        "ALTER INDEX idx_audit_logs_tenant_created ATTACH PARTITION there",
    )
    (before,) = [one for one in await audited(cluster, name) if one.state is State.FAIL and one.migration]

    assert before.found == (
        "public.idx_audit_logs_tenant_created is not valid: not every partition has its part of it"
    )
    assert before.migration == (
        'CREATE INDEX CONCURRENTLY idx_audit_logs_tenant_created_part2 ON "public"."part_2" '
        "(tenant_id, created_at DESC);".replace('"public"', "public"),
        (
            "ALTER INDEX public.idx_audit_logs_tenant_created ATTACH PARTITION "
            "public.idx_audit_logs_tenant_created_part2;"
        ),
    )
    assert psql(cluster, name, await written(cluster, name), tmp_path).returncode == 0
    assert states(await audited(cluster, name))["idx_audit_logs_tenant_created"] is State.PASS
    cluster.run("DROP INDEX idx_audit_logs_tenant_created", database=name)
    assert psql(cluster, name, await written(cluster, name), tmp_path).returncode == 0
    assert states(await audited(cluster, name))["idx_audit_logs_tenant_created"] is State.PASS
