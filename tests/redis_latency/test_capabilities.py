"""What a server does not let one ask: tried once, and what is lost said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis import Redis, exceptions

from collectors.redis.capabilities import AGAIN, Capabilities
from tests.redis_servers import SERVERS

from .asking import connected
from .conftest import Start

COMMANDS = {
    "CONFIG GET maxmemory": ("CONFIG GET", "+config|get", "the settings cannot be audited"),
    "SLOWLOG GET 1": ("SLOWLOG GET", "+slowlog|get", "no slow commands by name"),
    "LATENCY HISTOGRAM": (
        "LATENCY HISTOGRAM",
        "+latency|histogram",
        "no P95/P99 of commands, only their mean",
    ),
    "MEMORY USAGE planted": ("MEMORY USAGE", "+memory|usage", "no memory by key policy"),
    "SCAN 0": ("SCAN", "+scan", "how long keys live cannot be audited"),
    "PTTL planted": ("PTTL", "+pttl", "how long keys live cannot be audited"),
    "CLUSTER NODES": (
        "CLUSTER NODES",
        "+cluster|nodes",
        "the other nodes of the cluster cannot be found",
    ),
}


@pytest.mark.parametrize("which", list(SERVERS))
async def test_forbidden_command_is_tried_once(start: Start, which: str) -> None:
    """NOPERM on each in turn: None, one sentence, one error for three questions."""
    server = start(which)
    server.run("ACL SETUSER headroom on >secret ~* -@all +info")
    capabilities = Capabilities("headroom")
    async with connected(f"redis://headroom:secret@127.0.0.1:{server.port}") as connection:
        for words in COMMANDS:
            assert [await capabilities.ask(connection, *words.split()) for _ in range(3)] == [None] * 3
            assert not capabilities.allows(*words.split())

    assert dict(capabilities.denied) == {
        command: f'{command} is not allowed for user "headroom": {lost}; ACL SETUSER headroom {right}'
        for command, right, lost in COMMANDS.values()
    }
    assert server.run("INFO errorstats")["errorstat_NOPERM"] == {"count": len(COMMANDS)}
    assert capabilities.executed == 0


@pytest.mark.parametrize("which", list(SERVERS))
async def test_what_the_sentence_names_is_enough(start: Start, which: str) -> None:
    """Granting the rights that the sentences name lets everything be asked; nothing is denied then."""
    server = start(which)
    rights = [right for words, (_, right, _) in COMMANDS.items() if words != "CLUSTER NODES"]
    keys = "~*" if which == "6.2" else "%R~*"
    server.run("ACL SETUSER headroom on >secret -@all " + " ".join([keys, *rights]), "SET planted 1")
    capabilities = Capabilities("headroom")
    async with connected(f"redis://headroom:secret@127.0.0.1:{server.port}") as connection:
        before = server.run("INFO stats")["total_commands_processed"]
        for words in COMMANDS:
            if words == "CLUSTER NODES" or (words == "LATENCY HISTOGRAM" and which == "6.2"):
                continue
            assert await capabilities.ask(connection, *words.split()) is not None
    assert dict(capabilities.denied) == {}
    # Our own INFO, and the first of the two, are counted beside them; so is AUTH.
    assert server.run("INFO stats")["total_commands_processed"] - before == capabilities.executed + 2


@pytest.mark.parametrize("which", list(SERVERS))
async def test_renamed_command_is_not_known(start: Start, which: str, tmp_path: Path) -> None:
    """A managed server that renames commands loses what they tell, and the key in the error is not told."""
    (tmp_path / "renamed.conf").write_text("rename-command PTTL hidden\n")
    server = start(which, include=str(tmp_path / "renamed.conf"))
    capabilities = Capabilities("default")
    async with connected(server.url) as connection:
        assert await capabilities.ask(connection, "PTTL", b"planted-key") is None

    assert dict(capabilities.denied) == {
        "PTTL": "PTTL is unknown to this server, which is too old for it, or whose operator renamed it or "
        "switched it off: how long keys live cannot be audited"
    }


@pytest.mark.parametrize("which", list(SERVERS))
async def test_unknown_subcommand(start: Start, which: str) -> None:
    """LATENCY HISTOGRAM on 6.2, and one that no server has."""
    server = start(which)
    capabilities = Capabilities("default")
    async with connected(server.url) as connection:
        before = server.run("INFO stats")["total_commands_processed"]
        assert await capabilities.ask(connection, "CONFIG", "PLANTED") is None
        after = server.run("INFO stats")["total_commands_processed"]

    assert list(capabilities.denied) == ["CONFIG PLANTED"]
    assert "is unknown to this server" in capabilities.denied["CONFIG PLANTED"]
    # Redis 6 counts as executed what later ones refuse.
    assert after - before - 1 == capabilities.executed == (1 if which == "6.2" else 0)


@pytest.mark.parametrize("which", list(SERVERS))
async def test_keys_that_are_not_allowed(start: Start, which: str) -> None:
    """A user without keys is told which right reads them all."""
    server = start(which)
    server.run("ACL SETUSER headroom on >secret resetkeys -@all +pttl")
    capabilities = Capabilities("headroom")
    async with connected(f"redis://headroom:secret@127.0.0.1:{server.port}") as connection:
        assert await capabilities.ask(connection, "PTTL", "planted") is None

    assert capabilities.denied["PTTL"] == (
        'PTTL is not allowed on all keys for user "headroom": how long keys live cannot be audited; '
        "ACL SETUSER headroom %R~* (~* before Redis 7)"
    )


async def test_asked_again_after_an_hour_and_of_another_server(start: Start) -> None:
    """A right that was granted is found within the hour, and at once where the server was started anew."""
    server = start()
    server.run("ACL SETUSER headroom on >secret -@all +info")
    now = 0.0
    capabilities = Capabilities("headroom", clock=lambda: now)
    capabilities.of_run("a")
    async with connected(f"redis://headroom:secret@127.0.0.1:{server.port}") as connection:
        assert await capabilities.ask(connection, "SCAN", "0") is None
        server.run("ACL SETUSER headroom +scan")
        now = AGAIN - 1
        assert await capabilities.ask(connection, "SCAN", "0") is None
        now = AGAIN
        assert capabilities.denied == {}
        assert await capabilities.ask(connection, "SCAN", "0") == [b"0", []]
        server.run("ACL SETUSER headroom -scan")
        assert await capabilities.ask(connection, "SCAN", "0") is None
        capabilities.of_run("a")
        assert not capabilities.allows("SCAN", "0")
        capabilities.of_run("b")
        assert capabilities.allows("SCAN", "0")


async def test_what_passes_is_no_refusal(start: Start) -> None:
    """A server that runs a script for too long is asked again, and the error told."""
    server = start(busy_reply_threshold="10")
    capabilities = Capabilities("default")
    script = asyncio.create_task(asyncio.to_thread(_endless, server.port))
    await asyncio.sleep(0.3)
    async with connected(server.url) as connection:
        with pytest.raises(exceptions.ResponseError, match="BUSY"):
            await capabilities.ask_all(connection, [("SCAN", "0"), ("SLOWLOG", "GET", "1")])
        server.run("SCRIPT KILL")
        await script
        assert capabilities.allows("SCAN", "0")
        assert await capabilities.ask(connection, "SCAN", "0") == [b"0", []]


def _endless(port: int) -> None:
    with Redis(port=port, protocol=2, driver_info=None) as client:
        try:
            client.eval("while true do end", 0)
        except exceptions.ResponseError:
            return


async def test_answer_that_is_too_large_costs_its_command_only(start: Start) -> None:
    """A client with a name of a megabyte makes the slow log unreadable, and the rest is read all the same."""
    server = start(slowlog_log_slower_than="0", client_query_buffer_limit="100mb")
    server.run(f"CLIENT SETNAME {'x' * 2_000_000}", "GET a")
    capabilities = Capabilities("default")
    async with connected(server.url) as connection:
        asked = [("SLOWLOG", "GET", "10"), ("SCAN", "0")]
        assert await capabilities.ask_all(connection, asked) == [None, None]
        assert await capabilities.ask_all(connection, asked) == [None, [b"0", []]]

    assert dict(capabilities.denied) == {
        "SLOWLOG GET": "SLOWLOG GET gives more than is read of one answer: no slow commands by name"
    }
