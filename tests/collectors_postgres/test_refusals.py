"""What a poll says when it gives nothing, or only a part: one sentence with the remedy, no secret."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from headroom.budgets import Reason
from headroom.observation import SourceError

from .asking import absence, calls, collecting, connections, part, statements
from .conftest import Start
from .server import Server, free_port

PASSWORD = "planted-p%40ss"


async def refused(url: str | None, every: float = 15.0) -> SourceError:
    """Poll once and return the error, which must not hold the password."""
    async with collecting(url, every=every) as collector:
        with pytest.raises(SourceError) as caught:
            await collector.fetch()
    assert "planted" not in caught.value.message
    assert "planted" not in repr(collector)
    return caught.value


@asynccontextmanager
async def listening(answer: bytes | None) -> AsyncIterator[int]:
    """Answer whatever comes with the same bytes and hang up; with None accept and stay silent."""
    tasks: set[asyncio.Task[None]] = set()

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await reader.read(8)
            if answer is None:
                await asyncio.sleep(60)
            else:
                writer.write(answer)
        finally:
            writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await asyncio.sleep(0)  # for the transports to close


async def test_not_configured() -> None:
    """A source without an address names the variable to set."""
    error = await refused(None)

    assert error.reason is Reason.NOT_CONFIGURED
    assert error.message == "source erp-db has no address: set HEADROOM_POSTGRES_URL"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:planted@secret@127.0.0.1/erp",
        "postgresql://app:planted/secret@127.0.0.1/erp",
        "postgresql://app:planted?secret@127.0.0.1/erp",
        "http://app:planted@127.0.0.1/",
        "host=127.0.0.1 password='planted",
        "postgresql://app:planted%zz@127.0.0.1/erp",
    ],
)
async def test_unreadable_address(url: str) -> None:
    """A password with signs that must be escaped is never shown, whichever part it was taken for."""
    error = await refused(url)

    assert error.reason is Reason.UNREACHABLE
    assert error.message == (
        "the address of source erp-db cannot be read: write postgresql://role:password@host:5432/database, "
        "with %40 for @, %3A for : and %2F for / inside role and password"
    )


async def test_connection_refused() -> None:
    """Nobody listens."""
    port = free_port()
    error = await refused(f"postgresql://app:{PASSWORD}@127.0.0.1:{port}/erp")

    assert error.reason is Reason.UNREACHABLE
    assert error.message == (
        f"127.0.0.1:{port} refuses connections: start PostgreSQL there (listen_addresses must hold that "
        "address), or correct host and port in the URL"
    )


async def test_unknown_host() -> None:
    """The name service knows no such host."""
    error = await refused(f"postgresql://app:{PASSWORD}@db.invalid/erp")

    assert error.message == "the host of db.invalid:5432 is not known to the name service: correct the URL"


async def test_accepts_and_never_answers() -> None:
    """A listener that says nothing is given up in time."""
    async with listening(None) as port:
        began = time.monotonic()
        error = await refused(f"postgresql://app:{PASSWORD}@127.0.0.1:{port}/erp", every=5.0)

    assert time.monotonic() - began < 4
    assert error.message == (
        f"127.0.0.1:{port} opened no session within 2 s: it hangs, or a firewall drops packets"
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "does not speak PostgreSQL's protocol: correct host and port in the URL",
        ),
        (
            b"-ERR unknown command\r\n",
            "does not speak PostgreSQL's protocol: correct host and port in the URL",
        ),
        (b"", "closed the connection at once: it is shutting down, or is not PostgreSQL"),
    ],
)
async def test_not_postgresql(answer: bytes, said: str) -> None:
    """Another program listens there."""
    async with listening(answer) as port:
        error = await refused(f"postgresql://app:{PASSWORD}@127.0.0.1:{port}/erp?sslmode=disable")

    assert error.message == f"127.0.0.1:{port} {said}"


async def test_wrong_password(start: Start) -> None:
    """The server knows the role but not this password, or wants one at all."""
    server = start()
    server.run("CREATE ROLE clerk LOGIN PASSWORD 'right'")
    rules = server.folder / "data" / "pg_hba.conf"
    rules.write_text("host all clerk 127.0.0.1/32 scram-sha-256\nhost all postgres 127.0.0.1/32 trust\n")
    server.run("SELECT pg_reload_conf()")
    place = f"127.0.0.1:{server.port}"

    wrong = await refused(server.url_of("clerk", PASSWORD))
    none = await refused(server.url_of("clerk"))
    stranger = await refused(server.url_of("monitor", PASSWORD))
    rules.write_text("host all clerk 127.0.0.1/32 reject\nhost all postgres 127.0.0.1/32 trust\n")
    server.run("SELECT pg_reload_conf()")
    rejected = await refused(server.url_of("clerk", PASSWORD))

    assert wrong.reason is none.reason is stranger.reason is rejected.reason is Reason.NOT_PERMITTED
    assert wrong.message == f'{place} refuses the password of role "clerk": correct the URL'
    assert none.message == f'{place} wants a password for role "clerk": add it to the URL'
    assert stranger.message == (
        f'{place} lets role "monitor" not into database "postgres" from this machine: '
        "add a line to its pg_hba.conf and reload"
    )
    assert "pg_hba.conf rejects connection" in rejected.message


async def test_unknown_role_and_database(cluster: Server) -> None:
    """What is missing is named."""
    role = await refused(cluster.url_of("ghost", PASSWORD))
    database = await refused(cluster.url_of("monitor", PASSWORD, "ghost"))

    place = f"127.0.0.1:{cluster.port}"
    assert role.message == f'{place} says that role "ghost" does not exist: create it, or correct the URL'
    assert database.message == (
        f'{place} says that database "ghost" does not exist: create it, or correct the URL'
    )
    assert (role.reason, database.reason) == (Reason.NOT_PERMITTED, Reason.UNREACHABLE)


async def test_tls_wanted_but_not_offered(cluster: Server) -> None:
    """The server has no certificate."""
    error = await refused(cluster.url_of("monitor", PASSWORD) + "?sslmode=require")

    assert error.message == (
        f"127.0.0.1:{cluster.port} offers no TLS, which the URL asks for: switch it on there"
    )


async def test_no_free_connection(start: Start) -> None:
    """All slots are taken."""
    server = start(max_connections="5", superuser_reserved_connections="1")
    server.run("CREATE ROLE clerk LOGIN")
    taken = [psycopg.connect(server.url_of("clerk")) for _ in range(4)]
    error = await refused(server.url_of("clerk"))
    for connection in taken:
        connection.close()

    assert error.reason is Reason.UNREACHABLE
    assert error.message == (
        f"127.0.0.1:{server.port} has no free connection: all of max_connections are in use, or all that the "
        "role may have; close some, or keep one for this role"
    )


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
        "grant it that right"
    )
    assert part(reading, connections()).detail == "1 of 27, Headroom's own connection among them"


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
    assert part(reading, connections()).detail == "1 of 27, Headroom's own connection among them"
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
    async with collecting(server.url, every=1.0) as collector:
        await collector.fetch()
        with server.hanging(), pytest.raises(SourceError) as caught:
            await collector.fetch()

    assert caught.value.reason is Reason.UNREACHABLE
    assert caught.value.message == (
        f"127.0.0.1:{server.port} has the connection but did not answer within 0.7 s: "
        "it hangs or is overloaded"
    )
