"""What a cycle makes of failed polls, restarts, vanished subjects and a history that refuses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from headroom.budgets import Outcome, Reason, Unit
from headroom.evidence import Gauge
from headroom.history import HistoryError
from headroom.incidents import About, State, Why
from headroom.observation import Observation, Quality, Reading, Series
from tests.collectors_redis.server import Server
from tests.monitor.processes import collecting, reading, stop, wait_until
from tests.monitor.scripted import (
    CONFIG,
    EVERY,
    MEMORY,
    NOON,
    POLICY,
    REFUSED,
    evicting,
    full,
    part,
    stage,
)


async def test_a_failed_poll_does_not_change_what_an_evicting_redis_is_judged_by(tmp_path: Path) -> None:
    """Full and healthy, then unreachable: met by its evictions until they are old, then blind; never over."""
    async with stage(tmp_path) as on:
        for _ in range(4):
            stand = await on.poll(evicting(0))
        assert {one.verdict.outcome for one in stand.values()} == {Outcome.MET}

        outcomes = []
        for _ in range(4):
            stand = await on.poll(REFUSED)
            outcomes.append(stand["alert"].verdict.outcome)
        assert outcomes == [Outcome.MET, Outcome.MET, Outcome.BLIND, Outcome.BLIND]
        assert stand["alert"].verdict.unit is Unit.PER_1000_COMMANDS
        assert stand["alert"].verdict.detail == f"{POLICY}; cache: 127.0.0.1:1 refuses connections"
        (sight,) = on.history.open_incidents()
        assert (sight.about, sight.state) == (About.BLIND, State.PENDING)


async def test_a_restart_does_not_make_a_full_cache_over(tmp_path: Path) -> None:
    """The new process knows no policy yet: blind until it is told, not over by the memory limits."""
    async with stage(tmp_path) as on:
        for _ in range(4):
            await on.poll(evicting(0))
    async with stage(tmp_path, seconds=on.seconds) as again:
        stand = await again.poll(REFUSED)

    assert {one.verdict.outcome for one in stand.values()} == {Outcome.BLIND}


async def test_after_a_restart_a_memory_from_before_the_policy_is_not_judged(tmp_path: Path) -> None:
    """Full without eviction, then healthy by policy, then a restart into failing polls: blind, not over."""
    async with stage(tmp_path) as on:
        for _ in range(3):
            await on.poll(full(0.99))
        await on.poll(evicting(0))
    async with stage(tmp_path, seconds=on.seconds) as again:
        stand = await again.poll(REFUSED)

    assert {one.verdict.outcome for one in stand.values()} == {Outcome.BLIND}


async def test_blindness_never_resolves_an_incident_of_evictions(tmp_path: Path) -> None:
    """A thrashing cache fires; when the server dies, the incident stays open and blind."""
    async with stage(tmp_path) as on:
        for _ in range(5):
            await on.poll(evicting(500))
        assert [one.state for one in on.history.open_incidents()] == [State.FIRING]
        for _ in range(12):
            await on.poll(REFUSED)

        (incident,) = on.history.open_incidents()
        assert (incident.state, incident.blind) == (State.FIRING, True)


async def test_evidence_kept_across_a_restart_is_judged_at_once(tmp_path: Path) -> None:
    """Met before, met after the first poll: the window is rebuilt from the history."""
    async with stage(tmp_path) as on:
        for _ in range(6):
            await on.poll(full(0.5))
    async with stage(tmp_path, seconds=on.seconds) as again:
        stand = await again.poll(full(0.5))

    assert stand["target"].verdict.n == 7


async def test_under_another_address_what_was_kept_is_of_no_use(tmp_path: Path) -> None:
    """A full cache there says nothing about the one here."""
    async with stage(tmp_path) as on:
        for _ in range(6):
            await on.poll(full(0.99))
    async with stage(tmp_path, CONFIG.replace("127.0.0.1:1", "127.0.0.1:2"), seconds=on.seconds) as again:
        stand = await again.poll(full(0.2))

    assert (stand["alert"].verdict.outcome, stand["alert"].verdict.n) == (Outcome.MET, 1)


async def test_an_interval_that_could_not_be_recorded_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the history refuses, nothing moves, no evidence is held, and the poll does not raise."""
    async with stage(tmp_path) as on:
        await on.poll(full(0.5))
        kept = on.feed.snapshot

        def refuse(_: object) -> int:
            raise HistoryError("the disk is full")

        with monkeypatch.context() as patched:
            patched.setattr(on.history, "record", refuse)
            await on.poll(full(0.99))
            await on.poll(full(0.99))
        assert on.feed.snapshot is kept
        stand = await on.poll(full(0.5))

    assert stand["target"].verdict.n == 2
    assert stand["target"].verdict.outcome is Outcome.MET


