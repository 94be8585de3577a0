"""Answers to LATENCY HISTOGRAM and INFO commandstats as servers gave them, and as they might garble them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from redis.exceptions import ResponseError

from collectors.redis.commands import MOST, Command, counters, told
from collectors.redis.ladder import MICROS, UnknownLadderError, histograms
from collectors.redis.replies import Replies, Reply

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> list[Reply]:
    """Return the two answers that a server gave to INFO commandstats and LATENCY HISTOGRAM."""

    async def read() -> list[Reply]:
        stream = asyncio.StreamReader()
        stream.feed_data((RECORDED / name).read_bytes())
        replies = Replies(0)
        replies.on_connect(SimpleNamespace(_reader=stream))
        answers = []
        for _ in range(2):
            try:
                answers.append(await replies.read_response())
            except ResponseError as error:
                answers.append(error)
        return answers

    return asyncio.run(read())


@pytest.mark.parametrize("which", ["redis-7.0.15", "redis-8.0.2", "valkey-8.1.1", "valkey-9.1.2"])
def test_recorded_answers_of_every_version(which: str) -> None:
    """The bounds are those of the ladder, and the calls of both answers agree."""
    stats, latencies = recorded(f"{which}.resp")
    found, wrong = counters(stats, latencies)

    assert wrong == ""
    assert told(stats)
    assert found["get"].calls == sum(found["get"].counts) == 5
    assert found["debug"].calls == 3
    # 3 ms, 20 ms and 1.2 s, which the server cuts to one second.
    places = [place for place, count in enumerate(found["debug"].counts) if count]
    assert [(*MICROS, 0)[place] for place in places] == [4227, 33816, 0]
    assert found["debug"].micros is not None
    assert found["debug"].micros > 1_223_000
    assert found["config|get"].calls >= 1


def test_redis_6_gives_statistics_only() -> None:
    """It answers LATENCY HISTOGRAM with an error, and names no subcommands."""
    stats, refused = recorded("redis-6.2.14.resp")
    found, wrong = counters(stats, None)

    assert isinstance(refused, ResponseError)
    assert wrong == ""
    assert (found["get"].calls, found["get"].counts) == (5, ())
    assert found["config"].calls == 1


@pytest.mark.parametrize(
    ("buckets", "said"),
    [
        ([3, 1], "a bucket up to 3 µs"),
        ([2, 1, 1, 1], "a bucket up to 1 µs"),
        ([1, 1, 1, 1], "a bucket up to 1 µs"),
        ([1, 1, 2, 0], "counts that fall"),
        ([1, -1], "counts that fall"),
        ([1], "a command without calls or buckets"),
        ([1, b"x"], "a bucket that is no number"),
        ([1, 2], "another number of commands in the buckets than calls"),
        ([], "another number of commands in the buckets than calls"),
        ([2_000_000, 1], "a bucket up to 2000000 µs"),
    ],
)
def test_other_buckets_are_not_guessed_at(buckets: list[Reply], said: str) -> None:
    """A bound that no known server has, or counts that contradict each other, cost the histograms only."""
    with pytest.raises(UnknownLadderError) as unknown:
        histograms([b"get", [b"calls", 1, b"histogram_usec", buckets]])
    assert str(unknown.value) == said

    stats = b"# Commandstats\r\ncmdstat_get:calls=1,usec=7,usec_per_call=7.00\r\n"
    found, wrong = counters(stats, [b"get", [b"calls", 1, b"histogram_usec", buckets]])
    assert found == {"get": Command(1, 7)}
    assert wrong == f"LATENCY HISTOGRAM gives {said}, which no known server does"


@pytest.mark.parametrize("reply", [b"x", 1, [b"get"], [1, []], [b"get", b"x"], [b"get", [b"calls", -1]]])
def test_other_answers_are_refused(reply: Reply) -> None:
    """What is no list of commands is no histogram."""
    with pytest.raises(UnknownLadderError):
        histograms(reply)


def test_names_are_bounded_and_plain() -> None:
    """What is no plain word, and what is too many, is one name: other."""
    lines = [f"cmdstat_c{number}:calls=1,usec=1,x" for number in range(2 * MOST)]
    lines += [
        "cmdstat_<script>:calls=5,usec=1,x",
        "cmdstat_never:calls=0,usec=0,x",
        "cmdstat_odd:calls=x,usec=1,x",
    ]
    found, _ = counters("\r\n".join(lines).encode(), None)

    assert len(found) == MOST + 1
    assert found["other"].calls == MOST + 5
    assert "never" not in found
    assert "odd" not in found
