"""The heaviest statements of real servers: what they did in all, and what they do between readings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from collectors.postgres.audited.heaviest import Heaviest, Key, read_heaviest
from headroom.audit.workload_facts import Counts
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Secret, Source, SourceKind

from .conftest import Clusters, Start
from .server import MAJORS, Server, free_port

_BY_BOOKING = "SELECT title FROM tasks WHERE booking = {}"


def _source(url: str) -> Source:
    return Source("erp-db", SourceKind.POSTGRES, Secret(url), timedelta(seconds=15))


def _between(server: Server, *runs: list[str]) -> Callable[[float], Awaitable[None]]:
    """Return a sleep that runs statements instead: the first list after the first reading, and so on."""
    left = list(runs)

    async def sleep(_: float) -> None:
        await asyncio.to_thread(server.run, *left.pop(0))

    return sleep


def _key(read: Heaviest, part: str) -> Key:
    found = [key for key, text in read.texts.items() if text is not None and part in text]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("major", MAJORS)
async def test_counts(cluster_of: Clusters, major: int) -> None:
    """Calls and rows of each window and of all time are those that were run, on every version."""
    server = cluster_of(major)
    server.run("SELECT pg_stat_statements_reset()", *[_BY_BOOKING.format(at) for at in range(7)])
    source = _source(server.url_of("monitor"))
    first, second = [_BY_BOOKING.format(1)] * 3, [_BY_BOOKING.format(2)] * 2
    read = await read_heaviest(source, sleep=_between(server, first, second))
    key = _key(read, "FROM tasks WHERE booking")
    total, windows = read.counts(key)

    assert (total.calls, total.rows) == (12, 120)
    assert [(one.calls, one.rows) for one in windows] == [(3, 30), (2, 20)]
    assert all(one.blocks >= one.calls for one in (total, *windows))
    assert 0 < windows[0].seconds < total.seconds
    assert 0 < total.variation < 10
    assert (read.roles[key[0]], read.databases[key[1]]) == ("postgres", "postgres")
    assert len(read.lengths) == 2
    assert read.most == 5000
    assert 0 < read.entries < 100
    assert read.unread == 0
    assert (read.evictions, read.since is None) == ((None, True) if major == 13 else (0, False))
    assert read.since is None or abs(read.since - datetime.now(UTC)) < timedelta(minutes=1)
    assert read.why == ""


async def test_reset_between_readings(start: Start) -> None:
    """Counters that began again in between are no window, and never a negative one."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (booking int, title text)")
    server.run(*[_BY_BOOKING.format(1)] * 5)
    again = ["SELECT pg_stat_statements_reset()", _BY_BOOKING.format(1)]
    read = await read_heaviest(_source(server.url), readings=2, sleep=_between(server, again))

    assert read.counts(_key(read, "FROM tasks"))[1] == (Counts(),)


async def test_statement_that_came_later(start: Start) -> None:
    """What was not there at the first reading has no window for it."""
    server = start()
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE TABLE tasks (booking int, title text)")
    late = [_BY_BOOKING.format(1)]
    read = await read_heaviest(_source(server.url), readings=3, sleep=_between(server, late, late * 4))

    assert [one.calls for one in read.counts(_key(read, "FROM tasks"))[1]] == [0, 4]


async def test_one_reading(cluster: Server) -> None:
    """One reading tells what was, and nothing of now."""
    read = await read_heaviest(_source(cluster.url_of("monitor")), readings=1)

    assert read.readings
    assert read.lengths == ()


async def test_long_text(cluster: Server) -> None:
    """A statement of a megabyte gives as much of its text as is looked at."""
    cluster.run(f"SELECT 1 FROM tasks WHERE title = 'x' -- {'long ' * 200_000}\n AND id > 0")
    read = await read_heaviest(_source(cluster.url_of("monitor")), readings=1)

    assert max(len(text or "") for text in read.texts.values()) == 10_000


async def test_role_without_rights(cluster: Server) -> None:
    """What others ran is counted as unread."""
    read = await read_heaviest(_source(cluster.url_of("nobody")), readings=1)

    assert read.unread > 5
    assert {role for role, _, _ in read.texts} <= {
        role for role, name in read.roles.items() if name == "nobody"
    }


async def test_no_extension(start: Start) -> None:
    """A missing extension is one sentence with what mends it."""
    server = start()
    read = await read_heaviest(_source(server.url))

    assert read.why == (
        'pg_stat_statements is not installed in database "postgres": run there, as a superuser, CREATE '
        "EXTENSION pg_stat_statements;"
    )


async def test_extension_not_loaded(start: Start) -> None:
    """An extension that was created and is not loaded is another sentence."""
    server = start(shared_preload_libraries="")
    server.run("CREATE EXTENSION pg_stat_statements")
    read = await read_heaviest(_source(server.url))

    assert read.why.startswith("pg_stat_statements is not loaded: add it to shared_preload_libraries")
    assert read.readings == ()


async def test_extension_in_a_schema_of_its_own(start: Start) -> None:
    """Whatever the schema is called, nothing of its name runs."""
    server = start()
    server.run('CREATE SCHEMA "a"";b"', 'CREATE EXTENSION pg_stat_statements SCHEMA "a"";b"')

    assert (await read_heaviest(_source(server.url), readings=1)).why == ""


async def test_server_of_nobody() -> None:
    """A server that is not there is said as a poll says it."""
    with pytest.raises(SourceError, match="refuses connections") as refused:
        await read_heaviest(_source(f"postgresql://monitor@127.0.0.1:{free_port()}/postgres"))
    assert refused.value.reason is Reason.UNREACHABLE
