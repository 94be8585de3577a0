"""Other versions than the installed one, from what they really answered."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from collectors.redis import info
from headroom.evidence import Ratio

from .asking import EVICTIONS, HITS, collecting, part

RECORDED = Path(__file__).parent / "recorded"


@pytest.mark.parametrize(
    ("name", "version", "policy", "maxmemory"),
    [
        ("redis-6.2.14", "6.2.14", "noeviction", 0),
        ("redis-7.0.15", "7.0.15", "noeviction", 0),
        ("valkey-9.1.2", "9.1.2", "allkeys-lru", 10 * 2**20),
    ],
)
def test_every_version_tells_what_is_needed(name: str, version: str, policy: str, maxmemory: int) -> None:
    """Each field is found in each version's answer, Valkey's own version too."""
    found = info.fields((RECORDED / f"{name}.txt").read_bytes())

    assert info.figures(found).keys() == info.FIGURES.keys()
    assert info.figures(found)["maxmemory"] == maxmemory
    assert info.version(found) == version
    assert info.word(found, b"maxmemory_policy") == policy
    assert len(info.word(found, b"run_id")) == 40


async def test_before_7_sections_are_asked_one_by_one() -> None:
    """Redis 6.2 refuses several sections in one INFO; that is learnt once, and all commands are own ones."""
    text = (RECORDED / "redis-6.2.14.txt").read_bytes()
    sections = {part.split()[0].lower(): b"# " + part for part in text.split(b"# ")[1:]}
    asked: list[list[bytes]] = []
    connected = 0

    async def old_server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected += 1
        while head := await reader.readline():
            words = []
            for _ in range(int(head[1:])):
                length = int((await reader.readline())[1:])
                words.append((await reader.readexactly(length + 2))[:-2])
            if len(words) == 2:
                body = sections[words[1]].replace(
                    b"total_commands_processed:5", b"total_commands_processed:%d" % (5 + len(asked))
                )
                writer.write(b"$%d\r\n%s\r\n" % (len(body), body))
            else:
                writer.write(b"-ERR syntax error\r\n")
            asked.append(words)
        writer.close()

    server = await asyncio.start_server(old_server, "127.0.0.1", 0)
    async with server:
        async with collecting(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}") as collector:
            before = await collector.fetch()
            after = await collector.fetch()
            reading = collector.difference(before, after)
        await asyncio.sleep(0.02)

    one_by_one = [[b"INFO", b"server"], [b"INFO", b"memory"], [b"INFO", b"stats"]]
    assert asked == [[b"INFO", b"server", b"memory", b"stats"], *one_by_one, *one_by_one]
    assert connected == 1
    assert before.figures["commands"] == 5 + 3
    assert part(reading, EVICTIONS).evidence == Ratio(0, 0)
    assert part(reading, HITS).evidence == Ratio(0, 0)
