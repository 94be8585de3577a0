"""Two readings of the commands, without a server: what they are worth, and what primaries make together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from collectors.redis.commands import Command, Commands
from collectors.redis.executed import executed, together
from collectors.redis.ladder import MICROS, SECONDS
from collectors.redis.latency import difference
from collectors.redis.slow_log import Entry, SlowLog
from collectors.redis.snapshot import RedisSnapshot
from collectors.redis.work import Work, load
from headroom.bounds import Bounds
from headroom.budgets import Measure, Reason
from headroom.evidence import Histogram, Moments
from headroom.observation import Absence, Quality, Series

from .asking import ALL, part, source

SOURCE = source("redis://127.0.0.1")
START = datetime(2026, 1, 1, tzinfo=UTC)
ASKED: Mapping[Measure, tuple[float, ...]] = {ALL: (0.000016,)}


def counts(**by_micros: int) -> tuple[int, ...]:
    """Return so many commands up to each bound: up_to_16=3."""
    found = [0] * (len(MICROS) + 1)
    for name, count in by_micros.items():
        found[MICROS.index(int(name.removeprefix("up_to_")))] = count
    return tuple(found)


def reading(seconds: float, run: str = "a", **by_name: Command) -> Commands:
    """Return what was read so many seconds after the start."""
    return Commands(START + timedelta(seconds=seconds), run, 1000 + int(seconds), by_name)


BEFORE = reading(0, get=Command(10, 100, counts(up_to_16=10)))
AFTER = reading(
    60, get=Command(13, 160, counts(up_to_16=12, up_to_33=1)), info=Command(4, 9, counts(up_to_4=4))
)


def test_buckets_that_did_not_change_are_subtracted() -> None:
    """What rose is told, with the time of these very calls, and the bounds at the threshold asked."""
    found = part(difference(SOURCE, ASKED, BEFORE, AFTER), ALL)

    assert found.evidence == Histogram(SECONDS, counts(up_to_16=2, up_to_33=1), 60e-6)
    assert (found.start, found.end, found.quality) == (BEFORE.at, AFTER.at, Quality.EXACT)
    assert found.bounds == (Bounds(0.000016, 3, 1, 1),)
    assert found.detail == ""


@pytest.mark.parametrize(("seconds", "quality"), [(60, "exact"), (131, "exact"), (133, "gap")])
def test_four_polls_are_no_gap(seconds: float, quality: str) -> None:
    """The commands are read every fourth poll: only more than two of their own intervals are a gap."""
    after = replace(AFTER, at=START + timedelta(seconds=seconds))
    assert part(difference(SOURCE, ASKED, BEFORE, after), ALL).quality == quality


def test_time_of_other_calls_is_not_their_total() -> None:
    """A BLPOP that gave up is counted and in no bucket: the mean then comes from the buckets."""
    after = reading(60, get=AFTER.by_name["get"], blpop=Command(2, 50, counts(up_to_16=1)))
    evidence = part(difference(SOURCE, ASKED, BEFORE, after), ALL).evidence

    assert evidence == Histogram(SECONDS, counts(up_to_16=3, up_to_33=1), None)


def test_calls_that_no_histogram_saw_may_all_have_been_slow() -> None:
    """With latency-tracking off for a part of the interval, none of these is proven to be quick."""
    after = reading(60, get=Command(15, 900_160, counts(up_to_16=13)), set=Command(2, 9))
    told = difference(SOURCE, ASKED, BEFORE, after)
    found = part(told, ALL)

    assert found.evidence == Histogram(SECONDS, counts(up_to_16=3), None)
    assert found.bounds == (Bounds(0.000016, 7, 0, 4),)
    assert found.detail == (
        "4 calls are in no histogram: latency-tracking was off for a while, and any may have been slow"
    )
    assert part(told, ALL, "get").bounds == (Bounds(0.000016, 5, 0, 2),)
    assert part(told, ALL, "set").bounds == (Bounds(0.000016, 2, 0, 2),)


def test_only_waiting_in_vain_is_idle_and_not_switched_off() -> None:
    """A queue in which nothing happens has no histogram that counts, and nothing is wrong with it."""
    after = reading(60, get=BEFORE.by_name["get"], blpop=Command(2, 50))
    found = part(difference(SOURCE, ASKED, BEFORE, after), ALL)

    assert found.evidence == Histogram(SECONDS, counts(), None)
    assert found.detail == ""


def test_another_server_gives_nothing() -> None:
    """Who was already up before the interval began counted for others."""
    told = difference(SOURCE, ASKED, BEFORE, replace(AFTER, run="b"))

    assert told.observations == ()
    assert told.absences == (
        Absence(
            Series.of(ALL),
            Reason.RESET,
            "another server answers here since the commands were read last; "
            "a difference needs two readings of one",
        ),
    )


def test_statistics_that_are_left_out_are_named() -> None:
    """A proxy that gives no commandstats costs these figures only."""
    assert difference(SOURCE, ASKED, BEFORE, None).absences == (
        Absence(
            Series.of(ALL),
            Reason.BROKEN_INSTRUMENTATION,
            "INFO commandstats gives neither calls nor time: this server, or something between, "
            "leaves it out",
        ),
    )
    assert difference(SOURCE, {}, BEFORE, None).absences == ()


def test_histogram_granted_meanwhile_counts_from_the_next_reading() -> None:
    """What the first histogram holds is of all the server's life, so the mean is told once more."""
    refused = replace(BEFORE, by_name={"get": Command(10, 100)}, why="refused")
    found = part(difference(SOURCE, ASKED, refused, AFTER), ALL)

    assert isinstance(found.evidence, Moments)
    assert found.evidence.n == 3
    assert found.evidence.total == pytest.approx(60e-6)
    assert found.detail == "refused"


