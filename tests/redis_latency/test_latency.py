"""What the commands of an interval took, on servers of all versions."""

from __future__ import annotations

import asyncio
from fractions import Fraction
from itertools import pairwise

import pytest

from collectors.redis.ladder import SECONDS
from headroom.bounds import Bounds
from headroom.budgets import Kind, Measure, Reason
from headroom.evidence import Histogram, Moments
from headroom.observation import Absence, Quality, Series
from tests.collectors_redis.server import Server
from tests.redis_servers import SERVERS

from .asking import ALL, NAME, collecting, part, parts, until_read
from .conftest import WITH_HISTOGRAMS, Start

GET = Measure(NAME, Kind.COMMANDS, "get")


def durations(server: Server) -> dict[str, list[float]]:
    """Return how long each command took, in seconds, out of a slow log that keeps all of them."""
    took: dict[str, list[float]] = {}
    for _, _, micros, words, *_ in server.run("SLOWLOG GET 10000"):
        took.setdefault(words[0].decode().lower(), []).append(micros / 1e6)
    return took


@pytest.mark.parametrize("which", WITH_HISTOGRAMS)
async def test_windowed_percentiles_hold_the_truth(start: Start, which: str) -> None:
    """Count for count the buckets are those of the true durations, and so are P95 and P99 and the mean."""
    server = start(which, slowlog_log_slower_than="0", slowlog_max_len="10000")
    async with collecting(server.url) as collector:
        server.run(*["SET a 1"] * 50, *["DEBUG SLEEP 0.003"] * 20)
        before = await collector.fetch()
        server.run("SLOWLOG RESET")
        slow = ["DEBUG SLEEP 0.004", "DEBUG SLEEP 0.02", "DEBUG SLEEP 0.7", "DEBUG SLEEP 1.1"]
        server.run(*["SET a 1", "GET a", "GET b"] * 30, *slow, "PING", "CLIENT LIST")
        truth = durations(server)
        after = await until_read(collector)
        reading = collector.difference(before, after)

    wanted = truth["set"] + truth["get"] + truth["debug"]
    assert len(wanted) == 94
    found = part(reading, ALL)
    assert found.quality is Quality.EXACT
    assert isinstance(found.evidence, Histogram)
    assert found.evidence.bounds == SECONDS
    assert found.evidence.counts == counted(wanted)
    assert found.evidence.total == pytest.approx(sum(wanted))
    for share in (Fraction(95, 100), Fraction(99, 100)):
        true = sorted(wanted)[-(-share.numerator * len(wanted) // share.denominator) - 1]
        where = found.evidence.quantile(share)
        assert where is not None
        assert where.low is not None
        assert where.low < true <= (where.high or float("inf"))
    for name in ("set", "get", "debug"):
        one = part(reading, ALL, name).evidence
        assert isinstance(one, Histogram)
        assert one.counts == counted(truth[name])
        assert one.total == pytest.approx(sum(truth[name]))


def counted(durations: list[float]) -> tuple[int, ...]:
    """Return the true buckets; what took more than a second is in the last, whatever the server calls it."""
    bounds = (-1.0, *SECONDS, float("inf"))
    return tuple(sum(low < one <= high for one in durations) for low, high in pairwise(bounds))


@pytest.mark.parametrize("which", WITH_HISTOGRAMS)
async def test_every_fourth_poll_gives_evidence(start: Start, which: str) -> None:
    """The polls between two readings give neither evidence nor an absence, and lose nothing."""
    server = start(which)
    async with collecting(server.url) as collector:
        readings, last = [], None
        for _ in range(9):
            now = await collector.fetch()
            readings.append(collector.difference(last, now))
            last = now
            server.run("GET a")

    series = Series.of(ALL)
    told = [any(one.series == series for one in reading.observations) for reading in readings]
    assert told == [False, False, False, False, True, False, False, False, True]
    counts = [sum(part(reading, ALL).evidence.counts) for reading in (readings[4], readings[8])]  # type: ignore[union-attr]
    assert counts == [4, 4]
    first = "one reading of the commands so far; they are read every fourth poll, and a difference needs two"
    for reading in readings[:4]:
        assert [one for one in reading.absences if one.series == series] == [
            Absence(series, Reason.NO_DATA, first)
        ]
    assert not [one for reading in readings[4:] for one in reading.absences if one.series == series]


@pytest.mark.parametrize("which", list(SERVERS))
async def test_quiet_server_is_idle(start: Start, which: str) -> None:
    """What only watches and administers is no traffic: INFO, CONFIG, SLOWLOG, SCAN and the rest."""
    server = start(which)
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(
            "PING", "CONFIG GET maxmemory", "SCAN 0", "PTTL a", "SLOWLOG LEN", "CLIENT ID", "ACL WHOAMI"
        )
        after = await until_read(collector)
        reading = collector.difference(before, after)

    evidence = part(reading, ALL).evidence
    assert isinstance(evidence, Histogram | Moments)
    assert (evidence.n, evidence.total) == (0, 0.0)
    assert [one.series.subject for one in reading.observations if one.series.measure == ALL.key] == [()]


async def test_only_the_mean_before_7(start: Start) -> None:
    """Redis 6.2 has no histogram: calls and time, so that the mean is exact and the spread anything."""
    server = start("6.2", slowlog_log_slower_than="0", slowlog_max_len="1000")
    async with collecting(server.url, {ALL: (0.001, 0.2)}) as collector:
        before = await collector.fetch()
        server.run("SLOWLOG RESET", *["GET a"] * 999, "DEBUG SLEEP 0.1")
        truth = durations(server)
        after = await until_read(collector)
        reading = collector.difference(before, after)

    wanted = truth["get"] + truth["debug"]
    found = part(reading, ALL)
    assert isinstance(found.evidence, Moments)
    assert found.evidence.n == len(wanted) == 1000
    assert found.evidence.total == pytest.approx(sum(wanted))
    assert found.detail == (
        "Redis 6.2.14 has no LATENCY HISTOGRAM, which came with 7.0: no P95/P99 of commands, only their mean"
    )
    assert found.detail in reading.notes
    # At most so many can have taken longer, whatever the single ones took.
    one, two = found.bounds
    assert (one.threshold, one.n, one.k_low) == (0.001, 1000, 0)
    assert one.k_high <= sum(wanted) / 0.001
    assert (two.k_low, two.k_high) == (0, 0)
    errors = server.run("INFO errorstats")
    assert errors == {}


@pytest.mark.parametrize("which", list(SERVERS))
async def test_waiting_is_no_execution(start: Start, which: str) -> None:
    """A BLPOP that waits 1.5 s, in vain or not, took microseconds."""
    server = start(which)
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        waiting = asyncio.to_thread(server.run, "BLPOP queue 3")
        vain = asyncio.to_thread(server.run, "BLPOP nothing 1.5")

        async def push() -> None:
            await asyncio.sleep(1.5)
            await asyncio.to_thread(server.run, "LPUSH queue 1")

        await asyncio.gather(waiting, vain, push())
        reading = collector.difference(before, await until_read(collector))

    evidence = part(reading, ALL, "blpop").evidence
    assert isinstance(evidence, Histogram | Moments)
    assert evidence.n in (1, 2)
    assert evidence.over(0.1).k_high == 0


@pytest.mark.parametrize("which", list(SERVERS))
async def test_reset_and_restart_count_from_there(start: Start, which: str) -> None:
    """After CONFIG RESETSTAT, and after a restart, what came since then counts, and what is lost is said."""
    server = start(which)
    async with collecting(server.url) as collector:
        server.run(*["GET a"] * 9)
        before = await collector.fetch()
        server.run("GET a", "CONFIG RESETSTAT", *["GET b"] * 20)
        reset = await until_read(collector)
        first = part(collector.difference(before, reset), ALL, "get")
        server.run("GET a")
        server.stop()
        server.start()
        server.run("GET a", "GET b")
        second = part(collector.difference(reset, await collector.fetch()), ALL, "get")

    assert isinstance(first.evidence, Histogram | Moments)
    assert isinstance(second.evidence, Histogram | Moments)
    assert (first.evidence.n, first.quality) == (20, Quality.RESET)
    assert first.detail.startswith("the counters were reset; what the commands took before that is lost")
    assert (second.evidence.n, second.quality) == (2, Quality.RESET)
    assert second.detail.startswith("the server was started anew; what its commands took before that is lost")
    assert second.start >= reset.at


@pytest.mark.parametrize("which", WITH_HISTOGRAMS)
async def test_switched_off_histograms_are_named(start: Start, which: str) -> None:
    """With latency-tracking no the mean stays, and the sentence says what to set."""
    server = start(which, latency_tracking="no")
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run("GET a", "GET b")
        found = part(collector.difference(before, await until_read(collector)), ALL)

    assert isinstance(found.evidence, Moments)
    assert found.evidence.n == 2
    assert found.detail == (
        "LATENCY HISTOGRAM counts nothing, so that no percentile can be told: CONFIG SET latency-tracking yes"
    )


async def test_one_command(start: Start) -> None:
    """A budget of one command goes by its name, in any letters; one that never came is doubted."""
    server = start()
    scan, typo = (Measure(NAME, Kind.COMMANDS, name) for name in ("SCAN", "gett"))
    config = Measure(NAME, Kind.COMMANDS, "config")
    async with collecting(server.url, {GET: (0.001056,), scan: (), typo: (), config: ()}) as collector:
        before = await collector.fetch()
        server.run(*["GET a"] * 5, "SCAN 0", "CONFIG GET port", "CONFIG GET save", "CONFIG SET hz 11")
        reading = collector.difference(before, await until_read(collector))

    found = {one.series.measure: one.parts[0] for one in reading.observations}
    ns = {measure: sum(found[measure.key].evidence.counts) for measure in (GET, scan, typo, config)}  # type: ignore[union-attr]
    assert ns == {GET: 5, scan: 1, typo: 0, config: 3}
    assert [(one.threshold, one.n) for one in found[GET.key].bounds] == [(0.001056, 5)]
    assert found[typo.key].detail == (
        "gett was not called since the server's counters began: is the name right?"
    )
    # All together are recorded though nobody asked for them, but not each by its name.
    assert [
        one.subject for one in (each.series for each in reading.observations) if one.measure == ALL.key
    ] == [()]


async def test_refused_histogram_leaves_the_mean(start: Start) -> None:
    """Where LATENCY is not allowed it is asked for once, and what grants it is said."""
    server = start()
    server.run("ACL SETUSER headroom on >secret resetkeys -@all +info +slowlog|get")
    url = f"redis://headroom:secret@127.0.0.1:{server.port}"
    async with collecting(url) as collector:
        before = await collector.fetch()
        server.run("GET a", "GET b")
        reading = collector.difference(before, await until_read(collector))

    denied = (
        'LATENCY HISTOGRAM is not allowed for user "headroom": no P95/P99 of commands, only their mean; '
        "ACL SETUSER headroom +latency|histogram"
    )
    assert reading.notes == (denied,)
    found = part(reading, ALL)
    assert isinstance(found.evidence, Moments)
    assert (found.evidence.n, found.detail) == (2, denied)
    assert server.run("INFO errorstats")["errorstat_NOPERM"] == {"count": 1}


async def test_no_more_than_thirty_names(start: Start) -> None:
    """Those that took most time are told by name, and the others together."""
    server = start()
    commands = [
        "SET s 1", "GET s", "DEL x", "EXISTS x", "STRLEN s", "APPEND s 1", "INCR n", "DECR n", "LPUSH l 1",
        "RPUSH l 1", "LLEN l", "LRANGE l 0 1", "LPOP l", "RPOP l", "SADD t 1", "SCARD t", "SMEMBERS t",
        "SREM t 1", "HSET h a 1", "HGET h a", "HLEN h", "HGETALL h", "HDEL h a", "ZADD z 1 a", "ZCARD z",
        "ZSCORE z a", "ZREM z a", "TYPE s", "TTL s", "EXPIRE s 9", "PERSIST s", "MGET s", "MSET s 1",
        "GETSET s 1", "SETNX s 1",
    ]  # fmt: skip
    async with collecting(server.url) as collector:
        before = await collector.fetch()
        server.run(*commands)
        reading = collector.difference(before, await until_read(collector))

    told = {
        one.series.subject: one.parts[0].evidence
        for one in reading.observations
        if one.series.measure == ALL.key
    }
    assert len(told) == 1 + 30 + 1
    counts = {subject: sum(evidence.counts) for subject, evidence in told.items()}  # type: ignore[union-attr]
    assert counts[()] == len(commands) == 35
    assert counts[(("command", "rest"),)] == 5
    assert len(parts(reading, ALL)) == 1


@pytest.mark.parametrize("which", WITH_HISTOGRAMS)
async def test_tracking_that_was_off_for_a_while(start: Start, which: str) -> None:
    """The slow command that no histogram saw is not taken for a quick one."""
    server = start(which)
    measures = {ALL: (0.01,)}
    async with collecting(server.url, measures) as collector:
        server.run("SET a 1")
        before = await collector.fetch()
        server.run("GET a", "CONFIG SET latency-tracking no", "DEBUG SLEEP 0.02", "GET a")
        server.run("CONFIG SET latency-tracking yes", "GET a")
        found = part(collector.difference(before, await until_read(collector)), ALL)

    assert found.bounds == (Bounds(0.01, 4, 0, 2),)
    assert found.detail == (
        "2 calls are in no histogram: latency-tracking was off for a while, and any may have been slow"
    )
