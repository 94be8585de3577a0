"""Each of the guide's six indexes made wrong in turn, under its right name: every single one is found."""

from __future__ import annotations

import contextlib

import psycopg
import pytest

from headroom.checks import State
from tests.collectors_postgres.server import Server

from .erp import INDEXES, TABLES, audited, database, of_index, of_rule, states, with_instead

UNKNOWN_USE = "how often it is read is not known yet: that takes an earlier audit to compare with"
TDT, BOOKING, CATEGORY, AUDIT, TOKENS, WALLET = INDEXES
_IN_WORDS = {
    TDT: ("transactions", "(tenant_id, transaction_date, type)", "is_deleted = false"),
    BOOKING: ("transactions", "(booking_id)", "booking_id IS NOT NULL"),
    CATEGORY: ("transactions", "(category, transaction_date)", "is_deleted = false"),
    AUDIT: ("audit_logs", "(tenant_id, created_at DESC)", ""),
    TOKENS: ("refresh_tokens", "(user_id, expires_at)", "is_revoked = false"),
    WALLET: ("employee_wallet", "(user_id, tenant_id)", ""),
}
NO_WHERE = "it has no WHERE {}: it serves, but holds and writes all rows"
WRONG_FORMS = [
    # columns swapped
    (TDT, "(transaction_date, tenant_id, type) WHERE is_deleted = false",
     "it is on (transaction_date, tenant_id, type) instead of (tenant_id, transaction_date, type)"),
    (TDT, "(tenant_id, type, transaction_date) WHERE is_deleted = false",
     "it is on (tenant_id, type, transaction_date) instead of (tenant_id, transaction_date, type)"),
    (CATEGORY, "(transaction_date, category) WHERE is_deleted = false",
     "it is on (transaction_date, category) instead of (category, transaction_date)"),
    (AUDIT, "(created_at DESC, tenant_id)",
     "it is on (created_at DESC, tenant_id) instead of (tenant_id, created_at DESC)"),
    (TOKENS, "(expires_at, user_id) WHERE is_revoked = false",
     "it is on (expires_at, user_id) instead of (user_id, expires_at)"),
    (WALLET, "(tenant_id, user_id)", "it is on (tenant_id, user_id) instead of (user_id, tenant_id)"),
    # a column missing, or another one
    (TDT, "(tenant_id, transaction_date) WHERE is_deleted = false",
     "it is on (tenant_id, transaction_date) instead of (tenant_id, transaction_date, type)"),
    (BOOKING, "(id) WHERE booking_id IS NOT NULL", "it is on (id) instead of (booking_id)"),
    (CATEGORY, "(category) WHERE is_deleted = false",
     "it is on (category) instead of (category, transaction_date)"),
    (AUDIT, "(tenant_id)", "it is on (tenant_id) instead of (tenant_id, created_at DESC)"),
    (TOKENS, "(user_id) WHERE is_revoked = false", "it is on (user_id) instead of (user_id, expires_at)"),
    (WALLET, "(user_id)", "it is on (user_id) instead of (user_id, tenant_id)"),
    (WALLET, "(user_id) INCLUDE (tenant_id)", "it is on (user_id) instead of (user_id, tenant_id)"),
    (CATEGORY, "(lower(category), transaction_date) WHERE is_deleted = false",
     "it is on (lower(category), transaction_date) instead of (category, transaction_date)"),
    # another predicate
    (TDT, "(tenant_id, transaction_date, type) WHERE is_deleted = true",
     "its predicate is WHERE is_deleted = true instead of WHERE is_deleted = false"),
    (TDT, "(tenant_id, transaction_date, type) WHERE is_deleted IS NOT TRUE",
     "its predicate is WHERE is_deleted IS NOT TRUE instead of WHERE is_deleted = false"),
    (BOOKING, "(booking_id) WHERE booking_id IS NULL",
     "its predicate is WHERE booking_id IS NULL instead of WHERE booking_id IS NOT NULL"),
    (CATEGORY, "(category, transaction_date) WHERE is_deleted = false AND category <> 'x'",
     ("its predicate is WHERE (is_deleted = false) AND (category <> …::text) instead of "
     "WHERE is_deleted = false")),
    (AUDIT, "(tenant_id, created_at DESC) WHERE tenant_id > 5",
     "it holds only the rows WHERE tenant_id > …, and all are wanted"),
    (TOKENS, "(user_id, expires_at) WHERE is_revoked",
     "its predicate is WHERE is_revoked instead of WHERE is_revoked = false"),
    (WALLET, "(user_id, tenant_id) WHERE tenant_id IS NOT NULL",
     "it holds only the rows WHERE tenant_id IS NOT NULL, and all are wanted"),
    # another operator class or collation
    (CATEGORY, "(category text_pattern_ops, transaction_date) WHERE is_deleted = false",
     "its category has the operator class text_pattern_ops, not the default"),
    (TDT, '(tenant_id, transaction_date, type COLLATE "POSIX") WHERE is_deleted = false',
     "its type has the collation POSIX, not the column's"),
]  # fmt: skip
LESSER_FORMS = [
    # the predicate dropped
    (TDT, "(tenant_id, transaction_date, type)", NO_WHERE.format("is_deleted = false")),
    (BOOKING, "(booking_id)", NO_WHERE.format("booking_id IS NOT NULL")),
    (CATEGORY, "(category, transaction_date)", NO_WHERE.format("is_deleted = false")),
    (TOKENS, "(user_id, expires_at)", NO_WHERE.format("is_revoked = false")),
    (TOKENS, "(user_id, expires_at) WHERE is_revoked IS FALSE",
     ("its WHERE is_revoked IS FALSE means the same, but PostgreSQL uses it only for statements that say "
     "IS FALSE, and never for is_revoked = false")),
    # the direction changed
    (AUDIT, "(tenant_id, created_at)",
     ("its order is (tenant_id, created_at) instead of (tenant_id, created_at DESC): it serves WHERE "
     "tenant_id = … ORDER BY created_at DESC, but not ORDER BY tenant_id, created_at DESC")),
    (AUDIT, "(tenant_id, created_at DESC NULLS LAST)",
     ("its order is (tenant_id, created_at DESC NULLS LAST) instead of (tenant_id, created_at DESC): "
      "it serves "
     "conditions on these columns, but not ORDER BY tenant_id, created_at DESC")),
    (TDT, "(tenant_id, transaction_date DESC, type) WHERE is_deleted = false",
     ("its order is (tenant_id, transaction_date DESC, type) instead of (tenant_id, transaction_date, type): "
     "it serves WHERE tenant_id = … ORDER BY transaction_date, but not ORDER BY tenant_id, transaction_date, "
     "type")),
]  # fmt: skip


