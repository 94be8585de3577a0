"""Compression and size of answers."""

from __future__ import annotations

from typing import Any

import pytest

from headroom.audit.application.facts import Answer, Doors
from headroom.audit.application.responses import compression, payload
from headroom.checks import State
from headroom.policies import NOTHING, Application, Policies
from tests.audit_application import cases
from tests.audit_application.cases import NOW, case, only

MORE = "; name a path under payloads: that gives more than 1 KiB of JSON"
FILTER = (
    "in main.ts: compression({ filter: (req, res) => req.headers['accept-encoding']?.includes('gzip') ? "
    "compression.filter(req, res) : false }), and a proxy or cache in front that heeds Vary: Accept-Encoding"
)
FIX = "app.use(compression({ level: 6, threshold: 1024 })) in main.ts, before any route"


@pytest.mark.parametrize(
    ("answer", "state", "found", "fix"),
    [
        (
            {"size": 24_000, "plain": 24_000, "packed": 1_500},
            State.FAIL,
            "23.4 KiB, not compressed: gzip at level 6 makes 1.46 KiB (94% less)",
            FIX,
        ),
        (
            {"size": 2**21, "plain": 2**21, "packed": 2**18, "truncated": True},
            State.FAIL,
            "more than 2 MiB, not compressed: of these gzip at level 6 makes 256 KiB (88% less)",
            FIX,
        ),
        (
            {"size": 24_000, "plain": 24_000, "packed": 23_900},
            State.CANNOT_CHECK,
            (
                "cannot be checked: 23.4 KiB, not compressed: gzip at level 6 makes 23.3 KiB, which does not "
                f"pay{MORE}"
            ),
            "",
        ),
        (
            {"size": 1024, "plain": 1024, "packed": 50},
            State.CANNOT_CHECK,
            f"cannot be checked: 1 KiB, not compressed: up to 1 KiB that is right{MORE}",
            "",
        ),
        (
            {"size": 1025, "plain": 1025, "packed": 50},
            State.FAIL,
            "1 KiB, not compressed: gzip at level 6 makes 50 B (95% less)",
            FIX,
        ),
        (
            {"size": 0, "plain": 0},
            State.CANNOT_CHECK,
            "cannot be checked: the answer is empty; name a path that gives data",
            "",
        ),
        (
            {"size": 1500, "plain": 24_000, "encoding": "gzip"},
            State.PASS,
            (
                "23.4 KiB are compressed to 1.46 KiB (gzip); the level cannot be seen; whether clients that "
                "accept no packing get it plain was not seen"
            ),
            "",
        ),
        (
            {"size": 1500, "plain": 24_000, "encoding": "gzip", "bare": ""},
            State.PASS,
            (
                "23.4 KiB are compressed to 1.46 KiB (gzip); the level cannot be seen; a client that accepts "
                "no packing gets it plain"
            ),
            "",
        ),
        (
            {"size": 1500, "plain": 24_000, "encoding": "gzip", "bare": "gzip"},
            State.FAIL,
            "it is sent as gzip to a client that accepts no packing, too, and cannot be read there",
            FILTER,
        ),
        (
            {"size": 900, "plain": 0, "encoding": ""},
            State.CANNOT_CHECK,
            f"cannot be checked: 900 B, not compressed: up to 1 KiB that is right{MORE}",
            "",
        ),
        (
            {"size": 90, "plain": 600, "encoding": "gzip"},
            State.WARN,
            "600 B are compressed to 90 B: below 1 KiB that costs more than it saves",
            FIX,
        ),
        (
            {"size": 900, "plain": None, "encoding": "br"},
            State.WARN,
            "it is sent as br, although only gzip was asked for",
            FIX,
        ),
        (
            {"size": 900, "plain": None, "encoding": "gzip"},
            State.FAIL,
            "it is sent as gzip, and cannot be unpacked",
            FIX,
        ),
        (
            {"size": 900, "plain": 2**24, "encoding": "gzip", "truncated": True},
            State.PASS,
            (
                "it is compressed (gzip), and too large to be read to its end; the level cannot be seen; "
                "whether clients that accept no packing get it plain was not seen"
            ),
            "",
        ),
        (
            {"status": 401, "size": 30},
            State.CANNOT_CHECK,
            "cannot be checked: it answers 401",
            "name a path that needs no login, or put user and password into the variable of application.url",
        ),
        (
            {
                "status": 302,
                "failure": "it redirects to x; redirects are not followed: declare the final path",
            },
            State.CANNOT_CHECK,
            "cannot be checked: 302: it redirects to x; redirects are not followed: declare the final path",
            "",
        ),
        ({"status": 0, "failure": "no answer"}, State.CANNOT_CHECK, "cannot be checked: no answer", ""),
    ],
)
def test_compression(answer: dict[str, Any], state: State, found: str, fix: str) -> None:
    """What is larger than 1 KiB and shrinks must be compressed, and what is smaller must not."""
    finding = only(compression, case(cases.payload(**answer)))

    assert (finding.state, finding.found, finding.fix) == (state, found, fix)
    assert (finding.rule, finding.subject) == ("application.compression", (("path", "/bookings"),))
    assert finding.guide == "Response Compression: gzip, level 6, from 1 KB on"


