"""What two snapshots tell, with snapshots made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.redis import info
from collectors.redis.difference import difference
from collectors.redis.snapshot import RedisSnapshot, load
from headroom import recorded
from headroom.budgets import Reason
from headroom.evidence import Gauge, Ratio
from headroom.observation import Quality, Reading, Series

from .asking import EVICTIONS, HITS, MEMORY, absence, part, source

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIGURES = {
    "used": 900, "uncounted": 100, "maxmemory": 1000, "uptime": 5000,
    "hits": 10, "misses": 5, "evicted": 7, "commands": 100, "expired": 1, "connections": 2,
    "rejected": 0, "failures": 0,
}  # fmt: skip
BEFORE = RedisSnapshot(START, "run-a", "7.0.15", "noeviction", FIGURES, "me", 10, 11)


def later(
    seconds: float = 15.0, *, run: str = "run-a", policy: str = "noeviction", sent: int = 11, **figures: Any
) -> RedisSnapshot:
    """Return a poll after BEFORE in which these figures are others."""
    return replace(
        BEFORE,
        at=START + timedelta(seconds=seconds),
        run=run,
        policy=policy,
        sent=sent,
        figures=FIGURES | figures,
    )


def told(after: RedisSnapshot, before: RedisSnapshot = BEFORE) -> Reading:
    """Return the reading of two polls of a source that is polled every 15 s."""
    return difference(source(None), {MEMORY: (), HITS: ()}, before, after)


def test_own_commands_are_taken_out() -> None:
    """The INFO of the poll before, and whatever else this process sent, are no traffic."""
    assert part(told(later(commands=120, evicted=9)), EVICTIONS).evidence == Ratio(2, 19)
    assert part(told(later(commands=120, sent=13)), EVICTIONS).evidence == Ratio(0, 17)
    assert part(told(later(commands=100, sent=13)), EVICTIONS).evidence == Ratio(0, 0)
    assert part(told(replace(later(commands=120, sent=1), visitor="other")), EVICTIONS).evidence == Ratio(
        0, 18
    )


def test_memory_that_eviction_does_not_count() -> None:
    """Buffers of replicas are not held against maxmemory."""
    assert part(told(later()), MEMORY).evidence == Gauge.sample(0.8, 15.0)
    assert part(told(later(uncounted=2000)), MEMORY).evidence == Gauge.sample(0.0, 15.0)


@pytest.mark.parametrize(
    "policy", ["allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-ttl", "allkeys-lrm"]
)
def test_every_evicting_policy_is_known(policy: str) -> None:
    """Whatever it evicts by, the memory is not what counts."""
    found = absence(told(later(policy=policy)), MEMORY)

    assert found.reason is Reason.POLICY
    assert found.detail.startswith(f"maxmemory-policy is {policy}, ")


def test_without_eviction_memory_counts() -> None:
    """A policy under which a full memory refuses to store is no excuse for one."""
    assert told(later(policy="noeviction")).absences == ()


@pytest.mark.parametrize("policy", ["", "no-eviction", "lru"])
def test_policy_that_is_not_told(policy: str) -> None:
    """Whether a full memory is healthy is then not known, however full; a key that was evicted tells it."""
    unknown, proven = told(later(policy=policy)), told(later(policy=policy, evicted=8))

    assert (absence(unknown, MEMORY).reason, absence(unknown, MEMORY).detail) == (
        Reason.BROKEN_INSTRUMENTATION,
        "INFO gives no usable maxmemory_policy: this server, or something between, leaves it out",
    )
    assert (absence(proven, MEMORY).reason, absence(proven, MEMORY).detail) == (
        Reason.POLICY,
        "keys were evicted since the last reading, though INFO gives no usable maxmemory_policy",
    )


@pytest.mark.parametrize("name", ["hits", "misses", "evicted", "commands", "expired", "connections"])
def test_any_counter_that_fell_is_a_reset(name: str) -> None:
    """RESETSTAT clears them all; in a busy interval only one may still show it."""
    rose: dict[str, Any] = {one: FIGURES[one] + 100 for one in info.COUNTERS} | {name: 0}
    found = part(told(later(**rose)), HITS)

    assert found.quality is Quality.RESET
    assert found.evidence == Ratio(rose["hits"], rose["hits"] + rose["misses"])


def test_restart_counts_since_the_start() -> None:
    """Another run that is younger than the interval counts whole, from its start on."""
    found = part(told(later(run="run-b", uptime=4, hits=50, misses=50)), HITS)

    assert (found.evidence, found.quality) == (Ratio(50, 100), Quality.RESET)
    assert found.start == START + timedelta(seconds=11)


OTHER = "another server answers here since the last reading; a difference needs two readings of one server"


def test_another_server_counts_for_nothing() -> None:
    """Another run that is older than the interval stood elsewhere before: its past is not this interval's."""
    reading = told(later(run="run-b", uptime=17, hits=50))

    for measure in (HITS, EVICTIONS):
        assert (absence(reading, measure).reason, absence(reading, measure).detail) == (
            Reason.RESET,
            OTHER,
        )
    assert isinstance(part(reading, MEMORY).evidence, Gauge)


def test_long_interval_is_a_gap() -> None:
    """More than two polls, with a tenth for jitter, are kept for reports and not judged."""
    assert part(told(later(33)), HITS).quality is Quality.EXACT
    gap = part(told(later(34)), HITS)
    both = part(told(later(34, hits=0)), HITS)

    assert (gap.quality, gap.detail) == (
        Quality.GAP,
        "no reading for 34 s, where one was due every 15 s",
    )
    assert (both.quality, both.detail) == (
        Quality.GAP,
        f"{gap.detail}; the counters were reset; what this interval held before that is lost",
    )
    assert part(told(later(34)), MEMORY).quality is Quality.GAP