async def test_judging_the_silent_never_runs_into_a_poll(tmp_path: Path) -> None:
    """Both at once open one incident, not two."""
    async with stage(tmp_path) as on:
        await on.poll(full(0.5))
        on.wait(10 * EVERY)
        on.script.next = full(0.99)(on.seconds)
        await asyncio.gather(*(on.cycles.judge_silent() for _ in range(3)), on.cycles.poll(on.feed))
        await on.poll(full(0.99))

        assert len({one.id for one in on.history.incidents()}) <= 1


async def test_an_incident_of_a_subject_that_is_gone_ends_with_that_reason(tmp_path: Path) -> None:
    """An instance fires and is taken away: blind for a while, then closed, not recovered."""
    instance = (("instance", "a:9100"),)

    def both(at: float) -> Reading:
        one, other = full(0.5)(at), full(0.99, instance)(at)
        return Reading(one.observations + other.observations)

    async with stage(tmp_path) as on:
        for _ in range(6):
            await on.poll(both)
        assert [(one.subject, one.state) for one in on.history.open_incidents()] == [(instance, State.FIRING)]
        for _ in range(90):
            await on.poll(full(0.5))

        assert on.history.open_incidents() == []
        (incident,) = on.history.incidents()
        assert on.history.transitions(incident.id)[-1].why is Why.SUBJECT_GONE


async def test_after_a_long_gap_a_dead_source_is_blind_and_not_undecided(tmp_path: Path) -> None:
    """One reading that spans a gap keeps nothing young."""
    async with stage(tmp_path) as on:
        for _ in range(6):
            await on.poll(full(0.5))
        on.wait(600)
        gap = part(on.seconds + EVERY, Gauge.sample(0.5, 600), Quality.GAP)
        stand = await on.poll(Reading((Observation(Series.of(MEMORY), (replace(gap, start=NOON),)),)))
        assert stand["target"].verdict.reason is Reason.PARTIAL
        for _ in range(3):
            stand = await on.poll(REFUSED)

        assert stand["target"].verdict.reason is Reason.UNREACHABLE


async def test_a_source_that_fails_is_polled_less_often_and_still_judged(tmp_path: Path) -> None:
    """After five failures some polls are left out; the clock judges meanwhile; one success ends it."""
    async with stage(tmp_path) as on:
        for _ in range(8):
            await on.poll(REFUSED)
        on.feed.failed()
        assert on.feed.skip == 3
        polled = []
        for _ in range(4):
            on.wait(EVERY)
            polled.append(await on.cycles.poll(on.feed))
            await on.cycles.judge_silent()
        assert polled == [False, False, False, True]
        stand = await on.poll(full(0.5))

    assert on.feed.failures == 0
    assert stand["target"].verdict.outcome is Outcome.MET


def test_a_real_full_redis_that_stops_is_never_called_over(tmp_path: Path) -> None:
    """allkeys-lru, full, nobody asks it anything, then killed: the alert limit goes from idle to blind."""
    server = Server(maxmemory="8mb", maxmemory_policy="allkeys-lru").start()
    try:
        config = tmp_path / "budgets.yaml"
        config.write_text(CONFIG.replace("redis://127.0.0.1:1", server.url).replace("15s}", "1s}"))
        for number in range(400):
            server.run(f"SET key{number} {'x' * 40_000}")
        process = collecting(config)
        wait_until(config, lambda history: _outcome(history) is Outcome.IDLE, "judged by its evictions")
        server.stop()
        wait_until(config, lambda history: _outcome(history) is Outcome.BLIND, "blind")
        assert stop(process) == 0
    finally:
        server.remove()

    with reading(config) as history:
        changes = history.changes("resource.redis_memory", NOON.replace(year=2000), NOON.replace(year=2100))
    assert Outcome.OVER not in {change.outcome for change in changes if change.limit == "alert"}


def _outcome(history: object) -> Outcome | None:
    stand = {one.verdict.limit: one.verdict.outcome for one in history.standings()}  # type: ignore[attr-defined]
    return stand.get("alert")
