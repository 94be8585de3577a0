"""The server inside the collecting process: what it answers, and that no client can hold it up."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from time import monotonic

import pytest

from headroom.alerting import Serving
from headroom.history import open_history
from headroom.sources import Secret
from monitor.serve import Own, ServeError, Server, connection, server
from tests.serve.stage import LOOPBACK, Stage, answered, configured, leave, stage

TOKEN = "tøken-0123456789"


async def test_livez_answers(tmp_path: Path) -> None:
    """It says that the event loop runs, and nothing else."""
    async with stage(configured(tmp_path)) as it:
        got = await it.ask("/livez")

    assert (got.status, got.text) == (200, "ok\n")
    assert got.headers["connection"] == "close"
    assert got.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metrics.json", "/../metrics", "/livez%00", "*"])
async def test_other_paths_are_not_there(tmp_path: Path, path: str) -> None:
    """A probe of a mistyped path must not be green."""
    async with stage(configured(tmp_path)) as it:
        got = await it.ask(path)

    assert (got.status, got.text) == (404, "there are /metrics, /livez and /readyz\n")


async def test_a_query_changes_nothing(tmp_path: Path) -> None:
    """Prometheus may be told to send parameters."""
    async with stage(configured(tmp_path)) as it:
        assert (await it.ask("/livez?name[]=x")).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
async def test_other_methods_are_refused(tmp_path: Path, method: str) -> None:
    """Nothing can be changed here."""
    async with stage(configured(tmp_path)) as it:
        got = await it.ask("/metrics", method)

    assert (got.status, got.text, got.headers["allow"]) == (405, "only GET and HEAD\n", "GET, HEAD")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
async def test_head_is_get_without_the_body(tmp_path: Path, path: str) -> None:
    """Some probes only ask for the head."""
    async with stage(configured(tmp_path)) as it:
        whole, head = await it.ask(path), await it.ask(path, "HEAD")

    assert (head.status, head.text) == (whole.status, "")
    assert head.headers == whole.headers


async def test_a_body_is_not_waited_for(tmp_path: Path) -> None:
    """An announced body that never comes holds nothing up."""
    async with stage(configured(tmp_path)) as it:
        begun = monotonic()
        got = await it.ask("/livez", "GET", Content_Length="1000000")

    assert got.status == 200
    assert monotonic() - begun < 3


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nBad Header\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),  # HTTP/1.1 demands a Host
        (b"GET /livez HTTP/1.0\r\n\r\n", 200),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (1 << 20) + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
    ],
)
async def test_what_is_no_request_is_refused(tmp_path: Path, sent: bytes, status: int) -> None:
    """Bytes of any kind and length get a short answer, and the next client is served."""
    async with stage(configured(tmp_path)) as it:
        got = answered(await it.send(sent))

        assert got.status == status
        assert (await it.ask("/livez")).status == 200


async def test_a_slow_client_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte at a time never makes a request, however long it goes on."""
    monkeypatch.setattr(connection, "TO_ASK", 0.5)
    async with stage(configured(tmp_path)) as it:
        reader, writer = await it.connect()
        begun = monotonic()
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(b"G")
            await asyncio.sleep(0.05)
        await leave(writer)

        assert answered(await answer).text == "send the whole request within 0.5 s\n"
        assert 0.4 < monotonic() - begun < 3


async def test_a_client_that_takes_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that nobody reads is thrown away in the end."""
    monkeypatch.setattr(connection, "TO_HEAR", 0.3)

    async def endless(_: object) -> connection.Answer:
        return connection.Answer(200, b"y" * (64 << 20))

    async with stage(configured(tmp_path)) as it:
        it.server._pages["/livez"] = endless
        _, writer = await it.connect()
        writer.write(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        await asyncio.sleep(0.15)
        assert len(it.server._answering) == 1
        await asyncio.sleep(0.6)
        assert not it.server._answering
        await leave(writer)


def open_files() -> int:
    """Count the descriptors of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_a_thousand_silent_connections_hold_nobody_up(tmp_path: Path) -> None:
    """Who asks is answered while a thousand others only hold on, and the loop hardly notices."""
    async with stage(configured(tmp_path)) as it:
        longest = 0.0

        async def tick() -> None:
            nonlocal longest
            while True:
                begun = monotonic()
                await asyncio.sleep(0.005)
                longest = max(longest, monotonic() - begun)

        before = open_files()
        silent = [await it.connect() for _ in range(1000)]
        ticking = asyncio.create_task(tick())
        begun = monotonic()
        answers = [await it.ask("/livez") for _ in range(20)]
        took = monotonic() - begun
        held = open_files() - before - len(silent)
        ticking.cancel()
        await leave(*(writer for _, writer in silent))

    assert [each.status for each in answers] == [200] * 20
    assert took < 2
    assert longest < 0.25
    assert held <= server.MOST


