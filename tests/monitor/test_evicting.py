"""A Redis that evicts by policy: judged by evictions and hit rate together, and by its container."""

from __future__ import annotations

from pathlib import Path

import pytest

from headroom.budgets import Outcome, Reason, Unit

from .scripted import CONFIG, REFUSED, evicting, full, stage

BOTH = CONFIG.replace(
    "max: 1 per 1000 commands, severity: warning}",
    "max: 1 per 1000 commands, severity: warning}\n"
    "      - {name: target, statistic: average, min: 80%, severity: warning}",
).replace(
    "max: 10 per 1000 commands, severity: critical}",
    "max: 10 per 1000 commands, severity: critical}\n"
    "      - {name: alert, statistic: average, min: 50%, severity: critical}",
)
POLICY = "maxmemory-policy is allkeys-lru; "


async def test_a_full_cache_that_throws_away_and_still_hits_is_met(tmp_path: Path) -> None:
    """47 evictions in 1,000 commands, and 95 of 100 look-ups answered: the hit rate is value and unit."""
    async with stage(tmp_path, BOTH) as on:
        stand = await on.poll(evicting(47, hits=(950, 1000)))
    verdict = stand["target"].verdict
    assert (verdict.outcome, verdict.unit, verdict.threshold, verdict.at_least) == (
        Outcome.MET,
        Unit.SHARE,
        0.8,
        True,
    )
    assert verdict.detail == (
        f"{POLICY}47 per 1,000 commands, more than 1 per 1,000 commands, and yet what is asked for is there: "
        "average 95%, at least 80% promised; 1 reading; evidence covers 5% of the window"
    )


async def test_a_thrashing_cache_is_over(tmp_path: Path) -> None:
    """300 evictions in 1,000 commands, and 30 of 100 look-ups answered: over by its evictions."""
    async with stage(tmp_path, BOTH) as on:
        stand = await on.poll(evicting(300, hits=(300, 1000)))
    verdict = stand["alert"].verdict
    assert (verdict.outcome, verdict.unit, verdict.threshold) == (Outcome.OVER, Unit.PER_1000_COMMANDS, 10)
    assert verdict.firm
    assert verdict.detail == (
        f"{POLICY}average 300 per 1,000 commands, at most 10 per 1,000 commands promised; 1 reading; "
        "evidence covers 5% of the window; and the hit rate is 30%, below 50%"
    )


async def test_each_limit_has_its_own_line(tmp_path: Path) -> None:
    """70 of 100 look-ups answered: over the target's 80%, not under the alert's 50%."""
    async with stage(tmp_path, BOTH) as on:
        stand = await on.poll(evicting(300, hits=(700, 1000)))
    assert stand["target"].verdict.outcome is Outcome.OVER
    assert stand["alert"].verdict.outcome is Outcome.MET


async def test_few_evictions_are_met_however_cold_the_cache(tmp_path: Path) -> None:
    """Nothing is thrown away: that little is found is not for want of memory."""
    async with stage(tmp_path, BOTH) as on:
        stand = await on.poll(evicting(0, hits=(1, 1000)))
    verdict = stand["alert"].verdict
    assert (verdict.outcome, verdict.unit) == (Outcome.MET, Unit.PER_1000_COMMANDS)


@pytest.mark.parametrize(
    ("hits", "said"),
    [
        ((0, 0), "nothing to take a share of in the window"),
        (None, "no reading within 5 min"),
    ],
)
async def test_without_lookups_evictions_decide_alone(
    tmp_path: Path, hits: tuple[int, int] | None, said: str
) -> None:
    """Nobody looks anything up, or nobody knows: that must not make evictions over their limit green."""
    async with stage(tmp_path, BOTH) as on:
        stand = await on.poll(evicting(300, hits=hits))
    verdict = stand["alert"].verdict
    assert (verdict.outcome, verdict.unit) == (Outcome.OVER, Unit.PER_1000_COMMANDS)
    assert f"; the hit rate cannot tell whether it matters: {said}" in verdict.detail


async def test_a_container_that_fills_up_is_over_whatever_the_policy(tmp_path: Path) -> None:
    """The cache is healthy, and what the system gave it is 97 % of its container: it will be killed."""
    async with stage(tmp_path, BOTH) as on:
        stand = await on.poll(evicting(0, hits=(950, 1000), outside=0.97))
    verdict = stand["alert"].verdict
    assert (verdict.outcome, verdict.unit, verdict.threshold) == (Outcome.OVER, Unit.SHARE, 0.9)
    assert not verdict.at_least
    assert verdict.detail.startswith(
        "maxmemory-policy is allkeys-lru; but its container is filling up: average 97%, at most 90% promised"
    )


