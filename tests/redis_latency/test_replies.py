"""Answers in Redis's protocol, well-formed and hostile."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as LostError
from redis.exceptions import InvalidResponse, ResponseError

from collectors.redis.replies import DEEPEST, MOST_BYTES, MOST_ITEMS, Replies, Reply, TooLargeError

VALUES = st.recursive(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=200),
    lambda inner: st.lists(inner, max_size=8),
    max_leaves=40,
)


def encoded(value: object) -> bytes:
    """Return a value as a server sends it."""
    match value:
        case None:
            return b"$-1\r\n"
        case int():
            return b":%d\r\n" % value
        case bytes():
            return b"$%d\r\n%s\r\n" % (len(value), value)
        case list():
            return b"*%d\r\n" % len(value) + b"".join(map(encoded, value))
    raise AssertionError(value)


def depth(value: object) -> int:
    """Return how deep lists are nested."""
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def parser(*pieces: bytes, more: bool = False) -> Replies:
    """Return a parser that gets these pieces one by one, and then the end unless there is more."""
    coming = list(pieces)

    async def read(_: int) -> bytes:
        await asyncio.sleep(0)
        if not coming and more:
            await asyncio.sleep(60)
        return coming.pop(0) if coming else b""

    replies = Replies(0)
    replies.on_connect(SimpleNamespace(_reader=SimpleNamespace(read=read)))
    return replies


def answered(*pieces: bytes) -> Reply:
    """Return the first answer in these pieces."""
    return asyncio.run(parser(*pieces).read_response())


@given(
    st.lists(VALUES.filter(lambda value: depth(value) <= DEEPEST), min_size=1, max_size=4), st.integers(1, 40)
)
@settings(deadline=None, max_examples=150)
def test_whatever_is_sent_is_read(values: list[object], size: int) -> None:
    """Answers that follow each other come out as they went in, however the network cuts them."""
    sent = b"".join(map(encoded, values))
    replies = parser(*(sent[at : at + size] for at in range(0, len(sent), size)))

    async def read() -> list[Reply]:
        return [await replies.read_response() for _ in values]

    assert asyncio.run(read()) == values


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"*2\r\n:1\r\n:2\r\n", [1, 2]),
        (b"*3\r\n*1\r\n:1\r\n:2\r\n:3\r\n", [[1], 2, 3]),
        (b"*3\r\n:1\r\n:-2\r\n:3\r\n", [1, -2, 3]),
        (b"*2\r\n:1\r\n$1\r\n2\r\n", [1, b"2"]),
    ],
)  # fmt: skip
def test_numbers_belong_to_their_own_list(sent: bytes, expected: Reply, size: int) -> None:
    """Those that follow a list are not taken into it, however much of them is here."""
    assert answered(*(sent[at : at + size] for at in range(0, len(sent), size))) == expected


def test_numbers_beyond_the_limit_are_refused() -> None:
    """A list of numbers is no way around the limit on bytes."""
    sent = b"*60000\r\n" + (b":" + b"1" * 20 + b"\r\n") * 60000
    with pytest.raises(TooLargeError) as refused:
        answered(sent)
    assert refused.value.args == (b"an answer of more than 1048576 bytes",)


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=300)
def test_rubbish_is_refused_or_read(rubbish: bytes) -> None:
    """Whatever comes, it is an answer, or refused, or the end of the connection: never anything else."""
    try:
        answered(rubbish)
    except (InvalidResponse, LostError):
        return


def test_plain_texts_errors_and_nothing() -> None:
    """A line is a text; an error is the driver's, inside an answer as well; both nulls are None."""
    assert answered(b"+OK\r\n") == b"OK"
    assert answered(b"*-1\r\n") is None
    error = answered(b"-NOPERM no\r\n")
    assert isinstance(error, ResponseError)
    inside = answered(b"*2\r\n:1\r\n-ERR x\r\n")
    assert isinstance(inside, list)
    assert isinstance(inside[1], ResponseError)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"$%d\r\n" % (MOST_BYTES + 1), b"an answer of %d bytes" % (MOST_BYTES + 11)),
        (b"*%d\r\n" % (MOST_ITEMS + 1), b"an answer of %d items" % (MOST_ITEMS + 1)),
        (b"*3\r\n" + b"*40000\r\n" * 3, b"an answer of 80003 items"),
        (b"*1\r\n" * 9, b"an answer nested more than 8 deep"),
        (b"*1\r\n" * 100_000, b"an answer nested more than 8 deep"),
        (b"*20\r\n" + (b"+" + b"x" * 64997 + b"\r\n") * 20, b"an answer of more than 1048576 bytes"),
        (b"*20\r\n" + (b"$65000\r\n" + b"x" * 65000 + b"\r\n") * 20, b"an answer of 1105173 bytes"),
    ],
)  # fmt: skip
def test_what_is_too_large_is_refused(sent: bytes, said: bytes) -> None:
    """A length, a number of items and a depth are refused when announced, a sum when it is reached."""
    with pytest.raises(TooLargeError) as refused:
        answered(*(sent[at : at + 65536] for at in range(0, len(sent), 65536)))
    assert refused.value.args == (said,)


@pytest.mark.parametrize(
    "sent",
    [
        b"$-2\r\n", b"$1x\r\n", b"$\r\n", b"*-2\r\n", b"*x\r\n", b":\r\n", b":-\r\n", b":1.5\r\n",
        b":--1\r\n",
        b":" + b"9" * 21 + b"\r\n", b"$3\r\nabcde\r\n", b"!\r\n", b"\r\n", b"+a\n", b"HTTP/1.1 200 OK\r\n",
        b"$" + b"9" * 30 + b"\r\n", b"\x15\x03\x03",
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(sent: bytes) -> None:
    """Lengths that lie, numbers that are none, other protocols."""
    with pytest.raises(InvalidResponse):
        answered(sent)


@pytest.mark.parametrize("sent", [b"", b"$3\r\nab", b"*2\r\n:1\r\n"])
def test_cut_answer_is_a_lost_connection(sent: bytes) -> None:
    """An answer that ends too early is not taken for a shorter one."""
    with pytest.raises(LostError, match="Connection closed by server"):
        answered(sent)


def test_line_without_end_is_refused() -> None:
    """A server that sends one line for ever is left, and not stored."""
    with pytest.raises(InvalidResponse) as refused:
        answered(*[b"+" + b"x" * 9999] * 1000)
    assert refused.value.args == (b"a line without end",)


async def test_new_connection_begins_anew() -> None:
    """What an old connection left half read is not the beginning of the next answer."""
    replies = parser(b"*2\r\n:1\r\n", more=True)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(replies.read_response(), 0.05)
    replies.on_disconnect()
    replies.on_connect(parser_connection(b"+OK\r\n"))
    assert await replies.read_response() == b"OK"


def parser_connection(sent: bytes) -> SimpleNamespace:
    """Return a connection as far as a parser knows it."""
    stream = asyncio.StreamReader()
    stream.feed_data(sent)
    return SimpleNamespace(_reader=stream)
