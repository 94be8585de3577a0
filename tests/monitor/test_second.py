"""A budget with a second source through whole cycles: who judges, on how fresh evidence, and what is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from headroom.budgets import Kind, Measure, Outcome, Reason, Statistic
from headroom.config import load
from headroom.evidence import Evidence, Histogram, Moments
from headroom.incidents import State
from headroom.observation import Absence, Observation, Quality, Reading, Series, SourceError
from monitor.feeds import feeds, thresholds
from tests.monitor.scripted import EVERY, Stage, part, stage

CONFIG = """
version: 1
history: history.db
sources:
  erp-db: {kind: postgres, url: "postgresql://headroom@127.0.0.1:1/erp", every: 15s}
  metrics: {kind: prometheus, url: "http://127.0.0.1:1", every: 15s}
classes:
  queries:
    - {name: lookup, labels: {query_type: lookup}}
budgets:
  - id: db.lookup
    title: Look-ups
    measure: {statements: exec_time, source: erp-db, class: queries.lookup}
    second: {histogram: db_query_duration_seconds, source: metrics, class: queries.lookup}
    window: 5m
    for: 1m
    recover_for: 30s
    limits:
      - {statistic: p95, max: 10ms}
alerts:
  channels: {ops: {kind: webhook, url: "http://127.0.0.1:1/hook"}}
  routes: [{channels: [ops]}]
"""
FIRST = "\\n    second: {histogram: db_query_duration_seconds, source: metrics, class: queries.lookup}"
STATEMENTS = Measure("erp-db", Kind.STATEMENTS, "exec_time", "queries.lookup")
HISTOGRAM = Measure("metrics", Kind.HISTOGRAM, "db_query_duration_seconds", "queries.lookup")
SERVER, APPLICATION = "pg_stat_statements at erp-db", "db_query_duration_seconds at metrics"
GONE = SourceError(Reason.UNREACHABLE, "127.0.0.1:1 refuses connections")
Given = Callable[[float], Reading]


def given(measure: Measure, evidence: Evidence, quality: Quality = Quality.EXACT) -> Given:
    """Return readings of one piece of evidence."""
    return lambda at: Reading((Observation(Series.of(measure), (part(at, evidence, quality),)),))


UNTOLD = given(STATEMENTS, Moments(100, 0.8, 0.02))
QUICK = given(STATEMENTS, Moments(100, 0.1, 0.00001))
FAST = given(HISTOGRAM, Histogram((0.001, 0.01, 0.1), (0, 100, 0, 0)))
SLOW = given(HISTOGRAM, Histogram((0.001, 0.01, 0.1), (0, 60, 40, 0)))


async def polls(
    on: Stage, first: Given | SourceError, second: Given | SourceError | None, times: int
) -> None:
    """Let both sources be polled so often, the second just after the first."""
    for _ in range(times):
        await on.poll(first)
        if second is not None:
            await on.poll_beside(second)


async def seen_beside(on: Stage, second: Given, times: int) -> None:
    """Let only the second source be polled so often."""
    for _ in range(times):
        on.wait(EVERY)
        await on.poll_beside(second)


def detail(on: Stage) -> str:
    """Return the sentence on the one limit."""
    return on.standings()["p95"].verdict.detail


def judged(on: Stage) -> tuple[Outcome, str]:
    """Return what the one limit comes to, and which source says so."""
    verdict = on.standings()["p95"].verdict
    return verdict.outcome, verdict.source


def test_the_second_source_is_asked_at_the_budgets_thresholds(tmp_path: Path) -> None:
    """It gets the measure and the limit; each source is asked for what it has, and answers for it."""
    path = tmp_path / "budgets.yaml"
    path.write_text(CONFIG)
    config = load(path, {})
    server, application = feeds(config)

    assert thresholds("erp-db", config.budgets) == {STATEMENTS: (0.01,)}
    assert thresholds("metrics", config.budgets) == {HISTOGRAM: (0.01,)}
    assert (server.asked(), application.asked()) == ({Series.of(STATEMENTS)}, {Series.of(HISTOGRAM)})
    assert (application.budgets, application.seconds) == ((), server.budgets)


async def test_the_second_decides_what_the_first_cannot(tmp_path: Path) -> None:
    """Undecided by mean and deviation until the histogram is there, then met by it."""
    async with stage(tmp_path, CONFIG) as on:
        await on.poll(UNTOLD)
        assert judged(on) == (Outcome.UNDECIDED, "erp-db")
        assert f"; {APPLICATION} cannot tell: no reading within 5 min" in detail(on)
        await on.poll_beside(FAST)
        await on.poll(UNTOLD)

        assert judged(on) == (Outcome.MET, "metrics")
        assert detail(on).startswith(f"{APPLICATION}: 0 of 100 took longer than 10 ms (0%)")


async def test_it_is_decided_in_the_first_sources_cycles_only(tmp_path: Path) -> None:
    """Over for a minute fires after a minute, however often the second source is polled in it."""
    async with stage(tmp_path, CONFIG) as on:
        await seen_beside(on, SLOW, 6)
        assert on.standings() == {}
        await polls(on, UNTOLD, SLOW, 1)
        opened = on.standings()["p95"]
        for _ in range(20):
            await on.poll_beside(Reading())
        assert on.standings()["p95"] == opened
        await polls(on, UNTOLD, SLOW, 3)
        assert [one.state for one in on.history.open_incidents()] == [State.PENDING]
        await polls(on, UNTOLD, SLOW, 1)
        (incident,) = on.history.open_incidents()

    assert incident.state is State.FIRING
    assert incident.fired is not None
    assert (incident.fired - incident.opened).total_seconds() == 60


async def test_a_message_names_the_source_that_judged(tmp_path: Path) -> None:
    """Whoever is woken learns that the application's histogram says so, and that the server does not."""
    async with stage(tmp_path, CONFIG) as on:
        await seen_beside(on, SLOW, 6)
        await polls(on, QUICK, SLOW, 5)
        (delivery,) = on.history.deliveries()

    text = json.loads(delivery.notice.payload)["text"]
    assert f"Look-ups p95 is over 10 ms: {APPLICATION}: 400 of 1,000 took longer than 10 ms" in text
    assert f"the two sources disagree: {SERVER} at most 0.92% slow, {APPLICATION} " in text


