"""Lives and sizes of keys against their policies: each state in words, and how surely it is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.expiry import expiry
from headroom.audit.redis.facts import Prefix
from headroom.audit.redis.lives import lives
from headroom.audit.redis.sizes import sizes
from headroom.checks import State

from .cases import HOUR, POLICY, counted, facts, found

PASS, WARN, FAIL, CANNOT = State.PASS, State.WARN, State.FAIL, State.CANNOT_CHECK
NONE = State.NOT_APPLICABLE
FIX = (
    "SET key value EX 86400; cache-manager 4: set(key, value, { ttl: 86400 }), in seconds; from 5 on: "
    "set(key, value, 86400000), in milliseconds, and { ttl } is not read"
)
GOOD = Prefix(POLICY, 1000, 1000, 0, 0, 4.0, 40_000.0, 86_000.0, 200, 100.0, 10.0)
LEFT = "what is left is 4 s to 1 d, for half of them less than about 11 h 7 min"
SO_FAR = "so far 2,000 of 20,000 keys were looked at (10%)"
CLUSTER = f"{SO_FAR}, which in a cluster is no sample of the rest"
SUBJECT = (("policy", "reports"), ("source", "erp-cache"))


@pytest.mark.parametrize(
    ("without", "complete", "random", "state", "told"),
    [
        (0, True, True, PASS, "all 1,000 keys expire"),
        (
            0,
            False,
            True,
            PASS,
            (
                f"0 of 1,000 keys that were asked (at most 0.37% of all, at 95% confidence) have no "
                f"expiry; {SO_FAR}"
            ),
        ),
        (0, False, False, CANNOT, f"none of the 1,000 keys that were asked lacks an expiry; {CLUSTER}"),
        (
            75,
            True,
            True,
            FAIL,
            "75 of 1,000 keys (7.5%) have no expiry: they stay until they are evicted",
        ),
        (
            75,
            False,
            True,
            FAIL,
            (
                "75 of 1,000 keys that were asked (5.9% to 9.4% of all, at 95% confidence) have no "
                "expiry: they stay "
                f"until they are evicted; {SO_FAR}"
            ),
        ),
        (
            75,
            False,
            False,
            FAIL,
            (
                "at least 75 keys, of 1,000 that were asked, have no expiry: they stay until they are evicted"
                f"; {CLUSTER}"
            ),
        ),
    ],
)
def test_keys_without_expiry(without: int, complete: bool, random: bool, state: State, told: str) -> None:
    """A complete pass counts, a random part gives an interval, a part of a cluster proves what it saw."""
    census = counted(
        replace(GOOD, without_expiry=without), keys=20_000, seen=2_000, complete=complete, random=random
    )
    one = found(expiry, facts(census=census))

    assert (one.rule, one.subject, one.state) == ("caching.expiry", SUBJECT, state)
    assert one.guide == "Cache Implementation: set(key, value, ttlSeconds): every entry has a time to live"
    assert (one.found, one.fix) == (told, FIX if state is FAIL else "")


def test_no_longest_life() -> None:
    """Where a policy names only a shortest life, a key without an end keeps it."""
    policy = replace(POLICY, most=None)
    census = counted(replace(GOOD, policy=policy, without_expiry=75), keys=1000, seen=1000, complete=True)
    never, left = found(expiry, facts(census=census)), found(lives, facts(census=census))

    assert (never.state, never.found) == (
        PASS,
        "no longest life is declared; 75 of 1,000 keys (7.5%) have no expiry",
    )
    assert (left.state, left.found) == (PASS, f"no longest life is declared; {LEFT}")
    assert left.guide == "Caching Strategy: keys live at least 1 h"


@pytest.mark.parametrize(
    ("changes", "complete", "random", "state", "told"),
    [
        ({}, True, True, PASS, f"none of 1,000 keys has more than 1 d left; {LEFT}"),
        (
            {},
            False,
            True,
            PASS,
            (
                "0 of 1,000 keys that were asked (at most 0.37% of all, at 95% confidence) have more "
                "than 1 d left; "
                f"{LEFT}; {SO_FAR}"
            ),
        ),
        (
            {},
            False,
            False,
            CANNOT,
            (
                "none of the 1,000 keys that were asked has more than 1 d left; whether they are set to at "
                f"least 1 h cannot be told of them; {LEFT}; {CLUSTER}"
            ),
        ),
        (
            {"too_long": 250, "longest": 172_800.0},
            True,
            True,
            FAIL,
            (
                "250 of 1,000 keys (25%) have more than 1 d left; what is left is 4 s to 2 d, for half "
                "of them less "
                "than about 11 h 7 min"
            ),
        ),
        (
            {"too_long": 250, "longest": 86_400_000.0},
            False,
            True,
            FAIL,
            (
                "250 of 1,000 keys that were asked (22% to 28% of all, at 95% confidence) have more than "
                "1 d left, "
                "as where milliseconds are taken for seconds; what is left is 4 s to 1000 d, for half of "
                "them less "
                f"than about 11 h 7 min; {SO_FAR}"
            ),
        ),
        (
            {"shortest": 0.01, "middle": 1.8, "longest": 3.6},
            True,
            True,
            WARN,
            (
                "of 1,000 keys none has even half of the shortest life, 1 h, left: unless nothing was "
                "stored lately, "
                "they were given less, as where seconds are taken for milliseconds; what is left is 10 "
                "ms to 3.6 s, "
                "for half of them less than about 1.8 s"
            ),
        ),
        (
            {"asked": 1000, "without_expiry": 1000, "shortest": None, "middle": None, "longest": None},
            True,
            True,
            NONE,
            "none of the 1,000 keys that were asked expires",
        ),
    ],
)
def test_lives(
    changes: dict[str, float | None], complete: bool, random: bool, state: State, told: str
) -> None:
    """Only more left than is allowed is a proof; many lives that all look too short are a warning."""
    prefix = replace(GOOD, **changes)  # type: ignore[arg-type]  # figures by name
    one = found(
        lives, facts(census=counted(prefix, keys=20_000, seen=2_000, complete=complete, random=random))
    )

    assert (one.rule, one.subject, one.state) == ("caching.keys", SUBJECT, state)
    assert one.guide == "Caching Strategy: keys live 1 h to 1 d"
    assert (one.found, one.fix) == (told, FIX if state in (FAIL, WARN) else "")


ONE = replace(POLICY, most=HOUR)
THERE = "where keys set to 1 h spend a tenth of their life"
UNLESS = (
    "unless hardly any was stored in the last 54 min, they were given less, as where seconds are taken for "
    "milliseconds"
)


@pytest.mark.parametrize(
    ("asked", "short", "left", "complete", "state", "told"),
    [
        (
            90, 90, (30.0, 36.0, 36.0), True, WARN,
            (f"90 of 90 keys (100%) have less than 6 min left, {THERE}: {UNLESS}; what is left is 30 s to 36 "
            "s"),
        ),
        (
            5_001, 5_000, (10.0, 50.0, 3_600.0), True, WARN,
            (f"5,000 of 5,001 keys (100%) have less than 6 min left, {THERE}: {UNLESS}; what is left is 10 s "
            "to 1 h"),
        ),
        (
            10, 10, (10.0, 20.0, 30.0), False, WARN,
            ("10 of 10 keys that were asked (69% to 100% of all, at 95% confidence) have less than 6 min "
            "left, "
            f"{THERE}: {UNLESS}; what is left is 10 s to 30 s"),
        ),
        (
            1_000, 370, (1.0, 1_500.0, 3_600.0), True, CANNOT,
            ("none of 1,000 keys has more than 1 h left; 370 of 1,000 keys (37%) have less than 6 min left, "
            f"{THERE}: some were given less, or few were stored in the last 54 min; what is left is 1 s to "
            "1 h"),
        ),
        (
            1_000, 104, (1.0, 1_500.0, 3_600.0), True, PASS,
            ("none of 1,000 keys has more than 1 h left; 104 of 1,000 keys (10%) have less than 6 min "
            f"left, {THERE}; "
            "what is left is 1 s to 1 h"),
        ),
        (
            9, 9, (30.0, 36.0, 36.0), True, CANNOT,
            ("none of 9 keys has more than 1 h left; 9 keys are too few to tell whether they are set to at "
            "least "
            "1 h; what is left is 30 s to 36 s"),
        ),
        (
            1, 0, (3_599.0, 3_599.0, 3_599.0), True, CANNOT,
            ("none of 1 keys has more than 1 h left; 1 key is too few to tell whether they are set to at "
            "least 1 h; "
            "what is left is 1 h to 1 h"),
        ),
        (
            20, 0, (400.0, 800.0, 1_700.0), True, WARN,
            ("of 20 keys none has even half of the shortest life, 1 h, left: unless nothing was stored "
            "lately, they "
            "were given less, as where seconds are taken for milliseconds; what is left is 6 min 40 s to 28 "
            "min 20 s"),
        ),
    ],
)  # fmt: skip
def test_lives_that_are_too_short(
    asked: int, short: int, left: tuple[float, float, float], complete: bool, state: State, told: str
) -> None:
    """Most keys nearly over is a warning with count and interval; many are a doubt, and so are few keys."""
    shortest, middle, longest = left
    prefix = Prefix(ONE, asked, asked, 0, 0, shortest, middle, longest, short=short)
    of = facts(census=counted(prefix, keys=2 * asked, seen=asked, complete=complete))
    one = found(lives, of)

    assert one.state is state
    assert one.found.partition(", for half of them")[0] == told
    assert bool(one.fix) == (state is WARN)


def test_few_keys_that_all_have_enough_left() -> None:
    """What is left of a life is never more than it was set to: that proves it, even of one key."""
    prefix = Prefix(POLICY, 1, 1, 0, 0, 7_200.0, 7_200.0, 7_200.0)
    one = found(lives, facts(census=counted(prefix, keys=1, seen=1, complete=True)))

    assert (one.state, one.found) == (
        PASS,
        (
            "none of 1 keys has more than 1 d left; all that expire have at least 1 h left; what is left is "
            "2 h to 2 h, for half of them less than about 2 h"
        ),
    )


def test_too_long_and_too_short() -> None:
    """Both are told, and the one that is proven decides."""
    prefix = Prefix(ONE, 100, 100, 0, 10, 1.0, 2.0, 7_200.0, short=90)
    one = found(lives, facts(census=counted(prefix, keys=100, seen=100, complete=True)))

    assert one.state is FAIL
    assert one.found == (
        "10 of 100 keys (10%) have more than 1 h left; 90 of 100 keys (90%) have less than 6 min left, "
        f"{THERE}: "
        f"{UNLESS}; what is left is 1 s to 2 h, for half of them less than about 2 s"
    )


def test_promises_in_words() -> None:
    """One life, only a longest one, and one below a second are promises, too."""
    for policy, words in (
        (replace(POLICY, most=HOUR), "Caching Strategy: keys live 1 h"),
        (replace(POLICY, least=None, guide=""), "Caching Strategy: keys live at most 1 d"),
    ):
        census = counted(replace(GOOD, policy=policy), keys=1000, seen=1000, complete=True)
        assert found(lives, facts(census=census)).guide == words
    policy = replace(POLICY, least=None, most=timedelta(milliseconds=500))
    census = counted(replace(GOOD, policy=policy, without_expiry=1), keys=1000, seen=1000, complete=True)
    assert found(expiry, facts(census=census)).fix == (
        "SET key value PX 500; EXPIRE counts in seconds, PEXPIRE in milliseconds"
    )


NOBODY = Prefix(POLICY)
DENIED = 'user "looker" may not run {}: it is not known; ACL SETUSER looker +{}'


@pytest.mark.parametrize(
    ("seen", "complete", "stopped", "state", "told"),
    [
        (500, True, "", NONE, "no key is of this policy; all 500 were looked at"),
        (0, True, "", NONE, "no key is of this policy; all 0 were looked at"),
        (0, False, "it is loading its data", CANNOT, "no key was looked at: it is loading its data"),
        (0, False, "", CANNOT, "no key was looked at: time was up before the first one was"),
        (2_000, False, "", CANNOT, f"no key of this policy came by; {SO_FAR}"),
        (
            2_000,
            False,
            "its role changed",
            CANNOT,
            f"no key of this policy came by; {SO_FAR}; it was stopped: its role changed",
        ),
    ],
)
def test_no_key(seen: int, complete: bool, stopped: str, state: State, told: str) -> None:
    """No key of a policy is no fault; whether there is none depends on how many were looked at."""
    census = counted(NOBODY, keys=20_000, seen=seen, complete=complete, stopped=stopped)
    for rule in (expiry, lives, sizes):
        one = found(rule, facts(census=census))
        assert (one.state, one.found, one.fix) == (state, told, "")


def test_what_may_not_be_asked() -> None:
    """Without PTTL lives are not known, and without MEMORY USAGE sizes are not; each says why."""
    prefix = Prefix(POLICY, seen=40)
    denied = (DENIED.format("PTTL", "pttl"), DENIED.format("MEMORY USAGE", "memory|usage"))
    of = facts(census=counted(prefix, keys=40, seen=40, complete=True), denied=denied)

    for rule in (expiry, lives):
        one = found(rule, of)
        assert (one.state, one.found, one.fix) == (CANNOT, f"40 keys were seen; {denied[0]}", "")
    one = found(sizes, of)
    assert (one.state, one.found) == (CANNOT, f"40 keys; their sizes were not asked; {denied[1]}")


def test_nothing_is_declared() -> None:
    """Without a census there is no policy, and so nothing to find."""
    assert not [one for rule in (expiry, lives, sizes) for one in rule(RedisCase(facts()))]


@pytest.mark.parametrize(
    ("prefix", "complete", "random", "told"),
    [
        (
            GOOD,
            True,
            True,
            (
                "1,000 keys of 100 B on average take about 97.7 KiB (96.3 KiB to 99.1 KiB, at about 95% "
                "confidence, "
                "by 200 of them)"
            ),
        ),
        (
            replace(GOOD, seen=200, asked=200),
            True,
            True,
            "200 keys of 100 B on average take about 19.5 KiB",
        ),
        (
            GOOD,
            False,
            True,
            (
                "about 10,000 keys of 100 B on average take about 977 KiB (912 KiB to 1.02 MiB, at about 95% "
                "confidence, "
                f"by 200 of them); {SO_FAR}"
            ),
        ),
        (
            replace(GOOD, bytes_deviation=400.0),
            True,
            True,
            (
                "1,000 keys of 100 B on average take about 97.7 KiB (41.9 KiB to 153 KiB, at about 95% "
                "confidence, "
                "by 200 of them); a few are far larger than the rest, so it may well be more"
            ),
        ),
        (
            GOOD,
            False,
            False,
            (
                "those that came by: 1,000 keys of 100 B on average take about 97.7 KiB (96.1 KiB to "
                "99.2 KiB, at "
                f"about 95% confidence, by 200 of them); {CLUSTER}"
            ),
        ),
    ],
)
def test_sizes(prefix: Prefix, complete: bool, random: bool, told: str) -> None:
    """What keys take is told with an interval, and never judged."""
    one = found(
        sizes, facts(census=counted(prefix, keys=20_000, seen=2_000, complete=complete, random=random))
    )

    assert (one.rule, one.subject, one.state, one.fix) == ("caching.memory", SUBJECT, PASS, "")
    assert one.guide == "Redis Configuration: maxmemory 1gb: what each part of the cache takes of it"
    assert one.found == told