async def test_room_in_the_container_proves_nothing_about_the_cache(tmp_path: Path) -> None:
    """Half of the container is free, and the cache thrashes all the same."""
    async with stage(tmp_path, BOTH) as on:
        stand = await on.poll(evicting(300, hits=(300, 1000), outside=0.5))
    assert stand["alert"].verdict.unit is Unit.PER_1000_COMMANDS
    assert stand["alert"].verdict.outcome is Outcome.OVER


async def test_a_failed_poll_keeps_what_decides_until_it_is_old(tmp_path: Path) -> None:
    """Unreachable after thrashing: over as long as its evidence is young, then blind."""
    async with stage(tmp_path, BOTH) as on:
        await on.poll(evicting(300, hits=(300, 1000)))
        assert (await on.poll(REFUSED))["alert"].verdict.outcome is Outcome.OVER
        for _ in range(3):
            stand = await on.poll(REFUSED)
    assert (stand["alert"].verdict.outcome, stand["alert"].verdict.reason) == (
        Outcome.BLIND,
        Reason.UNREACHABLE,
    )


async def test_without_limits_for_eviction_a_full_container_is_still_over(tmp_path: Path) -> None:
    """No `evicting:`: undecided by policy while there is room, over when the container is full."""
    bare = CONFIG[: CONFIG.index("    evicting:")]
    async with stage(tmp_path, bare) as on:
        roomy = await on.poll(evicting(0, outside=0.5))
        tight = await on.poll(evicting(0, outside=1.0))
        tight = await on.poll(evicting(0, outside=1.5))
    assert roomy["alert"].verdict.reason is Reason.POLICY
    assert tight["alert"].verdict.outcome is Outcome.OVER


async def test_without_limits_for_eviction_nothing_is_said_to_judge(tmp_path: Path) -> None:
    """No `evicting:`: the sentence says what is missing, and not that something judges it."""
    async with stage(tmp_path, CONFIG[: CONFIG.index("    evicting:")]) as on:
        stand = await on.poll(evicting(0))
    assert stand["alert"].verdict.detail == (
        f"{POLICY}no limits under `evicting:` say what it may throw away"
    )


async def test_a_container_that_cannot_be_seen_is_never_met(tmp_path: Path) -> None:
    """The cache is healthy, and nobody knows how much of its container it has: blind, with the cause."""
    async with stage(tmp_path, BOTH) as on:
        stand = await on.poll(evicting(0, hits=(950, 1000), outside="no used_memory_rss"))
        thrashing = await on.poll(evicting(900, hits=(1, 1000), outside="no used_memory_rss"))
    verdict = stand["alert"].verdict
    assert (verdict.outcome, verdict.reason) == (Outcome.BLIND, Reason.BROKEN_INSTRUMENTATION)
    assert verdict.detail == f"{POLICY}no used_memory_rss"
    assert thrashing["alert"].verdict.outcome is Outcome.OVER


async def test_refused_writes_stay_over_for_as_long_as_they_are_in_the_window(tmp_path: Path) -> None:
    """Refused in every fifth poll of a Redis with a policy: over all the time, a restart included."""
    async with stage(tmp_path, BOTH) as on:
        for _ in range(3):
            assert (await on.poll(full(1.0)))["alert"].verdict.outcome is Outcome.OVER
            for _ in range(4):
                stand = await on.poll(evicting(0, hits=(950, 1000)))
                assert stand["alert"].verdict.outcome is Outcome.OVER
    assert stand["alert"].verdict.detail.startswith(
        f"{POLICY}and yet writes were refused for want of memory: average 100%, at most 90% promised"
    )
    async with stage(tmp_path, BOTH, seconds=16 * 15) as on:
        assert (await on.poll(evicting(0, hits=(950, 1000))))["alert"].verdict.outcome is Outcome.OVER
        for _ in range(20):
            stand = await on.poll(evicting(0, hits=(950, 1000)))
    assert stand["alert"].verdict.outcome is Outcome.MET


async def test_another_policy_brings_the_memory_back(tmp_path: Path) -> None:
    """Back to noeviction: the share of memory judges, not what stood in for it."""
    async with stage(tmp_path, BOTH) as on:
        await on.poll(evicting(300, hits=(300, 1000), outside=0.97))
        stand = await on.poll(full(0.5))
    verdict = stand["alert"].verdict
    assert (verdict.outcome, verdict.unit, verdict.threshold) == (Outcome.MET, Unit.SHARE, 0.9)