@pytest.mark.parametrize(("index", "form", "said"), WRONG_FORMS)
async def test_a_wrong_one_of_the_right_name(cluster: Server, index: str, form: str, said: str) -> None:
    """It fails with what is different about it; the others pass."""
    table, _, _ = _IN_WORDS[index]
    name = database(cluster, *with_instead(index, f"CREATE INDEX {index} ON {table} {form}"))

    found = await audited(cluster, name)

    one = of_index(found, index)
    assert one.found == f"public.{index} is not the index that the guide names so: {said}"
    assert states(found) == {each: State.FAIL if each == index else State.PASS for each in INDEXES}
    assert one.migration == replaced(index)
    assert one.fix == "\n".join(one.migration)


@pytest.mark.parametrize(("index", "form", "said"), LESSER_FORMS)
async def test_one_that_serves_less_well(cluster: Server, index: str, form: str, said: str) -> None:
    """It is a warning that says what it does not serve."""
    table, _, _ = _IN_WORDS[index]
    name = database(cluster, *with_instead(index, f"CREATE INDEX {index} ON {table} {form}"))

    found = await audited(cluster, name)

    one = of_index(found, index)
    assert one.found == f"public.{index}: {said}"
    assert states(found) == {each: State.WARN if each == index else State.PASS for each in INDEXES}
    assert one.migration == replaced(index)


@pytest.mark.parametrize("method", ["hash", "brin"])
@pytest.mark.parametrize("index", INDEXES)
async def test_another_access_method(cluster: Server, index: str, method: str) -> None:
    """A hash index compares for equality only, and a BRIN says where not to look."""
    table, keys, predicate = _IN_WORDS[index]
    columns = keys.replace(" DESC", "")
    some = f"({columns[1:].split(',')[0].rstrip(')')})" if method == "hash" else columns
    where = f" WHERE {predicate}" if predicate else ""
    name = database(
        cluster, *with_instead(index, f"CREATE INDEX {index} ON {table} USING {method} {some}{where}")
    )

    one = of_index(await audited(cluster, name), index)

    other = "" if some == columns else f"; it is on {some} instead of {keys}"
    assert (one.state, one.found) == (
        State.FAIL,
        (
            f"public.{index} is not the index that the guide names so: it is a {method} index instead "
            f"of a b-tree"
            f"{other}"
        ),
    )
    assert one.migration == replaced(index)


