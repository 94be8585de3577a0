"""What a poll says when a real server knows who asks and does not let them in; once it does, it is read."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from collectors.postgres import admission
from headroom.budgets import Reason
from headroom.observation import SourceError

from .asking import collecting
from .conftest import Start
from .doors import BOTH, PASSWORD, refused, rules
from .server import Server


@BOTH
@pytest.mark.parametrize("method", ["scram-sha-256", "md5"])
async def test_wrong_password(start: Start, major: int, method: str) -> None:
    """A wrong password is told from none, and once it is right the next poll reads."""
    server = start(major, password_encryption=method)
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE ROLE clerk LOGIN PASSWORD 'right'",
        "GRANT pg_monitor TO clerk",
    )
    rules(server, f"host all all 127.0.0.1/32 {method}")
    place = f"127.0.0.1:{server.port}"

    none = await refused(server.url_of("clerk"))
    async with collecting(server.url_of("clerk", PASSWORD)) as collector:
        with pytest.raises(SourceError) as wrong:
            await collector.fetch()
        server.run("ALTER ROLE clerk PASSWORD 'planted-p@ss'")
        await collector.fetch()

    assert wrong.value.reason is none.reason is Reason.NOT_PERMITTED
    assert wrong.value.message == (
        f'{place} refuses the password of role "clerk", or has no such role: '
        "correct the URL, or the role if its password expired"
    )
    assert none.message == f'{place} wants a password for role "clerk": add it to the URL'


async def test_password_elsewhere(start: Start) -> None:
    """A password may come as a parameter, or out of the file that the URL names."""
    server = start()
    server.run("CREATE ROLE clerk LOGIN PASSWORD 'right'", "GRANT pg_monitor TO clerk")
    rules(server, "host all all 127.0.0.1/32 scram-sha-256")
    file = server.folder / "passwords"
    file.write_text(f"127.0.0.1:{server.port}:*:clerk:right\n")
    file.chmod(0o600)

    wrong = await refused(f"{server.url_of('clerk')}?password={PASSWORD}")
    missing = await refused(f"{server.url_of('clerk')}?passfile={server.folder}/none")
    for parameter in ("password=right", f"passfile={file}"):
        async with collecting(f"{server.url_of('clerk')}?{parameter}") as collector:
            await collector.fetch()

    assert wrong.message.startswith(f'127.0.0.1:{server.port} refuses the password of role "clerk", ')
    assert missing.message == f'127.0.0.1:{server.port} wants a password for role "clerk": add it to the URL'


@BOTH
async def test_not_let_in(start: Start, major: int) -> None:
    """Each right that is missing on the way in is named with what gives it."""
    server = start(major)
    server.run(
        "CREATE ROLE clerk LOGIN",
        "CREATE ROLE gate",
        'CREATE ROLE "we""ird" LOGIN',
        "CREATE DATABASE shut",
        "REVOKE CONNECT ON DATABASE shut FROM public",
        "CREATE DATABASE closed ALLOW_CONNECTIONS false",
        "CREATE DATABASE narrow CONNECTION LIMIT 0",
        "CREATE ROLE few LOGIN CONNECTION LIMIT 0",
    )
    place = f"127.0.0.1:{server.port}"
    for role, database, reason, said in [
        (
            "gate", "postgres", Reason.NOT_PERMITTED,
            '{} lets role "gate" not log in: ALTER ROLE "gate" LOGIN;',
        ),
        (
            "clerk", "shut", Reason.NOT_PERMITTED,
            '{} lets role "clerk" not into database "shut": GRANT CONNECT ON DATABASE "shut" TO "clerk";',
        ),
        (
            "we%22ird", "shut", Reason.NOT_PERMITTED,
            '{} lets role "we""ird" not into database "shut": GRANT CONNECT ON DATABASE "shut" TO "we""ird";',
        ),
        (
            "clerk", "closed", Reason.UNREACHABLE,
            ('{} lets nobody into database "closed", whose ALLOW_CONNECTIONS is false: '
            "name another one in the URL"),
        ),
        (
            "clerk", "narrow", Reason.UNREACHABLE,
            ('{} has no free connection to database "narrow", whose CONNECTION LIMIT is used up: raise it, '
            "or name another database in the URL"),
        ),
        (
            "few", "postgres", Reason.UNREACHABLE,
            ('{} has no free connection for role "few", whose CONNECTION LIMIT is used up: raise it, '
            "or close some"),
        ),
        (
            "ghost", "postgres", Reason.NOT_PERMITTED,
            '{} says that role "ghost" does not exist: create it, or correct the URL',
        ),
        (
            "clerk", "ghost", Reason.UNREACHABLE,
            '{} says that database "ghost" does not exist: create it, or correct the URL',
        ),
    ]:  # fmt: skip
        error = await refused(server.url_of(role, PASSWORD, database))
        assert (error.reason, error.message) == (reason, said.format(place))


@BOTH
async def test_rules_of_pg_hba(start: Start, major: int) -> None:
    """A line that is missing is told from one that rejects and from a method that has no such user."""
    server = start(major)
    server.run("CREATE ROLE clerk LOGIN", "CREATE ROLE pear LOGIN", "CREATE ROLE thief LOGIN")
    rules(server, "host all thief 127.0.0.1/32 reject", "host all pear 127.0.0.1/32 ident")
    place = f"127.0.0.1:{server.port}"

    missing = await refused(server.url_of("clerk", PASSWORD))
    rejected = await refused(server.url_of("thief", PASSWORD))
    ident = await refused(server.url_of("pear", PASSWORD))

    assert missing.reason is rejected.reason is ident.reason is Reason.NOT_PERMITTED
    assert missing.message == (
        f'{place} lets role "clerk" not into database "postgres" from this machine without TLS: '
        "add sslmode=require to the URL if it offers TLS, or a line to its pg_hba.conf and reload"
    )
    assert rejected.message == (
        f'{place} rejects role "thief" in database "postgres" from this machine: '
        "put a line that lets it in above the one of pg_hba.conf that rejects it, and reload"
    )
    assert ident.message == (
        f'{place} does not take role "pear" (Ident authentication failed for user "pear"): '
        "correct the URL, or pg_hba.conf there"
    )


@BOTH
async def test_no_free_connection(start: Start, major: int) -> None:
    """All slots are taken; once one is free the next poll reads."""
    server = start(major, max_connections="5", superuser_reserved_connections="1")
    server.run("CREATE EXTENSION pg_stat_statements", "CREATE ROLE clerk LOGIN", "GRANT pg_monitor TO clerk")
    taken = _all_slots(server)
    async with collecting(server.url_of("clerk")) as collector:
        with pytest.raises(SourceError) as caught:
            await collector.fetch()
        for connection in taken:
            connection.close()
        await collector.fetch()

    assert caught.value.reason is Reason.UNREACHABLE
    assert caught.value.message == _full(server)


async def test_no_unreserved_connection(start: Start) -> None:
    """From 16 on some slots are reserved for whom it may concern, in other words."""
    server = start(18, max_connections="6", superuser_reserved_connections="1", reserved_connections="2")
    server.run("CREATE ROLE clerk LOGIN", "GRANT pg_monitor TO clerk")
    taken = _all_slots(server)
    error = await refused(server.url_of("clerk"))
    server.run('GRANT pg_use_reserved_connections TO "clerk"')
    async with collecting(server.url_of("clerk")) as collector:
        await collector.fetch()
    for connection in taken:
        connection.close()

    assert error.message == _full(server)


@BOTH
async def test_options_that_are_not_taken(start: Start, major: int) -> None:
    """What the URL asks of the session, and may not, is quoted."""
    server = start(major)
    server.run("CREATE ROLE clerk LOGIN", "GRANT pg_monitor TO clerk")
    place, url = f"127.0.0.1:{server.port}", server.url_of("clerk")

    unknown = await refused(f"{url}?options=-c%20ghost%3D1")
    denied = await refused(f"{url}?options=-c%20log_statement%3Dall")
    method = await refused(f"{url}?require_auth=scram-sha-256")
    async with collecting(f"{url}?replication=database&options=-c%20work_mem%3D1MB") as collector:
        await collector.fetch()  # it opens an ordinary session all the same

    assert unknown.message.startswith(
        f'{place} does not take the options of the URL (unrecognized configuration parameter "ghost"'
    )
    assert denied.message == (
        f"{place} does not take the options of the URL "
        '(permission denied to set parameter "log_statement"): correct them'
    )
    assert method.message == (
        f"{place} does not log in as require_auth or channel_binding asks (authentication method requirement "
        '"scram-sha-256" failed: server did not complete authentication): correct the URL'
    )


@BOTH
@pytest.mark.parametrize("table", ["pg_db_role_setting", "pg_class"])
async def test_locked_catalogue(start: Start, major: int, table: str) -> None:
    """Who comes while it is locked waits a second, and is told what locks it; the next poll reads."""
    server = start(major)
    server.run("CREATE EXTENSION pg_stat_statements")
    async with collecting(server.url_of("postgres")) as collector:
        with psycopg.connect(server.url_of("postgres")) as other:
            other.execute("SET allow_system_table_mods = on")
            other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(SourceError) as locked:
                await collector.fetch()
            other.rollback()
        await collector.fetch()

    assert locked.value.reason is Reason.UNREACHABLE
    assert locked.value.message == (
        f"127.0.0.1:{server.port} opens no session while its catalogue is locked by VACUUM FULL, CLUSTER or "
        "LOCK TABLE: the next poll tries again"
    )


def test_every_sentence_is_explained() -> None:
    """The document has all of what can be said at the door, and what to do then."""
    said = (Path(__file__).parents[2] / "docs" / "postgres.md").read_text()
    for _, row in admission._ROWS:
        for piece in re.split(r"\{\w+\}|: |\(|\)", row.sentence):
            assert piece.strip(" ,:;") in said, row.sentence


def _all_slots(server: Server) -> list[psycopg.Connection]:
    taken = []
    while True:
        try:
            taken.append(psycopg.connect(server.url_of("clerk")))
        except psycopg.OperationalError:
            return taken


def _full(server: Server) -> str:
    return (
        f"127.0.0.1:{server.port} has no free connection, all of max_connections but the reserved ones are "
        "in use: close some, or from PostgreSQL 16 on set reserved_connections and "
        'GRANT pg_use_reserved_connections TO "clerk";'
    )