async def test_a_disagreement_is_a_note_of_the_first_source(tmp_path: Path) -> None:
    """It stands among the source's notes as long as it lasts, and goes with it."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, QUICK, SLOW, 4)
        (note,) = on.history.notes()["erp-db"]
        assert note.startswith(f"db.lookup p95: the two sources disagree: {SERVER} at most ")
        assert note.endswith("; the application sees also the network and waiting for a connection")
        await polls(on, QUICK, GONE, 4)

        assert on.history.notes()["erp-db"] == ()


async def test_a_second_source_that_falls_silent_judges_no_longer(tmp_path: Path) -> None:
    """Its figures hold for two polls, as everybody's; then the first judges, and says why."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, QUICK, FAST, 4)
        assert judged(on) == (Outcome.MET, "metrics")
        sources = []
        for _ in range(5):
            await polls(on, QUICK, GONE, 1)
            sources.append(judged(on)[1])

        assert sources == ["metrics", "metrics", "erp-db", "erp-db", "erp-db"]
        assert detail(on).endswith(f"; {APPLICATION} cannot tell: metrics: 127.0.0.1:1 refuses connections")


async def test_a_second_source_that_nobody_polls_goes_stale(tmp_path: Path) -> None:
    """Without a word from it, what it said last is not taken for now."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, QUICK, FAST, 4)
        await polls(on, QUICK, None, 4)

        assert judged(on) == (Outcome.MET, "erp-db")
        assert f"; {APPLICATION} cannot tell: the newest reading is 1 min old; after 42 s" in detail(on)


async def test_a_slower_second_source_judges_between_its_polls(tmp_path: Path) -> None:
    """Polled once a minute, its newest reading speaks until two are overdue."""
    async with stage(tmp_path, CONFIG.replace('1:1", every: 15s}\nc', '1:1", every: 60s}\nc')) as on:
        assert on.cycles.feeds[1].source.every.total_seconds() == 60
        await polls(on, UNTOLD, FAST, 1)
        for _ in range(8):
            await on.poll(UNTOLD)
            assert judged(on) == (Outcome.MET, "metrics")
        await polls(on, UNTOLD, None, 4)

        assert judged(on) == (Outcome.UNDECIDED, "erp-db")


async def test_a_second_source_that_is_not_configured_leaves_the_first_alone(tmp_path: Path) -> None:
    """From the first cycle on it is said which variable is missing."""
    text = CONFIG.replace('"http://127.0.0.1:1"', '"${HEADROOM_SECOND_UNSET}"')
    async with stage(tmp_path, text) as on:
        await on.poll(QUICK)
        await on.poll(QUICK)

        assert judged(on) == (Outcome.MET, "erp-db")
        assert detail(on).endswith(
            f"; {APPLICATION} cannot tell: metrics is not configured: the environment variable "
            "HEADROOM_SECOND_UNSET is not set"
        )


async def test_without_the_first_source_the_second_judges_on(tmp_path: Path) -> None:
    """The server refuses connections; the application's figures are met, and the server's trouble is said."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, QUICK, FAST, 4)
        await polls(on, GONE, FAST, 4)

        assert judged(on) == (Outcome.MET, "metrics")
        assert detail(on).endswith(f"; {SERVER} cannot tell: erp-db: 127.0.0.1:1 refuses connections")


