"""What does a required index's work passes, under any name and in any words."""

from __future__ import annotations

import pytest

from headroom.audit.finding import Finding
from headroom.checks import State
from tests.collectors_postgres.conftest import Clusters
from tests.collectors_postgres.server import MAJORS, Server

from .erp import INDEXES, TABLES, audited, building, database, of_index, of_rule, states, with_instead

TDT, BOOKING, CATEGORY, AUDIT, TOKENS, WALLET = INDEXES
UNKNOWN_USE = "how often it is read is not known yet: that takes an earlier audit to compare with"


@pytest.mark.parametrize("major", MAJORS)
async def test_every_major(cluster_of: Clusters, major: int) -> None:
    """The catalogue is read the same from 13 to 18, under other names, too."""
    renamed = [statement.replace("INDEX idx_", "INDEX ix_") for statement in INDEXES.values()]
    server = cluster_of(major)
    name = database(server, *TABLES, *renamed)

    found = await audited(server, name)

    assert set(states(found).values()) == {State.PASS}
    assert of_index(found, AUDIT).found == (
        f"public.ix_audit_logs_tenant_created does it under another name; {UNKNOWN_USE}"
    )


@pytest.mark.parametrize(
    ("index", "statement"),
    [
        (AUDIT, "CREATE INDEX {} ON audit_logs (tenant_id DESC, created_at)"),
        (WALLET, "CREATE INDEX {} ON employee_wallet (user_id DESC, tenant_id DESC)"),
        (TOKENS, "CREATE INDEX {} ON refresh_tokens (user_id, expires_at) WHERE NOT is_revoked"),
        (TOKENS, "CREATE INDEX {} ON refresh_tokens (user_id, expires_at) WHERE ((is_revoked)) <> true"),
        (TOKENS, "CREATE INDEX {} ON refresh_tokens (user_id, expires_at) WHERE (false = is_revoked)"),
        (TOKENS, "CREATE INDEX {} ON refresh_tokens (user_id, expires_at) WHERE NOT (is_revoked = true)"),
    ],
)
async def test_other_words_for_the_same(cluster: Server, index: str, statement: str) -> None:
    """A b-tree is read both ways, and to the planner these predicates are one."""
    name = database(cluster, *with_instead(index, statement.format(index)))

    one = of_index(await audited(cluster, name), index)

    assert (one.state, one.found, one.migration) == (State.PASS, f"public.{index} is it; {UNKNOWN_USE}", ())


@pytest.mark.parametrize(
    ("index", "statement", "remark"),
    [
        (WALLET, "CREATE UNIQUE INDEX w ON employee_wallet (user_id, tenant_id)", "it is unique"),
        (WALLET, "CREATE INDEX w ON employee_wallet (user_id, tenant_id, id)", "it goes on with (id)"),
        (WALLET, "CREATE INDEX w ON employee_wallet (user_id, tenant_id) INCLUDE (id)", "it includes (id)"),
        (AUDIT, "CREATE INDEX w ON audit_logs (tenant_id, created_at DESC, id DESC)",
         "it goes on with (id DESC)"),
    ],
)  # fmt: skip
async def test_more_than_required(cluster: Server, index: str, statement: str, remark: str) -> None:
    """An index with more behind, or a unique one, does the same work."""
    name = database(cluster, *with_instead(index, statement))

    one = of_index(await audited(cluster, name), index)

    assert (one.state, one.found) == (
        State.PASS, f"public.w does it under another name; {remark}; {UNKNOWN_USE}",
    )  # fmt: skip


async def test_each_schema_of_its_own(cluster: Server) -> None:
    """Tenants in schemas: what one has does not count for another."""
    name = database(cluster, *TABLES, *INDEXES.values(), "CREATE SCHEMA b")
    cluster.run("CREATE TABLE b.employee_wallet (id int, user_id int, tenant_id int)", database=name)

    found = of_rule(await audited(cluster, name), "postgres.index.required")

    of_wallet = {dict(one.subject)["schema"]: one for one in found if dict(one.subject)["index"] == WALLET}
    assert {schema: one.state for schema, one in of_wallet.items()} == {"public": State.PASS, "b": State.FAIL}
    assert of_wallet["b"].fix == (
        f'CREATE INDEX CONCURRENTLY {WALLET} ON "b".employee_wallet (user_id, tenant_id);'
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('CREATE TABLE refresh_tokens (user_id int, "expiresAt" timestamptz, is_revoked boolean)',
         "public.refresh_tokens has no column expires_at: the guide's index does not fit it"),
        ("CREATE TABLE refresh_tokens (user_id int, expires_at timestamptz)",
         "public.refresh_tokens has no column is_revoked: the guide's index does not fit it"),
        ("CREATE TABLE refresh_tokens (user_id int, expires_at timestamptz, is_revoked smallint)",
         ("public.refresh_tokens has a column is_revoked that is not boolean: the guide's index does "
         "not fit it")),
    ],
)  # fmt: skip
async def test_a_table_of_another_make(cluster: Server, table: str, said: str) -> None:
    """The guide's statement would fail on it, so it is not printed as one to run."""
    one = of_index(await audited(cluster, database(cluster, table)), TOKENS)

    assert (one.state, one.found, one.migration) == (State.CANNOT_CHECK, said, ())


async def test_a_wrong_one_that_guards_uniqueness(cluster: Server) -> None:
    """It is not dropped: the required one is made beside it."""
    name = database(
        cluster,
        *with_instead(
            WALLET, f"ALTER TABLE employee_wallet ADD CONSTRAINT {WALLET} UNIQUE (tenant_id, user_id)"
        ),
    )

    one = of_index(await audited(cluster, name), WALLET)

    assert one.found.endswith("; it guards a constraint or uniqueness, so it stays")
    assert one.migration == (
        f"CREATE INDEX CONCURRENTLY {WALLET}_2 ON public.employee_wallet (user_id, tenant_id);",
    )


async def test_one_being_built(cluster: Server) -> None:
    """A CREATE INDEX CONCURRENTLY that waits for an older transaction is no failure."""
    name = database(cluster, *with_instead(WALLET))
    with building(cluster, name):
        found = await audited(cluster, name)

    one = of_index(found, WALLET)
    assert (one.state, one.found, one.migration) == (
        State.WARN, f"public.{WALLET} is being built just now", (),
    )  # fmt: skip
    (other,) = of_rule(found, "postgres.index.invalid")
    assert (other.state, other.found) == (
        State.PASS, "of 10 indexes 1 are being built, the others are valid",
    )  # fmt: skip


async def test_a_role_without_rights(cluster: Server) -> None:
    """Structure is open to all; what is hidden is said, and an index not valid is not called broken."""
    name = database(cluster, *with_instead(WALLET))
    with building(cluster, name):
        found: tuple[Finding, ...] = await audited(cluster, name, role="nobody")

    (hidden,) = of_rule(found, "postgres.catalogue")
    assert (hidden.state, hidden.found) == (
        State.CANNOT_CHECK,
        'role "nobody" may not see whether an index is being built just now: GRANT pg_monitor TO "nobody";',
    )
    one = of_index(found, WALLET)
    assert (one.state, one.found) == (
        State.CANNOT_CHECK,
        f"public.{WALLET} is not valid; this role may not see whether it is being built just now",
    )
    assert of_index(found, TDT).state is State.PASS
