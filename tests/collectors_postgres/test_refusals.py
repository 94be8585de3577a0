"""What a poll says when an open session gives nothing, or only a part: one sentence with the remedy."""

from __future__ import annotations

import asyncio
import time

import pytest

from headroom.budgets import Reason
from headroom.observation import SourceError

from .asking import absence, calls, collecting, connections, part, statements
from .conftest import Start
from .doors import refused
from .server import Server


async def test_not_configured() -> None:
    """A source without an address names the variable to set."""
    error = await refused(None)

    assert error.reason is Reason.NOT_CONFIGURED
    assert error.message == "source erp-db has no address: set HEADROOM_POSTGRES_URL"


async def test_role_without_pg_monitor(cluster: Server) -> None:
    """A role that sees only its own statements would show an idle server."""
    error = await refused(cluster.url_of("nobody"))

    assert error.reason is Reason.NOT_PERMITTED
    assert error.message == (
        'role "nobody" may not read the statistics of other roles: GRANT pg_monitor TO "nobody";'
    )


async def test_right_to_the_function_is_missing(start: Start) -> None:
    """The role may read all statistics, but this function was taken from the public."""
    server = start()
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE clerk LOGIN",
        "GRANT pg_read_all_stats TO clerk",
        "REVOKE ALL ON FUNCTION pg_stat_statements(boolean) FROM public",
    )
    async with collecting(server.url_of("clerk")) as collector:
        reading = collector.difference(await collector.fetch(), await collector.fetch())

    found = absence(reading, statements("lookup"))
    assert found.reason is Reason.NOT_PERMITTED
    assert found.detail == (
        'role "clerk" may not read pg_stat_statements (permission denied for function pg_stat_statements): '
        'GRANT EXECUTE ON FUNCTION pg_stat_statements(boolean) TO "clerk";'
    )
    assert part(reading, connections()).detail.startswith("1 of 27")


async def test_extension_missing_then_created(start: Start) -> None:
    """Connections are told all the same; once the extension is there, statements are too."""
    server = start()
    async with collecting(server.url) as collector:
        first = await collector.fetch()
        reading = collector.difference(first, await collector.fetch())
        server.run("CREATE EXTENSION pg_stat_statements")
        third = await collector.fetch()
        between = collector.difference(first, third)
        healed = collector.difference(third, await collector.fetch())

    found = absence(reading, statements("lookup"))
    assert found.reason is Reason.BROKEN_INSTRUMENTATION
    assert found.detail == (
        'pg_stat_statements is not installed in database "postgres": run there, as a superuser, '
        "CREATE EXTENSION pg_stat_statements;"
    )
    assert part(reading, connections()).detail.startswith("1 of 27")
    assert absence(between, statements("lookup")).detail == (
        "one reading of pg_stat_statements so far; a difference needs two"
    )
    assert calls(healed, "lookup") == 0


async def test_extension_moves(start: Start) -> None:
    """Dropped and created again elsewhere, the extension is found within the same poll."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run("DROP EXTENSION pg_stat_statements")
        gone = collector.difference(before, await collector.fetch())
        server.run("CREATE SCHEMA stats", "CREATE EXTENSION pg_stat_statements SCHEMA stats")
        moved = await collector.fetch()
        server.run("ALTER EXTENSION pg_stat_statements SET SCHEMA public")
        reading = collector.difference(moved, await collector.fetch())

    assert absence(gone, statements("lookup")).detail.startswith("pg_stat_statements is not installed in ")
    assert calls(reading, "lookup") == 0


async def test_extension_missing_and_nothing_else_asked(start: Start) -> None:
    """A poll that gives nothing at all is an error."""
    server = start()
    async with collecting(server.url, {statements("lookup"): (0.01,)}) as collector:
        with pytest.raises(SourceError, match="CREATE EXTENSION pg_stat_statements;") as caught:
            await collector.fetch()

    assert caught.value.reason is Reason.BROKEN_INSTRUMENTATION


async def test_not_preloaded(start: Start) -> None:
    """The extension is created, but the library was not loaded at the start."""
    server = start(shared_preload_libraries="")
    server.run("CREATE EXTENSION pg_stat_statements")
    async with collecting(server.url) as collector:
        reading = collector.difference(await collector.fetch(), await collector.fetch())

    found = absence(reading, statements("list"))
    assert found.reason is Reason.BROKEN_INSTRUMENTATION
    assert found.detail == (
        "pg_stat_statements is not loaded: add it to shared_preload_libraries in postgresql.conf "
        "(shared_preload_libraries = 'pg_stat_statements') and restart PostgreSQL"
    )
    assert part(reading, connections()).quality.value == "exact"


async def test_stopped_and_started_again(start: Start) -> None:
    """A server that is down is said to be; once it is back the next poll works."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.stop()
        with pytest.raises(SourceError) as caught:
            await collector.fetch()
        server.start()
        reading = collector.difference(before, await collector.fetch())

    assert caught.value.message.startswith(f"127.0.0.1:{server.port} refuses connections: ")
    assert calls(reading, "lookup") == 0


async def test_hanging_server_is_left_at_once(start: Start) -> None:
    """A cancelled poll ends at once though the server hangs, and the poll after its recovery works."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        with server.hanging():
            began = time.monotonic()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(collector.fetch(), 0.3)
            first = time.monotonic() - began
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(collector.fetch(), 0.3)
            both = time.monotonic() - began
        reading = collector.difference(before, await collector.fetch())

    assert first < 0.8
    assert both < 1.6
    assert calls(reading, "lookup") == 0


async def test_hanging_server_is_named(start: Start) -> None:
    """Without anybody to cancel it the poll gives up by itself, before the next one is due."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements")
    async with collecting(server.url, every=4.0) as collector:
        await collector.fetch()
        with server.hanging(), pytest.raises(SourceError) as caught:
            await collector.fetch()

    assert caught.value.reason is Reason.UNREACHABLE
    assert caught.value.message == (
        f"127.0.0.1:{server.port} has the connection but did not answer within 2.8 s: "
        "it hangs or is overloaded"
    )
