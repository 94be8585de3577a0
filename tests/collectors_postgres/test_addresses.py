"""Addresses that name nothing, or several things: one sentence each, and never a secret in it."""

from __future__ import annotations

import socket
import time

import pytest

from collectors.postgres.address import address
from headroom.budgets import Reason

from .asking import collecting, source
from .conftest import Start
from .doors import PASSWORD, refused, rules
from .server import free_port

_UNREADABLE = (
    "the address of source erp-db cannot be read: write postgresql://role:password@host:5432/database, "
    "with %40 for @, %3A for : and %2F for / inside role and password"
)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:planted@secret@127.0.0.1/erp",
        "postgresql://app:planted/secret@127.0.0.1/erp",
        "postgresql://app:planted?secret@127.0.0.1/erp",
        "postgresql://app:planted#secret@127.0.0.1/erp",
        "postgresql://app:planted%zz@127.0.0.1/erp",
        "postgresql://app:planted%00@127.0.0.1/erp",
        "postgresql://app:planted\0@127.0.0.1/erp",
        "postgresql://app:planted@127.0.0.1:0/erp",
        "postgresql://app:planted@127.0.0.1:65536/erp",
        "postgresql://app:planted@127.0.0.1:99999999999999999999/erp",
        "postgresql://app:planted@127.0.0.1:-1/erp",
        "postgresql://app:planted@127.0.0.1:\u0665\u0664\u0663\u0662/erp",
        "postgresql://app:planted@one,two:1,2,3/erp?port=1,2,3",
        "postgresql://app:planted@[::1/erp",
        "postgresql://app:planted@127.0.0.1/erp?planted",
        "postgresql://app:planted@127.0.0.1/erp?ghost=planted",
        "postgresql://app:planted@127.0.0.1/erp?sslpassword=a=planted",
        "postgresql+asyncpg://app:planted@127.0.0.1/erp",
        "http://app:planted@127.0.0.1/",
        "host=127.0.0.1 password='planted",
        "planted",
    ],
)
async def test_unreadable_address(url: str) -> None:
    """A password with signs that must be escaped is never shown, whichever part it was taken for."""
    error = await refused(url)

    assert (error.reason, error.message) == (Reason.UNREACHABLE, _UNREADABLE)


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("db.invalid", "the host of db.invalid:5432 is not known to the name service: correct the URL"),
        ("a..invalid", "the host of a..invalid:5432 is not known to the name service: correct the URL"),
        (
            "a" * 300 + ".invalid",
            f"the host of {'a' * 99}… is not known to the name service: correct the URL",
        ),
        (
            "db%0A%1B[1m.invalid",
            "the host of db  [1m.invalid:5432 is not known to the name service: correct the URL",
        ),
        (
            "%2Fnowhere",
            (
                "no PostgreSQL listens on the socket in /nowhere: start it, or name a folder of its "
                "unix_socket_directories as host in the URL"
            ),
        ),
    ],
)
async def test_no_such_host(host: str, said: str) -> None:
    """The name service knows no such host, or could not; a folder has no socket."""
    error = await refused(f"postgresql://app:{PASSWORD}@{host}/erp")

    assert (error.reason, error.message) == (Reason.UNREACHABLE, said)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("sslmode=ghost", 'invalid sslmode value: "ghost"'),
        ("target_session_attrs=ghost", 'invalid target_session_attrs value: "ghost"'),
        (
            "ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2",
            "invalid SSL protocol version range",
        ),
        ("service=ghost", 'definition of service "ghost" not found'),
    ],
)
async def test_parameters_that_mean_nothing(parameters: str, said: str) -> None:
    """The driver's words are quoted, for it does not even try."""
    error = await refused(f"postgresql://app:{PASSWORD}@127.0.0.1/erp?{parameters}")

    assert error.message == f"no connection to 127.0.0.1:5432 can be tried ({said}): correct the URL"


async def test_long_socket_path() -> None:
    """A path that the kernel does not take is cut in the sentence, too."""
    error = await refused(f"postgresql://app:{PASSWORD}@%2F{'x' * 200}/erp")

    assert error.message.startswith(f"no connection to /{'x' * 98}… can be tried (Unix-domain socket path ")
    assert len(error.message) < 400


