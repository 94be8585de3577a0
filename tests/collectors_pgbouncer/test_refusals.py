"""Everything at which a poll of PgBouncer can fail: one sentence each, with what to do."""

from __future__ import annotations

import pytest

from collectors.pgbouncer import build
from headroom.budgets import Reason
from headroom.observation import SourceError
from tests.collectors_postgres.server import Server, free_port

from .asking import measure, source
from .conftest import Start


async def refusal(url: str, every: float = 15.0) -> tuple[Reason, str]:
    """Return why a poll gives nothing."""
    collector = build(source(url, every), {measure(): ()})
    try:
        with pytest.raises(SourceError) as error:
            await collector.fetch()
    finally:
        await collector.close()
    return error.value.reason, error.value.message


async def test_a_wrong_password(start: Start) -> None:
    """The password is not printed."""
    pooler = start()

    assert await refusal(pooler.url_of("monitor", "s3cret")) == (
        Reason.NOT_PERMITTED,
        (
            f'127.0.0.1:{pooler.port} refuses user "monitor": correct the password in the URL, '
            "or its line in auth_file"
        ),
    )


async def test_a_user_who_may_not_look(start: Start) -> None:
    """A user of the pools is no user of the console."""
    pooler = start()

    assert await refusal(pooler.url_of("erp_app")) == (
        Reason.NOT_PERMITTED,
        (
            f'127.0.0.1:{pooler.port} lets user "erp_app" not into its console: add it to stats_users in '
            "pgbouncer.ini and RELOAD"
        ),
    )


async def test_a_database_behind_the_pooler_is_no_console(start: Start) -> None:
    """A URL that ends in another database reaches PostgreSQL through PgBouncer."""
    pooler = start()

    assert await refusal(pooler.url_of("erp_app", database="erp")) == (
        Reason.BROKEN_INSTRUMENTATION,
        (
            f"127.0.0.1:{pooler.port} is no console of PgBouncer but PostgreSQL: let the "
            "URL name PgBouncer's port "
            "and end in /pgbouncer"
        ),
    )


async def test_postgresql_itself_is_no_pooler(postgres: Server) -> None:
    """PostgreSQL has no database pgbouncer."""
    assert await refusal(postgres.url_of("postgres", database="pgbouncer")) == (
        Reason.BROKEN_INSTRUMENTATION,
        (
            f"127.0.0.1:{postgres.port} is no console of PgBouncer but PostgreSQL: let the "
            "URL name PgBouncer's "
            "port and end in /pgbouncer"
        ),
    )


async def test_nobody_listens() -> None:
    """A pooler that is not started refuses connections."""
    port = free_port()

    assert await refusal(f"postgresql://monitor:watches@127.0.0.1:{port}/pgbouncer") == (
        Reason.UNREACHABLE,
        (
            f"127.0.0.1:{port} refuses connections: start PgBouncer there (listen_addr must "
            "hold it), or correct "
            "the URL"
        ),
    )


async def test_a_pooler_that_ends_is_found_again(start: Start) -> None:
    """After a restart the next poll opens a new session."""
    pooler = start()
    collector = build(source(pooler.url_of()), {measure(): ()})
    await collector.fetch()
    pooler.stop()
    pooler.start()

    assert (await collector.fetch()).version == "1.18.0"
    await collector.close()