async def test_both_gone_is_blind(tmp_path: Path) -> None:
    """Nothing is met any more once neither tells anything."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, QUICK, FAST, 4)
        await polls(on, GONE, GONE, 4)

        assert judged(on) == (Outcome.BLIND, "erp-db")


async def test_broken_instrumentation_of_the_second_is_not_judged(tmp_path: Path) -> None:
    """Milliseconds in its histogram: what it said before is worth nothing, and the server judges."""
    broken = Reading(
        absences=(Absence(Series.of(HISTOGRAM), Reason.BROKEN_INSTRUMENTATION, "it counts milliseconds"),)
    )
    async with stage(tmp_path, CONFIG) as on:
        await seen_beside(on, SLOW, 6)
        await polls(on, QUICK, SLOW, 1)
        assert judged(on) == (Outcome.OVER, "metrics")
        await on.poll_beside(broken)
        await on.poll(QUICK)

        assert judged(on) == (Outcome.MET, "erp-db")
        assert detail(on).endswith(f"; {APPLICATION} cannot tell: it counts milliseconds")


async def test_a_restart_keeps_the_second_sources_window(tmp_path: Path) -> None:
    """Both windows are rebuilt; the first poll after it is judged on all of them."""
    async with stage(tmp_path, CONFIG) as on:
        await polls(on, UNTOLD, FAST, 6)
    async with stage(tmp_path, CONFIG, seconds=on.seconds) as again:
        await again.poll(UNTOLD)

        assert judged(again) == (Outcome.MET, "metrics")
        assert again.standings()["p95"].verdict.n == 600


async def test_an_incident_lives_on_when_a_second_source_is_added(tmp_path: Path) -> None:
    """The promise is the same one; how it is measured besides does not end what fires."""
    slow = given(STATEMENTS, Moments(100, 5.0, 0.0001))
    alone = CONFIG.replace(FIRST.encode().decode("unicode_escape"), "")
    assert "second:" not in alone
    async with stage(tmp_path, alone) as on:
        await polls(on, slow, None, 7)
        (before,) = on.history.open_incidents()
        assert before.state is State.FIRING
        assert detail(on).startswith("700 of 700 took longer than 10 ms")
    async with stage(tmp_path, CONFIG, seconds=on.seconds) as again:
        await again.poll(slow)
        (after,) = again.history.open_incidents()

    assert (after.id, after.state, after.statistic) == (before.id, State.FIRING, Statistic.P95)


async def test_what_the_second_source_says_of_an_instance_is_judged_beside(tmp_path: Path) -> None:
    """An instance that only the histogram knows is judged by it, as a warning, and named by the whole."""
    instance = (("instance", "erp-1:3000"),)

    def both(at: float) -> Reading:
        whole = SLOW(at).observations[0]
        return Reading((whole, replace(whole, series=Series.of(HISTOGRAM, instance))))

    async with stage(tmp_path, CONFIG) as on:
        await polls(on, UNTOLD, both, 5)
        single = [one.verdict for one in on.history.standings() if one.verdict.subject]

        assert [(one.subject, one.source, one.outcome) for one in single] == [
            (instance, "metrics", Outcome.OVER)
        ]
        assert "; worst instance erp-1:3000: 40% slow, over" in detail(on)
