"""Constants in predicates and expressions may be anybody's data: no finding holds one."""

from __future__ import annotations

from headroom.checks import State
from tests.collectors_postgres.server import Server

from .erp import INDEXES, TABLES, audited, database, of_index, with_instead

TOKENS, CATEGORY = "idx_refresh_tokens_user_expires", "idx_transactions_category_date"


async def test_no_constant_in_any_finding(cluster: Server) -> None:
    """Planted in predicates, with quotes and backslashes around it, and in expressions."""
    name = database(
        cluster,
        *with_instead(
            CATEGORY,
            (
                f"CREATE INDEX {CATEGORY} ON transactions ((category || 'it''s \\planted'), "
                "transaction_date) WHERE category <> 'planted''s \\' AND id > 4711471147114711 "
                "AND NOT is_deleted"
            ),
            "CREATE INDEX of_one ON transactions (booking_id) WHERE category = 'planted'",
            "CREATE INDEX twin ON transactions (booking_id) WHERE category = 'planted'",
        ),
    )

    found = await audited(cluster, name)

    assert of_index(found, CATEGORY).found == (
        f"public.{CATEGORY} is not the index that the guide names so: it is on (((category || …::text)), "
        "transaction_date) instead of (category, transaction_date); its predicate is WHERE (category <> "
        "…::text) AND (id > …::bigint) AND (NOT is_deleted) instead of WHERE is_deleted = false"
    )
    told = "".join(f"{one.found}{one.fix}{one.migration}{one.subject}" for one in found)
    assert "planted" not in told
    assert "4711" not in told


async def test_a_boolean_behind_domains(cluster: Server) -> None:
    """A domain over a domain over boolean is one, and its predicate is read through the server's cast."""
    table = "CREATE TABLE refresh_tokens (user_id int, expires_at timestamptz, is_revoked flag NOT NULL)"
    types = ("CREATE DOMAIN yes_no AS boolean", "CREATE DOMAIN flag AS yes_no")
    others = [one for one in TABLES if "refresh_tokens" not in one]
    lacking = database(cluster, *types, table, *others)
    there = database(cluster, *types, table, *others, *INDEXES.values())
    wrong = database(
        cluster,
        *types,
        table,
        f"CREATE INDEX {TOKENS} ON refresh_tokens (user_id, expires_at) WHERE is_revoked",
    )

    missing = of_index(await audited(cluster, lacking), TOKENS)

    assert (missing.state, missing.found) == (State.FAIL, "public.refresh_tokens has no such index")
    assert of_index(await audited(cluster, there), TOKENS).state is State.PASS
    assert of_index(await audited(cluster, wrong), TOKENS).found.endswith(
        "its predicate is WHERE is_revoked instead of WHERE is_revoked = false"
    )
