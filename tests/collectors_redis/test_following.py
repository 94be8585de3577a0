"""Answers to INFO that follow each other, read by what changed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.redis import info
from collectors.redis.following import Following, Standing

NAMES = st.sampled_from(
    [
        b"used_memory", b"role", b"run_id", b"db0", b"errorstat_OOM", b"slave0", b"unknown", b"# Stats", b"",
        b"used_memory_human",
    ]
)  # fmt: skip
VALUES = st.sampled_from([b"", b":", b":1\r", b":2\r", b":2:3\r", b"\r"])
OTHERS = [
    b"role:3\r", b"x:1", b"", b"errorstat_OOM:count=5\r", b"redis_version:7.0.1\r",
    b"slave0:ip=a,port=1,state=online,offset=2,lag=0\r",
]  # fmt: skip
TEXTS = st.lists(st.tuples(NAMES, VALUES).map(b"".join), max_size=8).map(b"\n".join)


@given(st.lists(TEXTS, min_size=1, max_size=6), st.integers(0, 7), st.sampled_from(OTHERS))
@settings(deadline=None, max_examples=400)
def test_each_answer_gives_what_it_gives_alone(texts: list[bytes], place: int, other: bytes) -> None:
    """Whatever came before, and where a single line is another one."""
    following = Following()
    for text in texts:
        lines = text.split(b"\n")
        changed = b"\n".join([*lines[:place], other, *lines[place + 1 :]])
        for one in (text, changed, text):
            assert following.fields(one) == info.fields(one)
            assert following.standing() == Standing.of(info.fields(one))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (b"role:a\r\nx:1\r\n", b"role:b\r\nx:2\r\n", {b"role": b"b"}),
        (b"x:1\r\nrole:a\r\n", b"role:b\r\nrole:a\r\n", {b"role": b"b"}),
        (b"role:a\r\nrole:b\r\n", b"role:a\r\nrole:c\r\n", {b"role": b"a"}),
        (b"role:a\r\nx:1\r\n", b"role:a\r\n", {b"role": b"a"}),
        (b"role:a\r\nx:1\r\n", b"y:1\r\nx:1\r\n", {}),
    ],
)
def test_the_first_of_a_name_counts_at_each_answer(
    before: bytes, after: bytes, expected: dict[bytes, bytes]
) -> None:
    """A value that changed, a name that moved to the front, one told twice, one that is gone."""
    following = Following()
    following.fields(before)
    assert following.fields(after) == expected
