"""What a message says, to the letter, and that nothing from a source can steer it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.message import as_text, clean, delayed, payload
from headroom.bounds import Interval
from headroom.budgets import Budget, Kind, Limit, Measure, Outcome, Severity, Statistic, Unit
from headroom.incidents import NoticeStatus, State, Why
from tests.alerts.examples import AT, LOGIN, incident, resource, verdict

FIRING, RESOLVED = NoticeStatus.FIRING, NoticeStatus.RESOLVED
CPU = Budget(
    id="resource.cpu",
    title="CPU",
    guide="Resource Utilization Targets",
    measure=Measure("metrics", Kind.CPU),
    window=timedelta(minutes=5),
    pending_for=timedelta(minutes=1),
    recover_for=timedelta(minutes=2),
    limits=(
        Limit("target", Statistic.AVERAGE, 0.7, Unit.SHARE, Severity.WARNING),
        Limit("alert", Statistic.AVERAGE, 0.8, Unit.SHARE, Severity.CRITICAL),
    ),
)


def test_a_firing_message_is_complete() -> None:
    """Each field of the message is there, and the sentence holds value, limit, evidence and time."""
    over = verdict(Outcome.OVER)

    brief = "Authentication (login) p95: 5.4% to 13% slow, 5% allowed (limit 200 ms), for 5 min"
    lines = [
        (
            "Authentication (login) p95 is over 200 ms: 35 of 412 took longer than 200 ms (8.5 %), "
            "5 % allowed; the rate behind it is at least 5.4 % at 99 % confidence; "
            "about 33 slow ones prove it."
        ),
        "Critical: over since 13:57:10 UTC, fired at 13:58:10 UTC.",
        "If broken: scale the login service.",
    ]

    message = payload(
        incident(State.FIRING),
        [over],
        LOGIN,
        FIRING,
        why=Why.HELD,
        at=AT,
        installation="erp-prod",
        link="https://headroom.example",
    )

    assert json.loads(as_text(message)) == {
        "incident": "0123456789abcdef",
        "budget": "api.login",
        "statistic": "p95",
        "subject": {},
        "status": "firing",
        "severity": "critical",
        "why": "over for long enough",
        "about": "breach",
        "title": f"[OVER] {brief}",
        "brief": brief,
        "name": "Authentication (login) p95",
        "text": " ".join(lines),
        "lines": lines,
        "limit": "p95",
        "unit": "s",
        "threshold": 0.2,
        "value": {"low": 0.2, "high": 0.5},
        "slow": {"low": 35, "high": 35},
        "slow_share": {"low": 0.054, "high": 0.127},
        "allowed": 0.05,
        "n": 412,
        "headroom": -1.54,
        "opened": "2026-08-03T13:57:10+00:00",
        "fired": "2026-08-03T13:58:10+00:00",
        "since": "2026-08-03T13:57:10+00:00",
        "at": "2026-08-03T14:02:10+00:00",
        "delayed": False,
        "acknowledged_by": "",
        "step": 0,
        "worst": "1.7 times the limit at 13:58:10 UTC: 35 of 412 took longer than 200 ms",
        "before": None,
        "statement": None,
        "source": "metrics",
        "owner": "Platform team",
        "runbook": "https://wiki.example/runbooks/login",
        "if_broken": "scale the login service",
        "installation": "erp-prod",
        "link": "https://headroom.example/budget?b=api.login&s=p95&w=15m"
        "&from=2026-08-03T13:47:10Z&to=2026-08-03T14:02:10Z",
        "home": "https://headroom.example",
        "facts": [
            ["Severity", "critical"],
            ["Limit", "p95 at most 200 ms"],
            ["Value", "p95 200 to 500 ms"],
            ["Slow", "35 of 412, 5% allowed"],
            ["Worst so far", "1.7 times the limit at 13:58:10 UTC: 35 of 412 took longer than 200 ms"],
            ["Since", "2026-08-03 13:57:10 UTC"],
            ["Owner", "Platform team"],
            ["Source", "metrics"],
            ["Installation", "erp-prod"],
            ["Incident", "0123456789abcdef"],
            ["Budget", "api.login"],
        ],
        "key": "0123456789abcdef-firing-20260803T140210.000000Z",
    }


def text_of(*arguments: object, **named: object) -> tuple[str, str]:
    """Return title and text of a message."""
    message = payload(*arguments, **{"at": AT, **named})  # type: ignore[arg-type]
    return message["title"], message["text"]


def test_a_resolved_message_says_how_it_stands_and_how_it_was() -> None:
    """The end of an incident tells the proof of being met, how long it fired, and the worst of it."""
    met = verdict(Outcome.MET, detail="3 of 900 took longer than 200 ms (0.33 %), 5 % allowed")

    assert text_of(
        incident(State.RESOLVED, fired=AT - timedelta(minutes=4)), [met], LOGIN, RESOLVED, why=Why.RECOVERED
    ) == (
        "[RESOLVED] Authentication (login) p95: met again after 4 min",
        (
            "Authentication (login) p95 is met again: 3 of 900 took longer than 200 ms (0.33 %), "
            "5 % allowed. It fired from 13:58:10 UTC to 14:02:10 UTC, 4 min. "
            "Worst: 1.7 times the limit at 13:58:10 UTC: 35 of 412 took longer than 200 ms."
        ),
    )


def test_a_budget_that_changed_is_not_called_met() -> None:
    """An incident that ends with its budget says so, and quotes no verdict on another promise."""
    ended = incident(State.RESOLVED, fired=AT - timedelta(days=2))

    expected = (
        "[CLOSED] api.login p95: closed with its budget, which was changed or removed; it was not met again",
        (
            "api.login p95 is closed with its budget, which was changed or removed; it was not met again. "
            "It fired from 2026-08-01 14:02:10 UTC to 2026-08-03 14:02:10 UTC, 2 d. "
            "Worst: 1.7 times the limit at 13:58:10 UTC: 35 of 412 took longer than 200 ms."
        ),
    )
    assert text_of(ended, [], None, RESOLVED, why=Why.BUDGET_CHANGED) == expected
    changed = text_of(
        ended, [verdict(Outcome.OVER)], replace(LOGIN, title="api.login"), RESOLVED, why=Why.BUDGET_CHANGED
    )
    assert changed == expected


def test_a_rise_in_severity_is_told_as_such() -> None:
    """The second message of an incident begins with what is new, and is about the louder limit."""
    verdicts = [resource("target", Outcome.OVER), resource("alert", Outcome.OVER, detail="average 91.4%")]
    worse = incident(State.FIRING, budget="resource.cpu", statistic=Statistic.AVERAGE, limit="alert")

    assert text_of(worse, verdicts, CPU, FIRING, why=Why.WORSE) == (
        "[OVER, NOW CRITICAL] CPU average: 85%, over the limit of 80%",
        (
            "Severity rose to critical. CPU average is over 80%: average 91.4%. "
            "Critical since 14:02:10 UTC; began at 13:57:10 UTC, fired at 13:58:10 UTC."
        ),
    )


def test_a_rate_that_must_not_fall_is_below() -> None:
    """A hit rate under its floor is called below it, also where another limit bears the same name."""
    floor = Limit("target", Statistic.AVERAGE, 0.9, Unit.SHARE, Severity.WARNING, at_least=True)
    budget = replace(CPU, title="Redis memory", evicting=(floor,))
    half = Interval.exactly(0.5)
    over = resource("target", Outcome.OVER, threshold=0.9, value=half, detail="average 50%", at_least=True)
    fired = incident(State.FIRING, statistic=Statistic.AVERAGE, limit="target")

    title, _ = text_of(fired, [over], budget, FIRING, why=Why.HELD)

    assert title == "[OVER] Redis memory average: 50%, below the limit of 90%, for 5 min"


def test_labels_cannot_steer_the_message() -> None:
    """Control and direction characters of labels are gone, quotes are escaped, lengths are bounded."""
    hostile = (
        ("evil\x1b[2J", 'a"\n\u202eb\u200b, severity="info'),
        *((f"l{number:02}", "x" * 5000) for number in range(50)),
    )
    message = payload(
        incident(State.FIRING, subject=hostile, worst="w" * 9999),
        [verdict(Outcome.OVER, detail="d\x00\r\n" * 5000)],
        replace(LOGIN, title="t" * 9999, owner="o" * 9999),
        FIRING,
        why=Why.HELD,
        at=AT,
    )

    assert next(iter(message["subject"].items())) == ("evil [2J", 'a" b , severity="info')
    assert len(message["subject"]) == 20
    short = payload(
        incident(State.FIRING, subject=hostile[:1]),
        [verdict(Outcome.OVER)],
        LOGIN,
        FIRING,
        why=Why.HELD,
        at=AT,
    )
    assert short["title"] == (
        '[OVER] Authentication (login) p95 (evil [2J="a\\" b , severity=\\"info"): '
        "5.4% to 13% slow, 5% allowed (limit 200 ms), for 5 min"
    )
    assert message["title"].endswith("…: 5.4% to 13% slow, 5% allowed (limit 200 ms), for 5 min")
    assert all(text.isprintable() for text in message.values() if isinstance(text, str))
    assert all(line.isprintable() for line in message["lines"])
    assert len(as_text(message)) < 10_000


def test_open_and_impossible_numbers_are_null() -> None:
    """JSON has no infinity: an open end is null, and so is whatever no receiver could read."""
    over = verdict(Outcome.OVER, value=Interval(0.2, None), slow_share=Interval(0.054, float("inf")))

    message = payload(incident(State.FIRING), [over], LOGIN, FIRING, why=Why.HELD, at=AT)

    assert (message["value"], message["slow_share"]) == (
        {"low": 0.2, "high": None},
        {"low": 0.054, "high": None},
    )


@pytest.mark.parametrize(
    ("age", "late"), [(timedelta(minutes=2), False), (timedelta(minutes=2, seconds=1), True)]
)
def test_a_late_message_says_so(age: timedelta, late: bool) -> None:
    """After two minutes a message tells when it happened, lest an old alarm be taken for a new one."""
    before = as_text({"text": "CPU is over 80%.", "delayed": False, "key": "k"})

    after = delayed(before, AT, AT + age)

    if not late:
        assert after == before
        return
    assert json.loads(after) == {
        "text": "Delayed by 2 min 1 s: happened at 2026-08-03 14:02:10 UTC. CPU is over 80%.",
        "delayed": True,
        "key": "k",
    }


def test_text_is_cut_with_a_mark() -> None:
    """What is cut shows that it was, and is never longer than asked."""
    assert clean("  one\ttwo\u2028three ", 20) == "one two three"
    assert clean("abcdef", 5) == "abcd…"
    assert clean("\x00" * 1000 + "a", 5) == ""
