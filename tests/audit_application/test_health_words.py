"""What is kept of the body of a health endpoint: known words under plain names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.http import health
from headroom.audit.application.words import BAD, BETWEEN, GOOD, UNTOLD

WORDS = GOOD | BAD | BETWEEN | UNTOLD


def said(told: Any) -> dict[str, str] | None:
    """Return what a body of JSON says."""
    return health.said(json.dumps(told).encode(), lambda name: "pa55word" not in name)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"status": "OK"}, {"status": "ok"}),
        ("OK", {"status": "ok"}),
        (True, {"status": "true"}),
        (
            {"database": {"key": "database", "status": "down", "error": "password s3cret"}},
            {"database": "down"},
        ),
        (
            {  # @nestjs/terminus
                "status": "error",
                "info": {"database": {"status": "up"}},
                "error": {"redis": {"status": "down", "message": "s3cret"}},
                "details": {"database": {"status": "up"}, "redis": {"status": "down"}},
            },
            {"status": "error", "database": "up", "redis": "down"},
        ),
        (
            {"status": "UP", "components": {"db": {"status": "UP", "details": {"v": "s3cret"}}}},  # Spring
            {"status": "up", "db": "up"},
        ),
        (
            {"status": "pass", "checks": {"cache": [{"status": "pass"}, {"status": "fail"}]}},  # health+json
            {"status": "pass", "cache": "fail"},
        ),
        ({"data": {"status": "ok", "database": True, "uptime": 12.5}}, {"status": "ok", "database": "true"}),
        ({"status": "s3cret", "version": "s3cret"}, {"status": "other"}),
        ({"cache": {"status": "s3cret"}}, {"cache": "other"}),
        (
            {"database": "connected", "cache": "connection refused", "version": "1.2"},
            {"database": "connected", "cache": "other"},
        ),
        ({"database": {"pool": 3}, "redis": None}, {"database": "other", "redis": "other"}),
        ({"status": "Not Ready", "error": False}, {"status": "not_ready"}),
        (
            {"key s3cret \n": "up", "k" * 41: "down", "a1b2c3d4": "up"},
            {"part-1": "up", "part-2": "down", "part-3": "up"},
        ),
        ({"pa55word": "up"}, {"part-1": "up"}),
        ({"uptime": 12, "version": "1.2.3", "nothing": None}, None),
        ([], None),
        (7, None),
    ],
)
def test_known_words_are_kept_by_part(told: Any, expected: dict[str, str] | None) -> None:
    """The forms of the guide, of Terminus, Spring and health+json; of everything else nothing."""
    assert said(told) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"OK\n", {"status": "ok"}),
        (b"s3cret", None),
        (b"\xff\xfe\x00", None),
        (b"[" * 50_000, None),
        (b'{"status": "OK"}' + b" " * health.LARGEST, None),
        (b'{"a": 1e999, "status": NaN}', None),
        (b"", None),
    ],
)
def test_a_body_that_is_no_json_is_a_word_or_nothing(body: bytes, expected: dict[str, str] | None) -> None:
    """Plain text may be one known word; what is deep, long or binary says nothing."""
    assert health.said(body, lambda _: True) == expected


def test_the_number_of_parts_is_bounded() -> None:
    """A body may name a million."""
    found = said({f"p{number}": "up" for number in range(900)})

    assert found is not None
    assert len(found) == health.MOST_PARTS


def test_of_two_parts_with_one_name_the_bad_one_stays() -> None:
    """In Terminus a part stands under info or error, and again under details."""
    assert said({"error": {"db": {"status": "down"}}, "details": {"db": {"status": "up"}}}) == {"db": "down"}


LEAVES = st.none() | st.booleans() | st.floats() | st.text(max_size=60) | st.sampled_from(sorted(WORDS))
NAMES = st.text(max_size=50) | st.sampled_from(["status", "info", "details", "data", "state", "error"])


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=30))
def test_nothing_but_known_words_and_plain_names_comes_out(told: Any) -> None:
    """Whatever the body is."""
    for name, word in (said(told) or {}).items():
        assert word in WORDS
        assert name.replace("_", "").replace("-", "").replace(".", "").isalnum()
        assert len(name) <= 40
