"""Servers that are slow, or say what none should, and clusters: one sentence ends the pass, or it goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collectors.redis.audited import read
from collectors.redis.census import pace
from headroom.audit.redis.facts import Census
from headroom.sources import Secret, Source, SourceKind

from .conftest import Start
from .fake import Answer, answering, array, bulk
from .planted import NAME, POLICIES, audited, census, client


async def _census(answer: Answer, deadline: float = 20.0, slow: dict[bytes, float] | None = None) -> Census:
    async with answering(answer, slow=slow) as port:
        there = Source(NAME, SourceKind.REDIS, Secret(f"redis://127.0.0.1:{port}"), timedelta(seconds=2))
        facts, _ = await read(there, POLICIES, datetime.now(UTC), deadline=deadline)
    assert facts.version == "7.0.15"
    return census(facts)


def _endless(times: bytes) -> tuple[Answer, list[int]]:
    """Return answers of a server with keys without end, and the COUNTs that it was asked for."""
    counts: list[int] = []

    def answer(words: list[bytes]) -> bytes:
        match words[0]:
            case b"SCAN":
                counts.append(int(words[3]))
                return array(bulk(b"%d" % len(counts)), array(bulk(b"k")))
            case b"PTTL":
                return b":-1\r\n"
            case b"MEMORY":
                return b":64\r\n"
            case b"LATENCY":
                return times
        return b"-ERR unknown command\r\n"

    return answer, counts


async def test_a_scan_that_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps get shorter, and where the shortest are too slow, the pass ends."""
    monkeypatch.setattr(pace, "DUTY", 0.5)
    answer, counts = _endless(b"-ERR unknown command\r\n")
    found = await _census(answer, slow={b"SCAN": 0.02})

    assert found.stopped == "SCAN takes more than 10 ms (p99) even for 200 keys at once"
    assert counts == [500, 500, 250, 250, 200, 200]
    assert (found.seen, found.complete) == (6, False)


async def test_a_way_that_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the way to the server takes long, as its own clock says, nothing is shortened."""
    monkeypatch.setattr(pace, "DUTY", 0.5)
    times = array(
        bulk(b"scan"),
        array(bulk(b"calls"), b":9\r\n", bulk(b"histogram_usec"), array(b":264\r\n", b":9\r\n")),
    )
    answer, counts = _endless(times)
    found = await _census(answer, deadline=0.5, slow={b"SCAN": 0.02})

    assert found.stopped == ""
    assert len(counts) > 6
    assert {*counts} == {500}


async def test_a_cursor_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never comes to an end is left when time is up."""
    monkeypatch.setattr(pace, "DUTY", 0.5)
    answer, counts = _endless(b"*0\r\n")
    found = await _census(answer, deadline=0.5)

    assert (found.complete, found.stopped) == (False, "")
    assert found.prefixes[2].without_expiry == found.seen == len(counts)


_STRANGE = "does not speak Redis's protocol: correct host and port in the URL"


@pytest.mark.parametrize(
    ("scan", "pttl"),
    [
        (b":5\r\n", b":-1\r\n"),
        (array(bulk(b"not a number"), array(bulk(b"k"))), b":-1\r\n"),
        (array(bulk(b"1" * 40), array(bulk(b"k"))), b":-1\r\n"),
        (array(bulk(b"0"), array(b":1\r\n")), b":-1\r\n"),
        (array(bulk(b"0"), array(bulk(b"k"))), b"+soon\r\n"),
        (array(bulk(b"0"), array(bulk(b"k"))), array()),
    ],
)
async def test_answers_that_are_none(scan: bytes, pttl: bytes) -> None:
    """What is no cursor, no key or no number is not taken for one, and nothing of the step is kept."""
    found = await _census(lambda words: {b"SCAN": scan, b"PTTL": pttl}.get(words[0], b"*0\r\n"))

    assert found.stopped.endswith(_STRANGE)
    assert (found.seen, found.prefixes[2].seen, found.complete) == (0, 0, False)


async def test_keys_that_go_away_meanwhile() -> None:
    """A key that is gone before it is asked is none, and neither is one that moved to another node."""
    answers = iter([b":-2\r\n", b"-MOVED 5 127.0.0.1:1\r\n", b":5000\r\n"])
    keys = array(bulk(b"0"), array(bulk(b"a"), bulk(b"b"), bulk(b"c")))

    def answer(words: list[bytes]) -> bytes:
        return next(answers) if words[0] == b"PTTL" else keys if words[0] == b"SCAN" else b"$-1\r\n"

    found = await _census(answer)
    rest = found.prefixes[2]

    assert (found.complete, found.seen) == (True, 3)
    assert (rest.seen, rest.asked, rest.shortest, rest.measured) == (1, 1, 5.0, 0)


def _raw(asked: Any, *words: str) -> bytes:
    """Return an answer as the server gave it."""
    asked.set_response_callback(words[0] + " " + words[1], lambda answer: answer)
    return bytes(asked.execute_command(" ".join(words)))


async def test_a_cluster(start: Start) -> None:
    """All primaries are walked and counted together; a part of them is no sample."""
    one, two = (start(**{"cluster-enabled": "yes", "cluster-node-timeout": "2000"}) for _ in range(2))
    one.run("CLUSTER ADDSLOTSRANGE 0 8191")
    two.run("CLUSTER ADDSLOTSRANGE 8192 16383")
    one.run(f"CLUSTER MEET 127.0.0.1 {two.port}")
    with client(one) as first, client(two) as second:
        for _ in range(100):
            if all(b"cluster_state:ok" in _raw(asked, "CLUSTER", "INFO") for asked in (first, second)):
                break
            await asyncio.sleep(0.1)
        stored = [0, 0]
        for number in range(2_000):
            for place, asked in enumerate((first, second)):
                try:
                    asked.execute_command("SET", f"finance:report:{number}", "x")
                except Exception:  # noqa: BLE001 it is in the other one's slots
                    continue
                stored[place] += 1
    found = census((await audited(one))[0])
    part, state = await audited(two, deadline=0.0)

    assert min(stored) > 500
    assert sum(stored) == 2_000
    assert (found.complete, found.random, found.keys, found.seen) == (True, False, 2_000, 2_000)
    assert found.prefixes[0].without_expiry == 2_000
    assert (census(part).random, census(part).complete, state) == (False, False, b"")
    two.stop()
    lost = census((await audited(one))[0])
    assert lost.stopped.startswith(f"127.0.0.1:{two.port} refuses connections")


async def test_a_server_that_is_slow_to_say_how_it_is() -> None:
    """Where INFO itself takes long no key is looked at, and the sentence says how long it took."""
    answer, counts = _endless(b"*0\r\n")
    found = await _census(answer, slow={b"INFO": 0.05})

    assert found.stopped.startswith("its answer to INFO takes 5")
    assert found.stopped.endswith(" ms, over 20 ms: it is slow, or far away, and its keys are left alone")
    assert (counts, found.seen) == ([], 0)


async def test_a_server_that_gets_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was fast when the pass began is left alone once it is not."""
    monkeypatch.setattr(pace, "DUTY", 0.5)
    slow: dict[bytes, float] = {b"SCAN": 0.005}
    answer, counts = _endless(b"*0\r\n")

    def slower(words: list[bytes]) -> bytes:
        if len(counts) == 20:
            slow[b"INFO"] = 0.05
        return answer(words)

    found = await _census(slower, slow=slow)

    assert found.stopped.endswith(" ms, over 20 ms: it is slow, or far away, and its keys are left alone")
    assert found.seen == len(counts) > 20
