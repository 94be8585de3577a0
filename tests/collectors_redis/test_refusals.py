"""What a poll says when it gives nothing: one sentence with the remedy, no secret."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from headroom.budgets import Reason
from headroom.observation import SourceError

from .asking import HITS, collecting, part
from .conftest import Start
from .server import Server, free_port

PASSWORD = "planted-p%40ss"
BROKEN = "broke the connection off: it is shutting down, is not Redis, or speaks TLS only"
EMPTY = (
    "answers INFO without run_id or without any figure: it is no Redis, "
    "or something between changes its answers"
)
STRANGER = "does not speak Redis's protocol: correct host and port in the URL"
TOO_LARGE = (
    "answers INFO with more than is read of one answer: in INFO mostly errorstats, which holds each word "
    "that scripts begin their errors with; CONFIG RESETSTAT empties it"
)


async def refused(url: str | None, every: float = 15.0) -> SourceError:
    """Poll once and return the error, which must not hold the password."""
    async with collecting(url, every) as collector:
        with pytest.raises(SourceError) as caught:
            await collector.fetch()
    assert "planted" not in caught.value.message
    assert "planted" not in repr(collector)
    assert "\n" not in caught.value.message
    return caught.value


@asynccontextmanager
async def answering(*answers: bytes, pause: float = 0.0) -> AsyncIterator[int]:
    """Send the answers with a pause between them to whatever comes; then hang up."""
    tasks: set[asyncio.Task[None]] = set()

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await reader.read(8)
            for answer in answers:
                writer.write(answer)
                await writer.drain()
                await asyncio.sleep(pause)
        except OSError:
            pass  # the collector has left, as it should
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
    assert error.message == "source erp-cache has no address: set HEADROOM_REDIS_URL"


@pytest.mark.parametrize(
    "url",
    [
        "redis://app:planted/secret@127.0.0.1:6379",
        "redis://app:planted#secret@127.0.0.1:6379",
        "redis://app:planted?secret@127.0.0.1:6379",
        "redis://app:planted",
        "http://app:planted@127.0.0.1/",
        "redis://app:planted@127.0.0.1:6379/?planted=1",
        "redis://app:planted@127.0.0.1:6379/?socket_timeout=planted",
    ],
)
async def test_unreadable_address(url: str) -> None:
    """A password with signs that must be escaped is never shown, whichever part it was taken for."""
    error = await refused(url)

    assert error.reason is Reason.UNREACHABLE
    assert error.message == (
        "the address of source erp-cache cannot be read: write redis://user:password@host:6379, or "
        "rediss://… for TLS, with %40 for @, %3A for : and %2F for / inside user and password"
    )


async def test_connection_refused() -> None:
    """Nobody listens."""
    port = free_port()
    error = await refused(f"redis://app:{PASSWORD}@127.0.0.1:{port}")

    assert error.reason is Reason.UNREACHABLE
    assert error.message == (
        f"127.0.0.1:{port} refuses connections: start Redis there, or correct host and port in the URL"
    )


async def test_unknown_host() -> None:
    """The name service knows no such host."""
    error = await refused("redis://cache.invalid")

    assert error.message == "cache.invalid:6379 is not known to the name service: correct the URL"


async def test_missing_socket() -> None:
    """The path names no socket."""
    error = await refused("unix:///nowhere/redis.sock")

    assert (
        error.message == "/nowhere/redis.sock is no socket: start Redis there, or correct the path in the URL"
    )


async def test_hanging_server_is_named(start: Start) -> None:
    """Without anybody to cancel it the poll gives up by itself, without trying again."""
    server = start()
    async with collecting(server.url, every=1.0) as collector:
        await collector.fetch()
        began = time.monotonic()
        with server.hanging(), pytest.raises(SourceError) as caught:
            await collector.fetch()

    assert time.monotonic() - began < 0.6
    assert caught.value.reason is Reason.UNREACHABLE
    assert caught.value.message == (
        f"127.0.0.1:{server.port} did not answer within 0.3 s: it hangs, or a firewall drops packets"
    )


async def test_dripping_server_is_given_up() -> None:
    """A server that sends a byte now and then does not hold a poll for longer than its time."""
    async with answering(b"$100\r\n", *[b"x"] * 50, pause=0.1) as port:
        began = time.monotonic()
        error = await refused(f"redis://127.0.0.1:{port}", every=1.0)

    assert time.monotonic() - began < 1.0
    assert error.message.endswith("did not answer within 0.3 s: it hangs, or a firewall drops packets")


async def test_wrong_password(start: Start) -> None:
    """The server wants another password, or one at all, or none."""
    locked, opened = start(requirepass="right"), start()
    place, other = f"127.0.0.1:{locked.port}", f"127.0.0.1:{opened.port}"

    wrong = await refused(f"redis://:{PASSWORD}@{place}")
    ghost = await refused(f"redis://ghost:{PASSWORD}@{place}")
    none = await refused(f"redis://{place}")
    needless = await refused(f"redis://:{PASSWORD}@{other}")

    assert {one.reason for one in (wrong, ghost, none, needless)} == {Reason.NOT_PERMITTED}
    assert wrong.message == f'{place} refuses the password of user "default": correct the URL'
    assert ghost.message == f'{place} refuses the password of user "ghost": correct the URL'
    assert none.message == f"{place} wants a password: add user and password to the URL"
    assert needless.message == f"{other} wants no password: take it out of the URL"


async def test_info_not_permitted(start: Start) -> None:
    """The user may not run INFO; the sentence holds the line that lets it."""
    server = start()
    server.run("ACL SETUSER monitor on >secret -@all +ping")
    error = await refused(f"redis://monitor:secret@127.0.0.1:{server.port}")
    server.run(error.message.rpartition(": ")[2])
    async with collecting(f"redis://monitor:secret@127.0.0.1:{server.port}") as collector:
        await collector.fetch()

    assert error.reason is Reason.NOT_PERMITTED
    assert error.message == (
        f'127.0.0.1:{server.port} does not let user "monitor" run INFO: ACL SETUSER monitor +info'
    )


async def test_no_free_connection(start: Start) -> None:
    """All clients are taken."""
    server = start(maxclients="1")
    await asyncio.sleep(0.05)  # for the server to notice that the one who waited for its start has gone
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    error = await refused(server.url)
    writer.close()
    await writer.wait_closed()

    assert error.message == (
        f"127.0.0.1:{server.port} has no free connection: maxclients is reached; close some or raise it"
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b"-LOADING Redis is loading the dataset in memory\r\n",
            "is loading its data: the next poll tries again",
        ),
        (
            b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
            "is a replica without its primary: mend the replication",
        ),
        (
            b"-DENIED Redis is running in protected mode because ...\r\n",
            "is in protected mode and answers its own machine only: give its default user a password",
        ),
        (
            b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
            ("refuses even INFO for lack of memory (OOM), which no Redis does: correct what stands between"),
        ),
        (b"220 mail.example ESMTP\r\n", STRANGER),
        (b"$1073741824\r\n" + b"x" * 100_000, TOO_LARGE),
        (b"-ERR \x1b[31mplan\x07ned\r\n", "answered with an error: [31mplan ned"),
        (b"-ERR " + b"x" * 5000 + b"\r\n", "answered with an error: " + "x" * 199 + "…"),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "answers like a web server, not like Redis: correct host and port in the URL",
        ),
        (b"\x15\x03\x03\x00\x02\x02\x46", "speaks TLS only: write rediss:// in the URL"),
        (b"*3\r\n:1\r\n:2\r\n:3\r\n", STRANGER),
        (
            b"+OK\r\n",
            EMPTY,
        ),
        (
            b"$3\r\nabc\r\n",
            EMPTY,
        ),
        (b"$3\r\nabcdef\r\n", STRANGER),
        (b"$-1\r\n", STRANGER),
        (b"$99999999999\r\n", TOO_LARGE),
        (b"$1048577\r\nxxx", TOO_LARGE),
        (b"\x00\xff\xfe garbage", STRANGER),
        (b"x" * 100_000, STRANGER),
        (b"$100\r\nabc", BROKEN),
        (b"", BROKEN),
    ],
)
async def test_strange_answers(answer: bytes, said: str) -> None:
    """Whatever a listener sends, one sentence comes out."""
    async with answering(answer * 10) as port:  # INFO is asked section by section at first
        error = await refused(f"redis://127.0.0.1:{port}")

    assert error.reason is (Reason.BROKEN_INSTRUMENTATION if said is EMPTY else Reason.UNREACHABLE)
    assert error.message == f"127.0.0.1:{port} {said}"


async def test_garbled_clock_is_ours() -> None:
    """A server without a usable clock of its own is read by ours."""
    for clock in (b"", b"server_time_usec:0\r\n", b"server_time_usec:99999999999999999999\r\n"):
        body = b"run_id:abc\r\nused_memory:1\r\n" + clock
        async with (
            answering(b"$%d\r\n%s\r\n" % (len(body), body) * 10 + b"-ERR no\r\n" * 3, pause=1) as port,
            collecting(f"redis://127.0.0.1:{port}") as collector,
        ):
            snapshot = await collector.fetch()

        assert abs((datetime.now(UTC) - snapshot.at).total_seconds()) < 5


async def test_endless_answer_is_not_kept() -> None:
    """A server that announces, and sends, more than INFO can be is left after its announcement."""
    async with answering(b"$5000000\r\n", *[b"x" * 100_000] * 50) as port:
        error = await refused(f"redis://127.0.0.1:{port}")

    assert error.message == f"127.0.0.1:{port} {TOO_LARGE}"


@pytest.fixture
def secured() -> Iterator[Server]:
    """A server that speaks TLS only, with a certificate that nobody knows."""
    server = Server()
    certificate, key = str(server.folder / "cert.pem"), str(server.folder / "key.pem")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    server.settings |= {
        "port": "0",
        "tls-port": str(server.port),
        "tls-cert-file": certificate,
        "tls-key-file": key,
        "tls-ca-cert-file": certificate,
        "tls-auth-clients": "no",
    }
    yield server.start()
    server.remove()


async def test_tls(secured: Server, start: Start) -> None:
    """With the right CA it works; every mismatch is named."""
    place, ca = f"127.0.0.1:{secured.port}", secured.settings["tls-ca-cert-file"]
    plain = start()
    async with collecting(f"rediss://{place}?ssl_ca_certs={ca}") as collector:
        reading = collector.difference(await collector.fetch(), await collector.fetch())

    assert part(reading, HITS).evidence.mean() is None
    assert (await refused(f"rediss://{place}")).message == (
        f"{place} shows a certificate not to be trusted: name its CA by ssl_ca_certs"
    )
    assert (await refused(f"redis://{place}")).message in (
        f"{place} speaks TLS only: write rediss:// in the URL",
        f"{place} {BROKEN}",
    )
    assert (await refused(f"rediss://127.0.0.1:{plain.port}", every=1.0)).message == (
        f"127.0.0.1:{plain.port} did not answer within 0.3 s: it hangs, or speaks no TLS "
        "(redis:// instead of rediss://)"
    )


async def test_client_certificate(secured: Server) -> None:
    """A server may want to see one; without it, or with one that is missing, the sentence says so."""
    ca, key = secured.settings["tls-ca-cert-file"], secured.settings["tls-key-file"]
    secured.stop()
    secured.settings["tls-auth-clients"] = "yes"
    secured.start()
    url = f"rediss://127.0.0.1:{secured.port}?ssl_ca_certs={ca}"
    async with collecting(f"{url}&ssl_certfile={ca}&ssl_keyfile={key}") as collector:
        await collector.fetch()

    assert (await refused(url)).message in (
        (
            f"127.0.0.1:{secured.port} wants a client certificate that it trusts: name it by ssl_certfile "
            "and ssl_keyfile in the URL"
        ),
        # The alert may be lost with the connection.
        (
            f"127.0.0.1:{secured.port} broke the connection off: it is shutting down, is not Redis, or wants "
            "a client certificate (ssl_certfile and ssl_keyfile in the URL)"
        ),
    )
    assert (await refused(f"{url}&ssl_certfile=/nowhere")).message == (
        f"127.0.0.1:{secured.port} is not asked: a file that ssl_ca_certs, ssl_certfile or ssl_keyfile names "
        "in the URL is missing"
    )


async def test_sentinel_is_no_redis() -> None:
    """A Sentinel knows where the data is, and has none."""
    server = Server()
    config = server.folder / "sentinel.conf"
    config.write_text("")
    server.options = [str(config), "--sentinel"]
    try:
        error = await refused(server.start().url)
    finally:
        server.remove()

    assert error.reason is Reason.BROKEN_INSTRUMENTATION
    assert error.message == (
        f"127.0.0.1:{server.port} is a Sentinel, which holds no data: name the Redis server itself in the URL"
    )


async def test_loading_is_told_and_read(start: Start) -> None:
    """INFO answers while the data is loaded; the figures are of what is loaded so far."""
    server = start(key_load_delay="500", loading_process_events_interval_bytes="1024")
    server.run(*[f"SET key:{number} {'x' * 99}" for number in range(3000)], "SAVE")
    server.stop()
    server.start()
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        reading = collector.difference(before, await collector.fetch())

    assert reading.notes == (
        (
            "the server is loading its data: its clients are told LOADING, and its figures are of what is "
            "loaded so far"
        ),
    )


async def test_tls_to_a_listener_of_another_kind() -> None:
    """What answers a TLS greeting with something else is told so."""
    async with answering(b"-ERR unknown command\r\n") as port:
        error = await refused(f"rediss://127.0.0.1:{port}")

    assert error.message == (
        f"127.0.0.1:{port} does not speak TLS: write redis:// in the URL, or switch TLS on there"
    )