def test_clock_that_went_back_gives_a_gap() -> None:
    """The server's clock stepped an hour back: the counters hold, the interval's length is unknown."""
    found = part(told(later(-3585, hits=12)), HITS)

    assert (found.evidence, found.quality, found.start) == (Ratio(2, 2), Quality.GAP, found.end)
    assert found.detail == "the server's clock went back by 3585 s: how long this interval was is unknown"


@pytest.mark.parametrize(
    ("gone", "field"),
    [
        ("used", "used_memory"),
        ("maxmemory", "maxmemory"),
        ("misses", "keyspace_misses"),
        ("commands", "total_commands_processed"),
    ],
)
def test_missing_field_costs_its_measure_only(gone: str, field: str) -> None:
    """What INFO leaves out, or garbles, is said where it is needed; the rest is told."""
    after = later()
    after = replace(after, figures={name: figure for name, figure in after.figures.items() if name != gone})
    reading = told(after)

    assert [(one.reason, one.detail) for one in reading.absences] == [
        (
            Reason.BROKEN_INSTRUMENTATION,
            f"INFO gives no usable {field}: this server, or something between, leaves it out",
        )
    ]
    judged = {Series.of(one) for one in (MEMORY, HITS, EVICTIONS)}
    assert len([one for one in reading.observations if one.series in judged]) == 2


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.booleans()), min_size=1, max_size=12))
def test_look_ups_add_up_over_resets(steps: list[tuple[int, int, bool]]) -> None:
    """However the counters are cut and reset: never negative, and no look-up that is told was not made."""
    hits = misses = told_hits = told_all = made = 0
    before = later(0, hits=0, misses=0, commands=0)
    for number, (more_hits, more_misses, reset) in enumerate(steps, 1):
        if reset:
            hits = misses = 0
        hits, misses, made = hits + more_hits, misses + more_misses, made + more_hits + more_misses
        # Commands fall with a reset, unless as many were run since: the server counts them all.
        after = later(15 * number, hits=hits, misses=misses, commands=hits + misses)
        evidence = part(told(after, before), HITS).evidence
        assert isinstance(evidence, Ratio)
        told_hits, told_all = told_hits + int(evidence.part), told_all + int(evidence.whole)
        before = after
    assert told_hits <= told_all <= made


REAL = b"# Server\r\nredis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:9.1.0\r\nrun_id:abc\r\n"


def test_fields_are_found_by_name() -> None:
    """Order, sections and unknown fields do not matter; Valkey's own version counts."""
    found = info.fields(
        b"keyspace_hits:7\r\nnew_field:x\r\n\r\n" + REAL + b"maxmemory_policy:allkeys-lru\r\n"
    )

    assert info.figures(found) == {"hits": 7}
    assert info.version(found) == "9.1.0"
    assert info.word(found, b"run_id") == "abc"
    assert info.word(found, b"maxmemory_policy") == "allkeys-lru"


@pytest.mark.parametrize(
    "value", [b"", b"-1", b"1.5", b"nan", b"0x10", b"9" * 21, "٣".encode(), b"1 2", b"7\x00"]
)
def test_garbled_figure_is_not_given(value: bytes) -> None:
    """What is no whole number is left out, not taken for nothing."""
    assert info.figures(info.fields(b"used_memory:" + value + b"\r\n")) == {}


@pytest.mark.parametrize("value", [b"", b"a b", b"\x1b[31m", b"x" * 65, b"<b>", "é".encode()])
def test_garbled_word_is_not_given(value: bytes) -> None:
    """A version or policy that is no plain word is left out: it would be shown."""
    assert info.word(info.fields(b"maxmemory_policy:" + value + b"\r\n"), b"maxmemory_policy") == ""


@given(st.binary(max_size=200))
def test_any_bytes_are_read(text: bytes) -> None:
    """No answer breaks the parser."""
    found = info.fields(text)
    info.figures(found)
    info.version(found)


def test_snapshot_survives_the_history() -> None:
    """What is loaded is what was dumped; other bytes are refused."""
    assert load(BEFORE.dump()) == BEFORE
    for data in (b"", b"\xff", b"[]", b"{}", b'{"format":0}', BEFORE.dump().replace(b'"run"', b'"walk"')):
        assert load(data) is None


def test_the_first_of_a_name_counts() -> None:
    """Nothing that is put behind an answer changes what it said."""
    assert info.figures(info.fields(b"used_memory:1\r\nused_memory:2\r\n")) == {"used": 1}


def test_rejected_connections_are_none_of_the_received() -> None:
    """A share of all that were tried."""
    reading = told(later(connections=7, rejected=5))

    found = [one for one in reading.observations if one.series.measure == recorded.REJECTED]
    assert [one.parts[0].evidence for one in found] == [Ratio(5, 10)]


def test_cpu_time_that_fell_is_not_told() -> None:
    """A clock that went back proves nothing."""
    before = replace(BEFORE, figures=FIGURES | {"busy": 5_000_000})
    for busy, shares in ((4_000_000, []), (8_000_000, [Ratio(3.0, 15.0)])):
        reading = told(later(busy=busy), before)
        found = [one for one in reading.observations if one.series.measure == recorded.MAIN_THREAD]
        assert [one.parts[0].evidence for one in found] == shares


def test_a_primary_that_moved_is_the_same() -> None:
    """A node is known by its run, wherever it is reached."""
    cluster = FIGURES | {"cluster": 1}
    before = replace(BEFORE, figures=cluster, nodes=(replace(BEFORE, place="here:1"),))
    after = replace(later(), figures=cluster, nodes=(replace(later(hits=12), place="there:2"),))

    assert part(told(after, before), HITS).evidence == Ratio(2, 2)
