"""The guide's tables with its indexes as it writes them, in databases of real servers; and their audit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Thread
from time import sleep

import psycopg

from headroom.audit.finding import Finding
from headroom.checks import State
from headroom.sources import Secret, Source, SourceKind
from monitor.audit.look import Remembered, findings, read_structure
from tests.collectors_postgres.server import Server

TABLES = (
    (
        "CREATE TABLE transactions (id bigserial PRIMARY KEY, tenant_id bigint, transaction_date date, "
        "type text, "
        "category text, booking_id bigint, is_deleted boolean NOT NULL DEFAULT false)"
    ),
    "CREATE TABLE audit_logs (id bigserial PRIMARY KEY, tenant_id bigint, created_at timestamptz)",
    (
        "CREATE TABLE refresh_tokens (id bigserial PRIMARY KEY, user_id bigint, expires_at timestamptz, "
        "is_revoked boolean NOT NULL DEFAULT false)"
    ),
    "CREATE TABLE employee_wallet (id bigserial PRIMARY KEY, user_id bigint, tenant_id bigint)",
)
INDEXES = {
    "idx_transactions_tenant_date_type": (
        "CREATE INDEX idx_transactions_tenant_date_type ON transactions (tenant_id, transaction_date, type) "
        "WHERE is_deleted = false"
    ),
    "idx_transactions_booking": (
        "CREATE INDEX idx_transactions_booking ON transactions (booking_id) WHERE booking_id IS NOT NULL"
    ),
    "idx_transactions_category_date": (
        "CREATE INDEX idx_transactions_category_date ON transactions (category, transaction_date) "
        "WHERE is_deleted = false"
    ),
    "idx_audit_logs_tenant_created": (
        "CREATE INDEX idx_audit_logs_tenant_created ON audit_logs (tenant_id, created_at DESC)"
    ),
    "idx_refresh_tokens_user_expires": (
        "CREATE INDEX idx_refresh_tokens_user_expires ON refresh_tokens (user_id, expires_at) "
        "WHERE is_revoked = false"
    ),
    "idx_employee_wallet_user_tenant": (
        "CREATE INDEX idx_employee_wallet_user_tenant ON employee_wallet (user_id, tenant_id)"
    ),
}
"""The guide's own statements, without IF NOT EXISTS."""

_numbers = count()


def database(server: Server, *statements: str) -> str:
    """Make a database of its own on a server, run statements in it, and return its name."""
    name = f"audit_{next(_numbers)}"
    server.run(f"CREATE DATABASE {name}")
    server.run(*statements, database=name)
    return name


def with_instead(name: str, *instead: str) -> tuple[str, ...]:
    """Return the statements of the guide's tables and indexes, one of these made in another way."""
    others = [statement for one, statement in INDEXES.items() if one != name]
    return (*TABLES, *others, *instead)


async def audited(
    server: Server, name: str, role: str = "postgres", known: Remembered | None = None
) -> tuple[Finding, ...]:
    """Audit a database."""
    facts = await read_structure(source(server, name, role), datetime.now(UTC))
    return findings(facts, known or Remembered(), ())


def of_rule(found: Sequence[Finding], rule: str) -> list[Finding]:
    """Return the findings of a rule."""
    return [one for one in found if one.rule == rule]


def of_index(found: Sequence[Finding], index: str, rule: str = "postgres.index.required") -> Finding:
    """Return the one finding of a rule about an index."""
    (one,) = [one for one in of_rule(found, rule) if dict(one.subject).get("index") == index]
    return one


def states(found: Sequence[Finding], rule: str = "postgres.index.required") -> dict[str, State]:
    """Return the state of each index that a rule speaks of."""
    return {dict(one.subject).get("index", ""): one.state for one in of_rule(found, rule)}


def source(server: Server, name: str, role: str = "postgres") -> Source:
    """Return a database as a source."""
    url = Secret(server.url_of(role, database=name))
    return Source("erp-db", SourceKind.POSTGRES, url, timedelta(seconds=15))


@contextmanager
def building(server: Server, name: str) -> Iterator[None]:
    """Let a CREATE INDEX CONCURRENTLY of the wallet's index wait for a transaction that is older."""
    with psycopg.connect(server.url_of("postgres", database=name)) as older:
        older.execute("INSERT INTO employee_wallet (user_id) VALUES (1)")
        statement = INDEXES["idx_employee_wallet_user_tenant"].replace("INDEX", "INDEX CONCURRENTLY", 1)
        thread = Thread(target=server.run, args=(statement,), kwargs={"database": name})
        thread.start()
        asked = "SELECT 1 FROM pg_stat_progress_create_index WHERE index_relid <> 0"
        while not server.run(asked, database=name):
            assert thread.is_alive()
            sleep(0.02)
        yield
        older.commit()
        thread.join()


def now() -> datetime:
    """Return our clock."""
    return datetime.now(UTC)
