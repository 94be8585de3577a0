"""The audit never waits behind DDL: what is locked is left out, and said."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic

import psycopg
import pytest

from headroom.checks import State
from headroom.observation import SourceError
from monitor.audit.look import read_structure
from tests.collectors_postgres.conftest import Clusters
from tests.collectors_postgres.server import MAJORS, Server

from .erp import INDEXES, TABLES, audited, database, of_index, of_rule, source

QUICK = 0.9  # seconds: before lock_timeout would end a wait
LOCKED = (
    "skipped: locked: public.transactions is locked exclusively (ALTER TABLE or the like), so that the "
    "predicates "
    "of its indexes cannot be read without waiting"
)


@pytest.mark.parametrize("major", MAJORS)
async def test_a_locked_table(cluster_of: Clusters, major: int) -> None:
    """It answers at once, judges what needs no lock, and says what it could not read."""
    server = cluster_of(major)
    name = database(server, *TABLES, *INDEXES.values())
    with psycopg.connect(server.url_of("postgres", database=name)) as other:
        other.execute("LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE")
        began = monotonic()
        found = await audited(server, name)
        took = monotonic() - began

    assert took < QUICK
    assert [(one.state, one.found) for one in of_rule(found, "postgres.catalogue")] == [
        (State.CANNOT_CHECK, LOCKED)
    ]
    one = of_index(found, "idx_transactions_booking")
    assert (one.state, one.found, one.migration) == (
        State.CANNOT_CHECK,
        "the predicate of public.idx_transactions_booking could not be read: public.transactions is locked",
        (),
    )
    assert of_index(found, "idx_refresh_tokens_user_expires").state is State.PASS


async def test_a_lock_that_is_waited_for(cluster: Server) -> None:
    """Behind an ALTER TABLE that waits, a reader would wait as well."""
    name = database(cluster, *TABLES, *INDEXES.values())
    with (
        psycopg.connect(cluster.url_of("postgres", database=name)) as reader,
        psycopg.connect(cluster.url_of("postgres", database=name), autocommit=True) as changer,
    ):
        reader.execute("SELECT count(*) FROM transactions")
        changer.execute("SET lock_timeout = '10s'")
        changer.pgconn.send_query(b"ALTER TABLE transactions ADD COLUMN more int")
        while not cluster.run("SELECT 1 FROM pg_locks WHERE NOT granted", database=name):
            pass
        began = monotonic()
        found = await audited(cluster, name)
        took = monotonic() - began
        reader.rollback()
        while changer.pgconn.get_result():
            pass

    assert took < QUICK
    assert [one.found for one in of_rule(found, "postgres.catalogue")] == [LOCKED]


async def test_a_locked_index(cluster: Server) -> None:
    """A REINDEX locks the index alone."""
    name = database(cluster, *TABLES, *INDEXES.values())
    with psycopg.connect(cluster.url_of("postgres", database=name)) as other:
        other.execute("REINDEX INDEX idx_transactions_booking")
        began = monotonic()
        found = await audited(cluster, name)
        took = monotonic() - began

    assert took < QUICK
    assert of_index(found, "idx_transactions_booking").state is State.CANNOT_CHECK
    assert of_index(found, "idx_transactions_category_date").state is State.PASS


async def test_a_locked_catalogue(cluster: Server) -> None:
    """A VACUUM FULL of a system table ends the audit of this source by one sentence."""
    name = database(cluster, *TABLES)
    with psycopg.connect(cluster.url_of("postgres", database=name)) as other:
        # The session that audits reads pg_class at its start; pg_inherits is read by the audit alone.
        other.execute("SET allow_system_table_mods = on")
        other.execute("LOCK TABLE pg_inherits IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SourceError) as refused:
            await read_structure(source(cluster, name), datetime.now(UTC))

    assert refused.value.message == (
        f"the catalogue of 127.0.0.1:{cluster.port} was locked for longer than a second (VACUUM FULL "
        f"or CLUSTER "
        "of a system table): try again when that is done"
    )