async def test_the_slowest_makes_room(tmp_path: Path) -> None:
    """With the house full, the connection that has asked for nothing for longest is cut."""
    async with stage(configured(tmp_path)) as it:
        silent = [await it.connect() for _ in range(server.MOST)]
        assert (await it.ask("/livez")).status == 200
        first, last = silent[0][0], silent[-1][0]
        assert await asyncio.wait_for(first.read(), 2) == b""
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(last.read(), 0.2)
        await leave(*(writer for _, writer in silent))


class TestToken:
    """Who may ask."""

    @pytest.mark.parametrize(
        "given",
        ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \xff"],
    )
    @pytest.mark.parametrize("path", ["/metrics", "/livez", "/readyz", "/nothing"])
    async def test_without_it_nothing_is_told(self, tmp_path: Path, given: str, path: str) -> None:
        """Not even which paths there are."""
        async with guarded(tmp_path) as it:
            got = await asked_with(it, path, given)

        assert (got.status, got.text) == (401, "a token is needed: Authorization: Bearer ...\n")
        assert got.headers["www-authenticate"] == 'Bearer realm="headroom"'

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
    async def test_with_it_everything_is(self, tmp_path: Path, scheme: str) -> None:
        """The scheme is written in any case (RFC 9110, 11.1)."""
        async with guarded(tmp_path) as it:
            assert (await asked_with(it, "/livez", f"{scheme} {TOKEN}")).status == 200
            assert (await asked_with(it, "/nothing", f"{scheme} {TOKEN}")).status == 404

    async def test_it_is_never_logged(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """Neither the right one nor the one that was tried."""
        caplog.set_level(logging.DEBUG)
        async with guarded(tmp_path) as it:
            await asked_with(it, "/metrics", f"Bearer {TOKEN}")
            await asked_with(it, "/metrics", "Bearer mistaken")

        assert TOKEN not in caplog.text
        assert "mistaken" not in caplog.text

    @pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1", "example.org"])
    async def test_beyond_loopback_it_is_demanded(self, tmp_path: Path, host: str) -> None:
        """Even where the configuration let it through."""
        config = configured(tmp_path)
        with open_history(config.history, collecting=True) as history:
            it = Server(Serving(host, 0), config, history, Own(config))
            with pytest.raises(ServeError) as raised:
                await it.start()
            await it.stop()

        assert str(raised.value) == (
            f"serve: {host} can be reached from other machines, and no token is set; "
            "set serve.token, or listen on 127.0.0.1"
        )


def guarded(folder: Path):  # type: ignore[no-untyped-def]  # noqa: ANN201 as `stage`
    """Serve with a token."""
    return stage(configured(folder), Serving(port=0, token=Secret(TOKEN)))


async def asked_with(it: Stage, path: str, authorization: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Ask with a header that may hold any bytes."""
    head = f"GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: {authorization}\r\n\r\n"
    return answered(await it.send(head.encode()))


async def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    """It says what happened, why, and what to do."""
    config = configured(tmp_path)
    async with stage(config) as it:
        second = Server(Serving(port=it.server.port), config, it.history, it.own)
        with pytest.raises(ServeError) as raised:
            await second.start()
        await second.stop()

    assert str(raised.value) == (
        f"serve: 127.0.0.1:{second._serving.port} cannot be listened on: "
        "address already in use; see who has it, or name another port under `serve:` in budgets.yaml"
    )


async def test_localhost_is_loopback(tmp_path: Path) -> None:
    """The one name that leads nowhere else."""
    async with stage(configured(tmp_path), Serving("localhost", 0)) as it:
        assert it.server.port > 0


async def test_a_fault_of_ours_is_an_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The process goes on, the client hears of it without details, and the log has them."""

    async def broken(_: object) -> connection.Answer:
        raise ZeroDivisionError("s3cret detail")

    async with stage(configured(tmp_path)) as it:
        it.server._pages["/livez"] = broken
        got = await it.ask("/livez")
        assert (await it.ask("/readyz")).status == 503

    assert (got.status, got.text) == (500, "a fault of Headroom; its log has more\n")
    assert "a request was not answered; this is a fault of Headroom" in caplog.text


async def test_the_end_waits_for_nobody(tmp_path: Path) -> None:
    """A client that holds on does not keep the process."""
    async with stage(configured(tmp_path)) as it:
        _, writer = await it.connect()
        writer.write(b"GET")
        await asyncio.sleep(0.05)
        begun = monotonic()
        await it.server.stop()
        assert monotonic() - begun < 0.5
        await leave(writer)


async def test_readyz_is_json(tmp_path: Path) -> None:
    """Probes read the status, people the reasons."""
    async with stage(configured(tmp_path), LOOPBACK) as it:
        got = await it.ask("/readyz")

    assert got.status == 503
    assert got.headers["content-type"] == "application/json"
    assert json.loads(got.text) == {
        "ready": False,
        "reasons": ["metrics: no cycle since the start 0 s ago"],
        "heartbeat": "",
    }
