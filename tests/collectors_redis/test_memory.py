"""Which of two limits ends a memory first, and what may be judged of it, with snapshots made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from collectors.redis.difference import difference
from headroom import recorded
from headroom.budgets import Kind, Measure, Reason
from headroom.evidence import Gauge
from headroom.observation import Observation, Reading, Series

from .asking import MEMORY, NAME, absence, part, source
from .test_difference import BEFORE, FIGURES, START, later

MIB = 2**20
OOM = "3 writes were refused since the last reading for lack of memory (OOM)"


def told(container: int | None, policy: str = "noeviction", *, oom: int = 0, **figures: Any) -> Reading:
    """Return what is told of a memory in a container."""
    sizes = {"uncounted": 0, **{name: size * MIB for name, size in figures.items()}}
    after = replace(later(policy=policy, **sizes), errors={"OOM": oom} if oom else {})
    limited = replace(source(None), memory_limit=None if container is None else container * MIB)
    return difference(limited, {MEMORY: (), Measure(NAME, Kind.MEMORY_LIMIT, "container"): ()}, BEFORE, after)


def outside(reading: Reading) -> list[Observation]:
    """Return what is told of the container."""
    return [one for one in reading.observations if one.series == Series(NAME, recorded.OUTSIDE)]


@pytest.mark.parametrize(
    ("container", "figures", "share", "detail"),
    [
        (None, {"used": 30, "rss": 90, "maxmemory": 100}, 0.3, "30.0 of 100.0 MiB"),
        (
            200,
            {"used": 30, "rss": 50, "maxmemory": 100},
            0.3,
            "30.0 of 100.0 MiB of maxmemory; RSS 50.0 of 200.0 MiB of memory_limit",
        ),
        (
            200,
            {"used": 30, "rss": 150, "maxmemory": 100},
            0.75,
            "30.0 of 100.0 MiB of maxmemory; RSS 150.0 of 200.0 MiB of memory_limit",
        ),
        (
            512,
            {"used": 300, "rss": 384, "maxmemory": 1024},
            0.75,
            (
                "300.0 of 1024.0 MiB of maxmemory; RSS 384.0 of 512.0 MiB of memory_limit; "
                "maxmemory is more than memory_limit: it can never be reached"
            ),
        ),
        (
            200,
            {"used": 30, "rss": 50, "maxmemory": 0},
            0.25,
            "maxmemory is 0; RSS 50.0 of 200.0 MiB of memory_limit",
        ),
    ],
)
def test_the_limit_that_ends_it_first_counts(
    container: int | None, figures: dict[str, Any], share: float, detail: str
) -> None:
    """Of maxmemory and the container the fuller one is judged, and both are named."""
    reading = told(container, **figures)

    assert part(reading, MEMORY).evidence == Gauge.sample(share, 15.0)
    assert part(reading, MEMORY).detail == detail
    assert reading.absences == ()
    expected = [] if container is None else [Gauge.sample(figures["rss"] / container, 15.0)]
    assert [one.parts[0].evidence for one in outside(reading)] == expected


def test_no_limit_stays_none_without_a_container() -> None:
    """A maxmemory of 0 is no share of anything, under a policy that would evict neither."""
    for policy in ("noeviction", "allkeys-lru"):
        reading = told(None, policy, used=30, rss=50, maxmemory=0)

        assert absence(reading, MEMORY).reason is Reason.NO_LIMIT
        assert not outside(reading)


def test_no_limit_in_a_container_is_judged_by_it() -> None:
    """Nothing is ever evicted while maxmemory is 0, whatever the policy says."""
    reading = told(200, "allkeys-lru", used=30, rss=180, maxmemory=0)

    assert part(reading, MEMORY).evidence == Gauge.sample(0.9, 15.0)
    assert reading.absences == ()


def test_no_limit_and_no_rss() -> None:
    """What is needed and not told is named."""
    figures = {name: figure for name, figure in FIGURES.items() if name != "rss"} | {"maxmemory": 0}
    limited = replace(source(None), memory_limit=MIB)
    reading = difference(limited, {MEMORY: ()}, BEFORE, replace(later(), figures=figures))

    assert absence(reading, MEMORY).detail == (
        "INFO gives no usable used_memory_rss: this server, or something between, leaves it out"
    )


def test_under_an_evicting_policy_the_container_is_told_beside() -> None:
    """What the policy frees is free inside Redis only."""
    reading = told(200, "allkeys-lru", used=100, rss=150, maxmemory=100)

    assert absence(reading, MEMORY).reason is Reason.POLICY
    assert [one.parts[0].evidence for one in outside(reading)] == [Gauge.sample(0.75, 15.0)]
    aside = [one for one in reading.observations if one.series.measure == f"{MEMORY.key}:evicting"]
    assert [one.parts[0].evidence for one in aside] == [Gauge.sample(1.0, 15.0)]


NO_RSS = "INFO gives no usable used_memory_rss: this server, or something between, leaves it out"


def test_no_rss_beside_maxmemory() -> None:
    """The container may be nearly full: the memory is not judged by maxmemory alone, nor evictions are."""
    without = told(200, used=30, maxmemory=100)
    evicting = told(200, "allkeys-lru", used=30, maxmemory=100)

    assert (absence(without, MEMORY).reason, absence(without, MEMORY).detail) == (
        Reason.BROKEN_INSTRUMENTATION,
        NO_RSS,
    )
    assert absence(evicting, MEMORY).reason is Reason.POLICY
    (container,) = [one for one in evicting.absences if one.series.measure == recorded.OUTSIDE]
    assert (container.reason, container.detail) == (Reason.BROKEN_INSTRUMENTATION, NO_RSS)
    assert not [one for one in without.absences if one.series.measure == recorded.OUTSIDE]
    assert not outside(evicting)
    assert not outside(without)


def counting(policy: str, **keys: int) -> Reading:
    """Return what is told of a memory of which 97 % are used, and which holds so many keys."""
    after = later(policy=policy, used=970, uncounted=0, **keys)
    return difference(source(None), {MEMORY: ()}, BEFORE, after)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"keys": 1234, "expiring": 0}, "0 of 1,234 keys have an expiry: nothing can be evicted"),
        ({"keys": 100, "expiring": 1}, "1 of 100 keys has an expiry: hardly anything can be evicted"),
        ({"keys": 1000, "expiring": 99}, "99 of 1,000 keys have an expiry: hardly anything can be evicted"),
    ],
)
def test_volatile_policy_that_finds_nothing(keys: dict[str, int], said: str) -> None:
    """What it may throw away is next to nothing, so that a full memory refuses to store."""
    reading = counting("volatile-lru", **keys)

    assert part(reading, MEMORY).evidence == Gauge.sample(0.97, 15.0)
    assert part(reading, MEMORY).detail == f"0.0 of 0.0 MiB; volatile-lru, and {said}"
    assert reading.absences == ()


@pytest.mark.parametrize(
    ("policy", "keys"),
    [
        ("volatile-ttl", {"keys": 1000, "expiring": 100}),
        ("volatile-ttl", {}),
        ("allkeys-lru", {"keys": 1000, "expiring": 0}),
    ],
)
def test_policy_that_finds_enough(policy: str, keys: dict[str, int]) -> None:
    """One key in ten is enough, and so is a server without any key."""
    assert absence(counting(policy, **keys), MEMORY).reason is Reason.POLICY


@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru"])
def test_replica_is_not_held_against_maxmemory(policy: str) -> None:
    """It ignores that limit: what its container gives it is what ends it, if that is declared."""
    figures = {**FIGURES, "used": 200 * MIB, "maxmemory": 100 * MIB, "rss": 150 * MIB}
    after = replace(later(policy=policy), words={"role": "slave"}, figures=figures)
    limited = replace(source(None), memory_limit=200 * MIB)
    alone = difference(source(None), {MEMORY: ()}, BEFORE, after)
    contained = difference(limited, {MEMORY: ()}, BEFORE, after)
    del figures["rss"]
    unseen = difference(limited, {MEMORY: ()}, BEFORE, replace(after, figures=figures))

    assert (absence(alone, MEMORY).reason, absence(alone, MEMORY).detail) == (
        Reason.NO_LIMIT,
        "a replica ignores maxmemory: declare memory_limit, or watch the primary",
    )
    assert part(contained, MEMORY).evidence == Gauge.sample(0.75, 15.0)
    assert part(contained, MEMORY).detail == (
        "a replica ignores maxmemory; RSS 150.0 of 200.0 MiB of memory_limit"
    )
    assert contained.absences == ()
    assert (absence(unseen, MEMORY).reason, absence(unseen, MEMORY).detail) == (
        Reason.BROKEN_INSTRUMENTATION,
        NO_RSS,
    )


@pytest.mark.parametrize("policy", ["noeviction", "volatile-lru", "allkeys-lru"])
def test_refused_writes_prove_that_it_was_full(policy: str) -> None:
    """Whatever is deleted before the poll, and whatever the policy promises: it is judged, and as full."""
    reading = told(None, policy, oom=3, used=30, maxmemory=100)

    assert part(reading, MEMORY).evidence == Gauge.sample(1.0, 15.0)
    assert part(reading, MEMORY).detail == f"30.0 of 100.0 MiB; {OOM}"
    assert reading.absences == ()
    assert reading.notes[0].startswith(
        "3 commands were refused since the last reading for lack of memory (OOM)"
    )


def test_old_refusals_prove_nothing() -> None:
    """Only those that rose since the last reading are of this interval; a restart begins anew."""
    before = replace(BEFORE, errors={"OOM": 3})
    after = replace(later(used=30, maxmemory=100), errors={"OOM": 3})
    again = replace(later(run="run-b", uptime=4, used=30, maxmemory=100), errors={"OOM": 2})

    still = difference(source(None), {MEMORY: ()}, before, after)
    anew = difference(source(None), {MEMORY: ()}, before, again)

    assert still.notes == ()
    assert part(still, MEMORY).evidence == Gauge.sample(0.0, 15.0)  # `uncounted` is more than `used`
    assert part(anew, MEMORY).evidence == Gauge.sample(1.0, 15.0)
    assert before.at == START
