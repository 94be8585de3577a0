"""What the process counts of itself, and when it is ready."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.budgets import Reason
from monitor.serve.own import ANSWERED, OTHER, REFUSED, SENT, Own
from tests.serve.stage import Hands, budget, configured, source, stage


def figure(own: Own, name: str, **labels: str) -> float | None:
    """Return the figure of one series."""
    return next(
        (
            sample.value
            for metric in own.collect()
            for sample in metric.samples
            if sample.name == name and sample.labels == labels
        ),
        None,
    )


def own(folder: Path, hands: Hands | None = None) -> Own:
    """Return figures that begin at noon."""
    sources = (source(), source("cache", every=5), source("none", url=""))
    return Own(configured(folder, sources=sources), read_clock=(hands or Hands()).read)


def test_everything_known_by_name_begins_at_zero(tmp_path: Path) -> None:
    """Otherwise the first event would be no increase, and no rule on it would fire."""
    it = own(tmp_path)

    assert figure(it, "headroom_polls_total", source="cache", result="ok") == 0
    assert figure(it, "headroom_polls_total", source="none", result="ok") is None
    assert figure(it, "headroom_deliveries_total", channel="hook", result="failed") == 0
    assert figure(it, "headroom_cycle_duration_seconds_count", source="none") == 0
    assert figure(it, "headroom_heartbeats_total", result="withheld") == 0
    assert figure(it, "headroom_asleep_seconds_total") == 0
    assert figure(it, "headroom_last_cycle_timestamp_seconds", source="metrics") == 0


def test_what_is_told_is_counted(tmp_path: Path) -> None:
    """Each call moves its own figure."""
    hands = Hands()
    it = own(tmp_path, hands)
    hands.seconds = 30
    it.polled("cache", 0.003, Reason.UNREACHABLE.value)
    it.cycled("cache", 0.02)
    it.committed(0.004)
    it.refused("the disk is full")
    it.delivered("hook", SENT)
    it.delivered("hook", REFUSED)
    it.beat(ANSWERED)
    it.slept(timedelta(minutes=2))

    assert figure(it, "headroom_polls_total", source="cache", result="unreachable") == 1
    assert figure(it, "headroom_poll_duration_seconds_bucket", source="cache", le="0.0025") == 0
    assert figure(it, "headroom_poll_duration_seconds_bucket", source="cache", le="0.005") == 1
    assert figure(it, "headroom_cycle_duration_seconds_sum", source="cache") == 0.02
    assert figure(it, "headroom_commit_duration_seconds_count") == 1
    assert figure(it, "headroom_commits_refused_total") == 1
    assert figure(it, "headroom_deliveries_total", channel="hook", result="sent") == 1
    assert figure(it, "headroom_deliveries_total", channel="hook", result="refused") == 1
    assert figure(it, "headroom_heartbeats_total", result="answered") == 1
    assert figure(it, "headroom_asleep_seconds_total") == 120
    began = figure(it, "headroom_start_time_seconds")
    assert began is not None
    assert figure(it, "headroom_last_cycle_timestamp_seconds", source="cache") == began + 30


def test_words_from_outside_make_no_series(tmp_path: Path) -> None:
    """Whatever is told, the number of series stays what the configuration makes it."""
    it = own(tmp_path)
    before = sum(len(metric.samples) for metric in it.collect())
    for number in range(500):
        it.polled(f"source {number}", 0.1, f"result {number}")
        it.cycled(f"source {number}", 0.1)
        it.delivered(f"channel {number}", f"result {number}")
        it.beat(f"result {number}")
    after = sum(len(metric.samples) for metric in it.collect())

    assert figure(it, "headroom_polls_total", source=OTHER, result=OTHER) == 500
    assert after - before < 100


class TestReadiness:
    """Whether this process can be relied on."""

    async def test_it_is_ready_once_every_source_had_a_cycle(self, tmp_path: Path) -> None:
        """Whatever the cycle found; what is not configured is not waited for."""
        config = configured(tmp_path, sources=(source(), source("cache"), source("none", url="")))
        async with stage(config) as it:
            it.own.cycled("metrics", 0.1)
            assert json.loads((await it.ask("/readyz")).text)["reasons"] == [
                "cache: no cycle since the start 0 s ago"
            ]
            it.own.cycled("cache", 0.1)
            got = await it.ask("/readyz")

        assert (got.status, json.loads(got.text)) == (200, {"ready": True, "reasons": [], "heartbeat": ""})

    @pytest.mark.parametrize(("every", "within"), [(1, "1 min"), (15, "1 min"), (60, "3 min")])
    async def test_it_is_not_while_a_cycle_is_late(self, tmp_path: Path, every: float, within: str) -> None:
        """The age is the one at which its verdicts turn stale on every screen."""
        async with stage(configured(tmp_path, sources=(source(every=every),))) as it:
            it.own.cycled("metrics", 0.1)
            it.hands.seconds = max(60, 3 * every)
            assert (await it.ask("/readyz")).status == 200
            it.hands.seconds += 1
            got = await it.ask("/readyz")
            it.own.cycled("metrics", 0.1)
            assert (await it.ask("/readyz")).status == 200

        assert got.status == 503
        late = {60: "1 min 1 s", 180: "3 min 1 s"}[max(60, 3 * int(every))]
        assert json.loads(got.text)["reasons"] == [
            f"metrics: the last cycle was {late} ago, later than {within}"
        ]

    async def test_it_is_not_while_the_history_takes_no_commit(self, tmp_path: Path) -> None:
        """Since the first refusal, until one is taken."""
        async with stage(configured(tmp_path)) as it:
            it.own.cycled("metrics", 0.1)
            it.own.refused("the disk is full; free some space")
            it.hands.seconds = 20
            it.own.refused("the disk is full; free some space")
            got = await it.ask("/readyz")
            it.own.committed(0.1)
            assert (await it.ask("/readyz")).status == 200

        assert got.status == 503
        assert json.loads(got.text)["reasons"] == ["no commit for 20 s: the disk is full; free some space"]

    async def test_a_silent_heartbeat_is_told_and_is_no_reason(self, tmp_path: Path) -> None:
        """A receiver that is down must not get this process restarted."""
        async with stage(configured(tmp_path)) as it:
            it.own.cycled("metrics", 0.1)
            it.own.withheld = "a message of 3 min ago has not arrived"
            got = await it.ask("/readyz")

        assert got.status == 200
        assert json.loads(got.text)["heartbeat"] == "a message of 3 min ago has not arrived"


def test_what_is_behind_is_told_of_each_source(tmp_path: Path) -> None:
    """Twice the interval of each, not of all."""
    hands = Hands()
    it = Own(
        configured(tmp_path, budget(), sources=(source(every=15), source("cache", every=5))),
        read_clock=hands.read,
    )
    assert it.behind(["metrics"]) == ("the budgets of metrics were not judged since the start",)
    it.cycled("metrics", 0.1)
    it.cycled("cache", 0.1)
    hands.seconds = 10
    assert it.behind(["cache", "metrics"]) == ()
    hands.seconds = 30
    assert it.behind(["cache", "metrics"]) == ("the budgets of cache were not judged for 30 s",)