@pytest.mark.parametrize("index", INDEXES)
async def test_one_that_failed_to_build(cluster: Server, index: str) -> None:
    """A CREATE UNIQUE INDEX CONCURRENTLY that met duplicates leaves the name, and what none reads."""
    table, keys, predicate = _IN_WORDS[index]
    where = f" WHERE {predicate}" if predicate else ""
    name = database(cluster, *with_instead(index))
    rows = {
        "transactions": "(tenant_id, transaction_date, type, category, booking_id) "
        "SELECT 1, '2026-01-01', 'a', 'b', 1 FROM generate_series(1, 2)",
        "audit_logs": "(tenant_id, created_at) SELECT 1, '2026-01-01' FROM generate_series(1, 2)",
        "refresh_tokens": "(user_id, expires_at) SELECT 1, '2026-01-01' FROM generate_series(1, 2)",
        "employee_wallet": "(user_id, tenant_id) SELECT 1, 1 FROM generate_series(1, 2)",
    }
    cluster.run(f"INSERT INTO {table} {rows[table]}", database=name)
    with contextlib.suppress(psycopg.errors.UniqueViolation):
        cluster.run(f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {table} {keys}{where}", database=name)

    found = await audited(cluster, name)

    one = of_index(found, index)
    assert (one.state, one.found) == (
        State.FAIL,
        f"public.{index} is not valid: building it failed, so that it is written and never read",
    )
    (other,) = of_rule(found, "postgres.index.invalid")
    assert (other.state, other.found, other.fix, other.migration) == (
        State.FAIL,
        f"public.{index} on {table} is not valid: building it failed",
        "see postgres.index.required",
        (),
    )


@pytest.mark.parametrize("flag", ["indisvalid", "indisready", "indislive"])
async def test_each_flag_of_the_catalogue(cluster: Server, flag: str) -> None:
    """Not valid, not ready or not live: any one of them, and no statement reads it."""
    name = database(cluster, *TABLES, *INDEXES.values())
    cluster.run(
        "SET allow_system_table_mods = on",
        f"UPDATE pg_index SET {flag} = false WHERE indexrelid = '{WALLET}'::regclass",
        database=name,
    )

    found = await audited(cluster, name)

    assert states(found) == {each: State.FAIL if each == WALLET else State.PASS for each in INDEXES}


@pytest.mark.parametrize("index", INDEXES)
async def test_the_name_is_on_another_table(cluster: Server, index: str) -> None:
    """CREATE INDEX IF NOT EXISTS would do nothing; the other table's index is not touched."""
    table, keys, predicate = _IN_WORDS[index]
    columns = ", ".join(f"{word.split()[0]} text" for word in keys[1:-1].split(", "))
    name = database(
        cluster,
        *with_instead(
            index, f"CREATE TABLE elsewhere ({columns})", f"CREATE INDEX {index} ON elsewhere {keys}"
        ),
    )

    one = of_index(await audited(cluster, name), index)

    where = f" WHERE {predicate}" if predicate else ""
    assert (one.state, one.found) == (
        State.FAIL,
        (
            f"public.{table} has no such index; an index of that name is on public.elsewhere, and "
            f"CREATE INDEX IF "
            "NOT EXISTS would leave it at that"
        ),
    )
    assert one.migration == (f"CREATE INDEX CONCURRENTLY {index}_2 ON public.{table} {keys}{where};",)


@pytest.mark.parametrize("index", INDEXES)
async def test_none_at_all(cluster: Server, index: str) -> None:
    """The statement that makes it is the guide's, fit for a table in use."""
    table, keys, predicate = _IN_WORDS[index]
    name = database(cluster, *with_instead(index))

    one = of_index(await audited(cluster, name), index)

    where = f" WHERE {predicate}" if predicate else ""
    assert (one.state, one.found) == (State.FAIL, f"public.{table} has no such index")
    assert one.migration == (f"CREATE INDEX CONCURRENTLY {index} ON public.{table} {keys}{where};",)
    assert one.subject == (
        ("database", name), ("index", index), ("schema", "public"), ("source", "erp-db"), ("table", table),
    )  # fmt: skip


async def test_all_right(cluster: Server) -> None:
    """The guide's own statements pass, all of them."""
    name = database(cluster, *TABLES, *INDEXES.values())

    found = await audited(cluster, name)

    assert set(states(found).values()) == {State.PASS}
    assert of_index(found, TDT).found == f"public.{TDT} is it; {UNKNOWN_USE}"
    assert of_index(found, TDT).guide == (
        "Index Strategy: idx_transactions_tenant_date_type ON transactions (tenant_id, "
        "transaction_date, type) "
        "WHERE is_deleted = false"
    )


async def test_no_such_table(cluster: Server) -> None:
    """Another application's database is not held against this guide."""
    name = database(cluster, "CREATE TABLE other (id int)", "CREATE VIEW transactions AS SELECT 1 AS one")

    found = await audited(cluster, name)

    assert set(states(found).values()) == {State.NOT_APPLICABLE}
    assert of_index(found, BOOKING).found == f"no table transactions in database {name}"


def replaced(index: str) -> tuple[str, ...]:
    """Return the statements that put the guide's index in the place of a wrong one."""
    table, keys, predicate = _IN_WORDS[index]
    where = f" WHERE {predicate}" if predicate else ""
    return (
        f"CREATE INDEX CONCURRENTLY {index}_new ON public.{table} {keys}{where};",
        f"DROP INDEX CONCURRENTLY public.{index};",
        f"ALTER INDEX public.{index}_new RENAME TO {index};",
    )