async def test_connection_refused() -> None:
    """Nobody listens, on either version of IP; the place is written so that a browser would understand it."""
    port = free_port()
    for host in ("127.0.0.1", "[::1]"):
        error = await refused(f"postgresql://app:{PASSWORD}@{host}:{port}/erp")

        assert error.reason is Reason.UNREACHABLE
        assert error.message == (
            f"{host}:{port} refuses connections: start PostgreSQL there (listen_addresses must hold that "
            "address), or correct host and port in the URL"
        )


async def test_socket_and_ip_version_6(start: Start) -> None:
    """A server is reached by its socket's folder and by ::1; a socket without rights is said to be one."""
    server = start(listen_addresses="127.0.0.1,::1")
    server.stop()
    server.settings["unix_socket_directories"] = str(server.folder)
    server.start()
    server.run("CREATE EXTENSION pg_stat_statements")
    folder = str(server.folder).replace("/", "%2F")
    rules(server, "local all all trust", "host all all ::1/128 trust")
    for host in (folder, "[::1]"):
        async with collecting(f"postgresql://postgres@{host}:{server.port}/postgres") as collector:
            await collector.fetch()


async def test_first_of_several_that_answers(start: Start) -> None:
    """Of several hosts one is enough, and of several refusals the furthest is told, with its host."""
    server, nobody = start(), free_port()
    server.run("CREATE ROLE clerk LOGIN PASSWORD 'right'", "GRANT pg_monitor TO clerk")
    rules(server, "host all all 127.0.0.1/32 scram-sha-256")
    dead, alive = f"127.0.0.1:{nobody}", f"127.0.0.1:{server.port}"

    async with collecting(f"postgresql://clerk:right@{dead},{alive}/postgres") as collector:
        await collector.fetch()
    first = await refused(f"postgresql://clerk:{PASSWORD}@{alive},{dead}/postgres")
    last = await refused(f"postgresql://clerk:{PASSWORD}@{dead},{alive}/postgres")
    neither = await refused(f"postgresql://clerk:{PASSWORD}@{dead},{dead}/postgres")

    assert first.message.startswith(f'{alive} refuses the password of role "clerk", ')
    assert last.message == first.message
    assert neither.message.startswith(f"{dead} refuses connections: ")


async def test_hosts_that_swallow_packets(start: Start) -> None:
    """Each of several hosts gets its share of the time, so that the last has its turn."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server = start()
            hosts = f"127.0.0.1:{port},127.0.0.1:{server.port}"
            began = time.monotonic()
            async with collecting(f"postgresql://postgres@{hosts}/postgres", every=10.0) as collector:
                await collector.fetch()

    assert time.monotonic() - began < 5


def test_terms_that_a_url_may_not_change() -> None:
    """A URL may ask for less patience, not for more, and for nothing that makes the session write."""
    place = address(
        source(
            "postgresql://clerk@db/erp?application_name=x&options=-c%20statement_timeout%3D0"
            "&connect_timeout=3&target_session_attrs=read-write&client_encoding=latin1"
        )
    )
    options = str(place.parameters["options"])

    assert options.index("statement_timeout=0") < options.index("statement_timeout=7500ms")
    assert place.parameters["application_name"] == "headroom"
    assert place.parameters["client_encoding"] == "utf8"
    assert place.parameters["target_session_attrs"] == "primary"
    assert place.parameters["connect_timeout"] == place.patience == 3
    for asked in ("1000", "0", "-1", "1e3", "ghost"):
        assert address(source(f"postgresql://clerk@db/erp?connect_timeout={asked}")).patience == 6


def test_what_libpq_calls_secret_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords of keys and of the environment are no more to be shown than the URL's own."""
    monkeypatch.setenv("PGPASSWORD", "planted-outside")
    inside = address(
        source("postgresql://c:planted-in@db/erp?sslpassword=planted-in-key&scram_client_key=planted")
    )
    outside = address(source("postgresql://clerk@db/erp"))

    assert inside.secrets == ("planted-in-key", "planted-in", "planted")
    assert outside.secrets == ("planted-outside",)
    assert "planted" not in repr(inside) + repr(outside)
