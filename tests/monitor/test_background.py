"""What an alarm says beyond its own figures: an hour before, what began anew, the worst statement."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.background import NOTHING, Background, Offender, fact, sentences
from headroom.budgets import Outcome, Unit
from headroom.config import load
from headroom.evidence import Gauge, Moments
from headroom.history import Cycle, Poll, open_history
from headroom.incidents import State
from headroom.observation import Observation, Quality, Reading, Series
from headroom.statements import MEASURE, REST, Statement
from monitor.background import Allowance, Backgrounds
from tests.alerts.examples import AT, incident, verdict
from tests.monitor.scripted import CONFIG, EVERY, MEMORY, NOON, Stage, full, part, stage

TOLD = (
    CONFIG
    + 'alerts: {channels: {hook: {kind: webhook, url: "http://127.0.0.1:9"}}, routes: [{channels: [hook]}]}\n'
)


async def fired(on: Stage, given: Callable[[float], Reading]) -> dict[str, Any]:
    """Poll until the alarm about the incident is written, and return it."""
    for _ in range(20):
        await on.poll(given)
        for one in on.history.open_incidents():
            for notice in on.history.undelivered(one.id, "hook"):
                message: dict[str, Any] = json.loads(notice.payload)
                return message
    pytest.fail("it never fired")


async def test_how_it_stood_an_hour_before(tmp_path: Path) -> None:
    """The value of then, by the same window and judge, with its moment; and the same in fields."""
    async with stage(tmp_path, TOLD) as on:
        for _ in range(8):
            await on.poll(full(0.5))
        on.wait(3600 - 60)
        told = await fired(on, full(0.95))

    first, since, before = told["lines"]
    assert first.startswith(
        "Redis memory average is over 90%: average 95%, at most 90% promised; 2 readings; "
    )
    assert since == "Critical: over since 13:01:15 UTC, fired at 13:01:30 UTC."
    assert before == (
        "An hour before, at 12:01:15 UTC, it was within this limit: average 50%, at most 90% promised; "
        "5 readings; evidence covers 25% of the window."
    )
    moment = (NOON + timedelta(seconds=75)).isoformat()
    value = {"low": pytest.approx(0.5), "high": pytest.approx(0.5)}
    assert told["before"] == {
        "at": moment, "outcome": "met", "threshold": 0.9, "unit": "share", "value": value, "n": 5
    }  # fmt: skip
    assert told["statement"] is None
    assert ["An hour before", "met, 50%"] in told["facts"]


async def test_a_young_history_adds_nothing(tmp_path: Path) -> None:
    """Headroom did not run an hour before: no sentence claims that nothing could be told."""
    async with stage(tmp_path, TOLD) as on:
        told = await fired(on, full(0.95))

    assert not [line for line in told["lines"] if "hour" in line]
    assert told["before"] is None
    assert "An hour before" not in dict(told["facts"])


async def test_what_began_anew_since(tmp_path: Path) -> None:
    """A restart in the hour before is the first thing that people ask about."""

    def restarted(at: float) -> Reading:
        sound = part(at, Gauge.sample(0.5, EVERY), Quality.RESET)
        return Reading(
            (Observation(Series.of(MEMORY), (replace(sound, detail="the server was started anew"),)),)
        )

    async with stage(tmp_path, TOLD) as on:
        await on.poll(restarted)
        on.wait(600)
        told = await fired(on, full(0.95))

    assert told["lines"][-1] == "At 12:00:15 UTC, 10 min 15 s before it began: the server was started anew."


async def test_it_is_told_without_where_the_history_cannot_be_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An alarm waits for nothing that only makes it better."""
    async with stage(tmp_path, TOLD) as on:
        await on.poll(full(0.5))
    config = load(tmp_path / "budgets.yaml")
    history = open_history(config.history, collecting=False)
    history.close()
    (tmp_path / "history.db").rename(tmp_path / "gone.db")
    breach = incident(State.FIRING, budget="resource.redis_memory", limit="alert", opened=NOON)

    with caplog.at_level(logging.ERROR):
        known = Backgrounds(config, history).of(breach, config.budgets[0], NOON, Allowance())

    assert known is None
    assert caplog.messages == [
        f"what else is known about incident {breach.id} could not be read; it is told without"
    ]


BUDGET = """\
version: 1
history: history.db
sources:
  erp-db: {kind: postgres, url: "postgresql://127.0.0.1:1/erp"}
classes:
  queries:
    - {name: lookup}
budgets:
  - id: db.lookup
    title: Simple lookups by ID
    measure: {statements: exec_time, source: erp-db, class: queries.lookup}
    window: 5m
    limits: [{statistic: p95, max: 10ms}]
"""


