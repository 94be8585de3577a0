"""Instances of a latency through whole cycles: judged beside the whole, never louder, gone when gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from headroom.budgets import Kind, Measure, Outcome, Reason, Severity, Subject
from headroom.config import load
from headroom.evidence import Histogram
from headroom.history import Standing
from headroom.incidents import Incident, State, Why
from headroom.observation import Observation, Reading, Series, SourceError
from monitor.standing import verdicts
from tests.monitor.scripted import Stage, part, stage

CONFIG = """
version: 1
history: history.db
sources:
  metrics: {kind: prometheus, url: "http://127.0.0.1:1", every: 15s}
classes:
  endpoints: [{name: login, method: POST, path: /auth/login}]
budgets:
  - id: api.login
    title: Login
    measure: {histogram: http_request_duration_seconds, source: metrics, class: endpoints.login}
    window: 5m
    for: 15s
    recover_for: 30s
    limits:
      - {statistic: p95, max: 200ms}
alerts:
  channels: {ops: {kind: webhook, url: "http://127.0.0.1:1/hook"}}
  routes: [{channels: [ops]}]
"""
LOGIN = Measure("metrics", Kind.HISTOGRAM, "http_request_duration_seconds", "endpoints.login")


def at(host: str) -> Subject:
    """Return the subject of an instance."""
    return (("instance", host),)


async def polls(on: Stage, hosts: Mapping[str, tuple[int, int]], times: int = 1) -> None:
    """Poll so often; each instance gives so many requests within and beyond 200 ms, the whole their sum."""
    for _ in range(times):
        await on.poll(lambda now: _reading(now, hosts))


def _reading(now: float, hosts: Mapping[str, tuple[int, int]]) -> Reading:
    whole = tuple(sum(column) for column in zip(*hosts.values(), strict=True))
    counted = {(): whole, **{at(host): each for host, each in hosts.items()}}
    return Reading(
        tuple(
            Observation(Series.of(LOGIN, subject), (part(now, Histogram((0.1, 0.2), (fast, 0, slow))),))
            for subject, (fast, slow) in counted.items()
        )
    )


def standings(on: Stage) -> dict[Subject, Standing]:
    """Return the newest verdicts by subject."""
    return {one.verdict.subject: one for one in on.history.standings()}


def incidents(on: Stage) -> list[tuple[Subject, State, Severity]]:
    """Return the open incidents."""
    return [(one.subject, one.state, one.severity) for one in on.history.open_incidents()]


def told(on: Stage) -> list[str]:
    """Return the titles of all messages, oldest first."""
    return [json.loads(one.notice.payload)["title"] for one in reversed(on.history.deliveries())]


ONE_SLOW = {"a:3000": (300, 0), "b:3000": (300, 0), "c:3000": (20, 10)}
ALL_SLOW = {"a:3000": (60, 40), "b:3000": (60, 40), "c:3000": (40, 60)}
ALL_FAST = {"a:3000": (100, 0), "b:3000": (100, 0), "c:3000": (100, 0)}


async def test_an_instance_is_judged_beside_the_whole_and_named_by_it(tmp_path: Path) -> None:
    """One in three is slow for a third of its few requests: the whole is met and names it."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, ONE_SLOW, 6)
        stand = standings(on)

        assert {subject: one.verdict.outcome for subject, one in stand.items()} == {
            (): Outcome.MET,
            at("a:3000"): Outcome.MET,
            at("b:3000"): Outcome.MET,
            at("c:3000"): Outcome.OVER,
        }
        assert "; worst instance c:3000: 33% slow, over" in stand[()].verdict.detail
        assert [stand[subject].verdict.severity for subject in ((), at("c:3000"))] == [
            Severity.CRITICAL,
            Severity.WARNING,
        ]


