"""What `headroom doctor` prints: the worst first, in groups, each fix in lines of its own."""

from __future__ import annotations

import json

import pytest

from headroom.checks import Check, State
from monitor.doctor.printed import as_json, as_table, exit_code

FINE = Check("clock:metrics", State.PASS, "Clock", "they agree within 1 s")
SHAKY = Check("review:api.read", State.WARN, "Reads: review", "late", "review_by: 2027-01-01")
BROKEN = Check(
    "decidable:api.read:p99", State.FAIL, "Reads, P99", "can never be proven over", "line 1\nline 2"
)
UNSEEN = Check("source:metrics", State.CANNOT_CHECK, "Prometheus metrics", "not configured")


def test_the_worst_comes_first() -> None:
    """Failures, then what could not be seen, then warnings, then what passes; a summary ends it."""
    rule = "─" * 110

    assert as_table([FINE, SHAKY, BROKEN, UNSEEN]).split("\n") == [
        "── fail (1) " + rule[12:],
        "",
        "Can the limits be decided?",
        "  decidable:api.read:p99  Reads, P99",
        "      can never be proven over",
        "      fix:",
        "        line 1",
        "        line 2",
        "",
        "── cannot check (1) " + rule[20:],
        "",
        "Sources",
        "  source:metrics  Prometheus metrics",
        "      not configured",
        "",
        "── warn (1) " + rule[12:],
        "",
        "Reviews",
        "  review:api.read  Reads: review",
        "      late",
        "      fix:",
        "        review_by: 2027-01-01",
        "",
        "── pass (1) " + rule[12:],
        "",
        "Clocks",
        "  clock:metrics: they agree within 1 s",
        "",
        "4 checks: 1 fail, 1 cannot check, 1 warn, 1 pass",
    ]


def test_the_same_words_are_said_once() -> None:
    """Fourteen budgets that are late for one review are one paragraph."""
    late = [Check(f"review:b{number}", State.WARN, f"{number}", "late", "fix it") for number in range(14)]

    lines = as_table(late).split("\n")

    assert lines.count("      late") == 1
    assert lines.count("        fix it") == 1
    assert "  review:b0, review:b1, review:b2," in lines[3]
    assert all(len(line) <= 110 for line in lines)


def test_nothing_to_say() -> None:
    """No checks at all are told as none."""
    assert as_table([]) == "0 checks: "


def test_json_is_what_scripts_rely_on() -> None:
    """One object per check, with exactly these keys."""
    assert json.loads(as_json([BROKEN])) == {
        "checks": [
            {
                "id": "decidable:api.read:p99",
                "state": "fail",
                "title": "Reads, P99",
                "detail": "can never be proven over",
                "fix": "line 1\nline 2",
            }
        ]
    }


@pytest.mark.parametrize(
    ("checks", "unreachable", "strict", "code"),
    [
        ([FINE], False, True, 0),
        ([BROKEN], False, False, 0),
        ([BROKEN], False, True, 3),
        ([SHAKY], False, True, 3),
        ([UNSEEN], False, True, 3),
        ([BROKEN], True, True, 4),
        ([FINE], True, False, 4),
    ],
)
def test_exit_codes(checks: list[Check], unreachable: bool, strict: bool, code: int) -> None:
    """A source that cannot be read comes before anything found, and only --strict minds the findings."""
    assert exit_code(checks, unreachable=unreachable, strict=strict) == code