@pytest.mark.parametrize(
    ("answer", "state", "found"),
    [
        ({"size": 2**20, "plain": 2**20}, State.PASS, "1 MiB in 0.05 s"),
        (
            {"size": 90_000, "plain": 3 * 2**20},
            State.WARN,
            "3 MiB in 0.05 s: every reader, and the heap of the process, has to hold all of it",
        ),
        (
            {"size": 2**21, "plain": 2**21, "truncated": True},
            State.WARN,
            "more than 2 MiB in 0.05 s: every reader, and the heap of the process, has to hold all of it",
        ),
        ({"size": 900, "plain": None, "encoding": "br"}, State.PASS, "900 B in 0.05 s"),
        ({"status": 500}, State.CANNOT_CHECK, "cannot be checked: it answers 500"),
    ],
)
def test_an_answer_over_a_mebibyte_should_be_pages(answer: dict[str, Any], state: State, found: str) -> None:
    """By its size unpacked: that is what readers and heap hold."""
    finding = only(payload, case(cases.payload(**answer)))

    assert (finding.rule, finding.state, finding.found) == ("application.payload", state, found)


def test_a_small_answer_passes_beside_one_that_shows_compression() -> None:
    """Alone it would show nothing; and one second question is enough for all."""
    small = Answer("/small", 200, size=90, plain=90)
    large = Answer("/large", 200, size=1500, plain=24_000, encoding="gzip", bare="")
    other = Answer("/other", 200, size=1500, plain=24_000, encoding="gzip")
    findings = list(compression(case(Doors(NOW, payloads=(small, large, other)))))

    assert [one.state for one in findings] == [State.PASS] * 3
    assert [one.found for one in findings] == [
        "90 B, not compressed: up to 1 KiB that is right",
        (
            "23.4 KiB are compressed to 1.46 KiB (gzip); the level cannot be seen; a client that accepts no "
            "packing gets it plain"
        ),
        "23.4 KiB are compressed to 1.46 KiB (gzip); the level cannot be seen",
    ]


def test_parameters_of_a_path_are_not_shown() -> None:
    """They may hold a token."""
    finding = only(compression, case(cases.payload(path="/x?token=s3cret", size=10, plain=10)))

    assert finding.subject == (("path", "/x?…"),)


@pytest.mark.parametrize(
    ("doors", "policies", "found", "fix"),
    [
        (
            None,
            NOTHING,
            "cannot be checked: budgets.yaml does not say where the application answers",
            cases.DECLARE,
        ),
        (
            None,
            Policies(application=Application(None, unset="APP_URL")),
            "cannot be checked: the environment variable APP_URL is not set",
            "export APP_URL='http://HOST:3000'",
        ),
        (None, cases.DECLARED, "cannot be checked: the application was not asked", ""),
        (
            Doors(NOW),
            cases.DECLARED,
            (
                "cannot be checked: budgets.yaml names no paths to ask; name some that give data and need no "
                "login"
            ),
            cases.DECLARE,
        ),
    ],
)
def test_what_is_not_declared_cannot_be_checked(
    doors: Doors | None, policies: Policies, found: str, fix: str
) -> None:
    """The fix is the lines of budgets.yaml."""
    for rule in (compression, payload):
        finding = only(rule, case(doors, policies=policies))
        assert (finding.state, finding.found, finding.fix) == (State.CANNOT_CHECK, found, fix)