async def test_an_instance_alone_fires_as_a_warning(tmp_path: Path) -> None:
    """The limit is critical; what one instance does is not worth a page."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, ONE_SLOW, 8)

        assert incidents(on) == [(at("c:3000"), State.FIRING, Severity.WARNING)]
        assert told(on) == [
            '[OVER] Login p95 (instance="c:3000"): 19% to 50% slow, 5% allowed (limit 200 ms), for 1 min'
        ]


async def test_while_the_whole_is_over_no_instance_opens_an_incident(tmp_path: Path) -> None:
    """All are slow: one incident, one message, which names the worst."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, ALL_SLOW, 12)

        assert incidents(on) == [((), State.FIRING, Severity.CRITICAL)]
        assert told(on) == ["[OVER] Login p95: 40% to 54% slow, 5% allowed (limit 200 ms), for 45 s"]
        assert "; worst instance c:3000: 60% slow, over (and 2 more over)" in standings(on)[()].verdict.detail


async def test_while_the_whole_has_an_open_incident_no_instance_opens_one(tmp_path: Path) -> None:
    """The whole is not over any more, and not yet recovered: what is left of it is still its own story."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, ALL_SLOW, 12)
        seen = set()
        while [one.subject for one in on.history.open_incidents()] == [()]:
            seen |= {(subject, one.verdict.outcome) for subject, one in standings(on).items()}
            await polls(on, ONE_SLOW)
        assert {((), Outcome.MET), (at("c:3000"), Outcome.OVER)} < seen
        await polls(on, ONE_SLOW, 8)

        assert incidents(on) == [(at("c:3000"), State.FIRING, Severity.WARNING)]


async def test_an_instances_incident_lives_on_when_the_whole_goes_over(tmp_path: Path) -> None:
    """What was told of it must still be ended by its recovery."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, ONE_SLOW, 8)
        await polls(on, ALL_SLOW, 20)
        assert incidents(on) == [
            (at("c:3000"), State.FIRING, Severity.WARNING),
            ((), State.FIRING, Severity.CRITICAL),
        ]
        await polls(on, ALL_FAST, 30)

        assert incidents(on) == []
        assert sorted(told(on)[2:]) == [
            '[RESOLVED] Login p95 (instance="c:3000"): met again after 11 min 15 s',
            "[RESOLVED] Login p95: met again after 7 min 45 s",
        ]


async def test_an_instance_that_is_gone_does_not_linger(tmp_path: Path) -> None:
    """After a rollout the old one is blind for five minutes, then no longer judged, and shown nowhere."""
    async with stage(tmp_path, CONFIG.replace("window: 5m", "window: 1h")) as on:
        await polls(on, ALL_FAST, 4)
        rest = {"a:3000": (100, 0), "b:3000": (100, 0)}
        await polls(on, rest, 4)
        gone = standings(on)[at("c:3000")].verdict
        assert (gone.outcome, gone.reason) == (Outcome.BLIND, Reason.STALE)
        await polls(on, rest, 20)

        config = load(tmp_path / "budgets.yaml", {})
        shown = verdicts(config, on.hands.read().wall)
        assert [one.subject for one in shown] == [(), at("a:3000"), at("b:3000")]
        assert "c:3000" not in standings(on)[()].verdict.detail


async def test_an_instance_that_fires_and_is_gone_is_closed(tmp_path: Path) -> None:
    """Blind while it is missed, then closed with that reason; a poll that fails does not count as gone."""
    rest = {"a:3000": (100, 0), "b:3000": (100, 0)}
    refused = SourceError(Reason.UNREACHABLE, "127.0.0.1:1 refuses connections")
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, ONE_SLOW, 8)
        for _ in range(80):
            await on.poll(refused)
        assert sorted(incidents(on)) == [
            ((), State.FIRING, Severity.WARNING),  # about sight of the whole
            (at("c:3000"), State.FIRING, Severity.WARNING),
        ]
        await polls(on, rest, 4)

        assert incidents(on) == []
        incident: Incident = next(one for one in on.history.incidents() if one.subject)
        assert on.history.transitions(incident.id)[-1].why is Why.SUBJECT_GONE