@pytest.mark.parametrize("which", [4, 0])
def test_reset_shows_in_any_counter(which: int) -> None:
    """A counter that fell, and CONFIG RESETSTAT that was counted first after itself."""
    resetstat = {"config|resetstat": Command(1, 1, counts(up_to_1=1))}
    by_name = {**AFTER.by_name, **({} if which else resetstat)}
    if which:
        by_name["get"] = Command(which, 40, counts(up_to_16=which))
    found = part(difference(SOURCE, ASKED, BEFORE, replace(AFTER, by_name=by_name)), ALL)

    assert found.quality is Quality.RESET
    assert sum(found.evidence.counts) == (which or 13)  # type: ignore[union-attr]


def test_bucket_that_fell_is_a_reset() -> None:
    """More calls than before do not hide that they are others."""
    after = reading(60, get=Command(13, 160, counts(up_to_16=9, up_to_33=4)))
    found = part(difference(SOURCE, ASKED, BEFORE, after), ALL)

    assert found.evidence == Histogram(SECONDS, counts(up_to_16=9, up_to_33=4), 160e-6)
    assert found.quality is Quality.RESET
    assert found.detail == "the counters were reset; what the commands took before that is lost"


def test_restart_counts_from_the_start_of_the_server() -> None:
    """What came before it is lost, so the interval does not begin before it."""
    after = replace(AFTER, run="b", uptime=20)
    found = part(difference(SOURCE, ASKED, BEFORE, after), ALL)

    assert found.evidence == Histogram(SECONDS, AFTER.by_name["get"].counts, 160e-6)
    assert (found.start, found.end) == (AFTER.at - timedelta(seconds=20), AFTER.at)
    assert found.quality is Quality.RESET
    assert found.detail == "the server was started anew; what its commands took before that is lost"


def test_dump_comes_back() -> None:
    """What a snapshot carries is read as it was; what another version wrote is nothing."""
    slow = SlowLog(START, "a", 7, (Entry(7, 12_000, "get"),))
    work = Work(AFTER, slow, {"SCAN": "not allowed"})

    assert load(str(work.dump())) == load(work.dump()) == work
    assert load(str(Work().dump())) == load(Work().dump()) == Work()
    for text in (
        "",
        "{}",
        "[]",
        "1",
        work.dump().replace('"run"', '"ran"'),
        work.dump().replace("[4,9,", "[4,9,1,"),
    ):
        assert load(text) == Work()


def node(place: str, work: Commands | None) -> RedisSnapshot:
    """Return a primary's poll."""
    dumped = Work(work).dump() if work else ""
    return RedisSnapshot(
        at=START, run=place, version="7.0.15", policy="", figures={"cluster": 1}, visitor="v", sent=0,
        place=place, work=dumped,
    )  # fmt: skip


def test_primaries_together() -> None:
    """Their buckets, totals and bounds add up; of each command as of all."""
    before, after = node("a:1", None), node("a:1", None)
    before = replace(before, nodes=(node("a:1", BEFORE), node("b:2", BEFORE)))
    nodes = (node("a:1", AFTER), node("b:2", replace(AFTER, at=AFTER.at + timedelta(milliseconds=3))))
    told = executed(SOURCE, ASKED, before, replace(after, nodes=nodes))

    for command in ("", "get"):
        found = part(told, ALL, command)
        assert found.evidence == Histogram(SECONDS, counts(up_to_16=4, up_to_33=2), 120e-6)
        assert found.bounds == (Bounds(0.000016, 6, 2, 2),)
        assert (found.start, found.end) == (BEFORE.at, nodes[1].at + timedelta(seconds=60, milliseconds=3))


def test_primary_that_tells_nothing_makes_the_whole_unknown() -> None:
    """Neither one that did not answer nor one that was read for the first time is left out of the sum."""
    before = replace(node("a:1", None), nodes=(node("a:1", BEFORE),))
    joined = replace(node("a:1", None), nodes=(node("a:1", AFTER), node("b:2", AFTER)))
    told = executed(SOURCE, ASKED, before, joined)
    assert told.observations == ()
    (absence,) = told.absences
    assert absence.detail.startswith("b:2: one reading of the commands so far")

    silent = replace(before, missing={"b:2": "b:2 did not answer within 5 s"})
    (absence,) = executed(SOURCE, ASKED, before, silent).absences
    assert (absence.reason, absence.detail) == (Reason.UNREACHABLE, "b:2 did not answer within 5 s")


def test_parts_of_different_kinds_stay_apart() -> None:
    """An old primary that tells the mean only does not spoil the histograms of the others."""
    refused = replace(BEFORE, by_name={"get": Command(10, 100)}, why="refused")
    readings = [difference(SOURCE, ASKED, earlier, AFTER) for earlier in (BEFORE, refused)]
    found = next(one for one in together(readings).observations if one.series == Series.of(ALL))

    assert {type(one.evidence) for one in found.parts} == {Histogram, Moments}