def test_the_statement_that_is_surely_furthest_over(tmp_path: Path) -> None:
    """By the time that its calls surely took beyond the limit, and not by how many they are."""
    (tmp_path / "budgets.yaml").write_text(BUDGET)
    config = load(tmp_path / "budgets.yaml")
    at = NOON + timedelta(seconds=EVERY)

    def done(name: str, group: str, n: int, mean: float, quality: Quality = Quality.EXACT) -> Observation:
        labels = (("class", group), ("database", "erp"), ("statement", name))
        took = part(EVERY, Moments(n, n * mean, 0.0), quality)
        return Observation(Series("erp-db", MEASURE, labels), (took,))

    given = (
        done("aaaa", "lookup", 10_000, 0.002),
        done("bbbb", "lookup", 400, 0.030),
        done("cccc", "lookup", 100, 0.050, Quality.SUSPECT),
        done("dddd", "list", 1_000, 0.900),
        done(REST, "lookup", 1_000, 0.200),
    )
    texts = tuple(Statement("erp-db", name, "lookup", "", f"SELECT {name}") for name in ("aaaa", "bbbb"))
    breach = incident(State.FIRING, budget="db.lookup", limit="p95", opened=at)
    with open_history(config.history, collecting=True) as history:
        poll = Poll("erp-db", None, at, timedelta(0))
        history.record(Cycle(at, poll, observations=given, statements=texts))
        known = Backgrounds(config, history).of(breach, config.budgets[0], at, Allowance())
    assert known is not None

    (line,) = sentences(known, at, None, lambda moment: f"{moment:%H:%M:%S}")
    assert line == (
        "From 11:55:15 to 12:00:15 most time over the limit, for certain, was taken by statement bbbb: 400 "
        "calls of 30 ms in the mean, at least 8 s too long in sum: SELECT bbbb"
    )


def test_a_hostile_text_stays_in_its_sentence() -> None:
    """A statement is whatever somebody sent to the server."""
    worst = Offender("ab12", NOON, NOON, 1, 2.0, 1.0, "SELECT\x1b[2J 1\r\nBcc: x@y " + "x" * 500)

    (line,) = sentences(Background(offender=worst), NOON, None, lambda _: "noon")

    assert line.startswith(
        "From noon to noon most time over the limit, for certain, was taken by statement ab12: 1 call of 2 s "
        "in the mean, at least 1 s too long in sum: SELECT [2J 1 Bcc: x@y xxx"
    )
    assert line.endswith("x…")
    assert len(line) < 500


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.OVER, "it was over this limit, too: the figures say over."),
        (Outcome.UNDECIDED, "it could not be decided: the figures say undecided."),
        (Outcome.IDLE, "there was no traffic: the figures say idle."),
    ],
)
def test_what_else_it_may_have_been(outcome: Outcome, words: str) -> None:
    """A fault that is older than an hour is no news, and silence before is no health."""
    before = replace(verdict(Outcome.MET), outcome=outcome, detail=f"the figures say {outcome.value}")

    told = sentences(Background(AT, before), AT, verdict(Outcome.OVER), lambda _: "noon")

    assert list(told) == [f"An hour before, at noon, {words}"]


def test_another_limit_than_now_is_not_compared() -> None:
    """Redis evicts by policy now, and an hour before it was judged by its memory."""
    before = verdict(Outcome.MET, unit=Unit.SHARE, threshold=0.9, detail="average 50%, at most 90% promised")
    known = Background(AT, before)

    told = sentences(known, AT, verdict(Outcome.OVER), lambda _: "noon")

    assert list(told) == [
        "An hour before, at noon, another limit held, and it was met: average 50%, at most 90% promised."
    ]
    assert fact(known, verdict(Outcome.OVER)) == ("An hour before", "")


def test_what_was_told_already_is_not_repeated() -> None:
    """The figures of the alarm have named the restart."""
    known = Background(anew=(AT, "it restarted"))

    assert list(sentences(known, AT, verdict(Outcome.OVER, detail="1 of 2; it restarted"), str)) == []


@pytest.mark.parametrize(("alarms", "seconds", "left"), [(1, 1.0, True), (0, 1.0, False), (1, 0.0, False)])
def test_a_storm_is_not_looked_up(tmp_path: Path, alarms: int, seconds: float, left: bool) -> None:
    """So many alarms in a cycle, and so long: what is over is told without."""
    (tmp_path / "budgets.yaml").write_text(BUDGET)
    config = load(tmp_path / "budgets.yaml")
    breach = incident(State.FIRING, budget="db.lookup", limit="p95", opened=NOON)
    allowance = Allowance(alarms, seconds)
    with open_history(config.history, collecting=True) as history:
        known = Backgrounds(config, history).of(breach, config.budgets[0], NOON, allowance)

    assert (known == NOTHING) is left
    assert known is not None or not left
    assert allowance.left is False or alarms > 1
