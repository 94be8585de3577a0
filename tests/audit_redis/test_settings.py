"""The guide's seven lines of redis.conf, its container, and what shows slow commands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.container import container
from headroom.audit.redis.settings import GUIDE, settings
from headroom.audit.redis.traces import latency_tracking, slow_log
from headroom.checks import State

from .cases import MIB, NO_CONFIG, facts, found

PASS, WARN, FAIL, CANNOT = State.PASS, State.WARN, State.FAIL, State.CANNOT_CHECK
NONE = State.NOT_APPLICABLE
LRU = (
    "CONFIG SET maxmemory-policy allkeys-lru; CONFIG REWRITE  # only where all of it is a cache: once "
    "maxmemory is "
    "reached, keys without an expiry are thrown away too, such as jobs of queues, sessions and locks; move "
    "those "
    "to a server of their own first"
)


def test_a_server_that_is_set_as_the_guide_says() -> None:
    """All seven pass, each citing its line."""
    findings = list(settings(RedisCase(facts())))

    assert [(one.rule, one.state, one.guide, one.found, one.fix) for one in findings] == [
        (
            f"redis.setting.{name}",
            PASS,
            f"Redis Configuration: {name} {value}",
            f"{name} is {value}, as in the guide",
            "",
        )
        for name, value in GUIDE
    ]
    assert {one.subject for one in findings} == {(("source", "erp-cache"),)}


@pytest.mark.parametrize(
    ("name", "value", "limit", "state", "told", "fix"),
    [
        (
            "maxmemory",
            "0",
            None,
            FAIL,
            "0, which is no limit: it grows until the machine or the container stops it",
            "CONFIG SET maxmemory 1gb; CONFIG REWRITE",
        ),
        (
            "maxmemory",
            "0",
            512 * MIB,
            FAIL,
            "0, which is no limit: it grows until the machine or the container stops it",
            "CONFIG SET maxmemory 384mb; CONFIG REWRITE",
        ),
        ("maxmemory", str(4096 * MIB), None, PASS, "4gb, more than the guide asks for", ""),
        (
            "maxmemory",
            str(4096 * MIB),
            2048 * MIB,
            FAIL,
            "4gb, and its container gives it 2 GiB",
            "CONFIG SET maxmemory 1gb; CONFIG REWRITE",
        ),
        (
            "maxmemory",
            str(384 * MIB),
            512 * MIB,
            PASS,
            "384mb, less than the guide, whose 1gb does not fit into its 512 MiB",
            "",
        ),
        (
            "maxmemory",
            str(64 * MIB),
            4096 * MIB,
            WARN,
            "64mb, less than the guide: fewer entries are kept",
            "CONFIG SET maxmemory 1gb; CONFIG REWRITE",
        ),
        (
            "maxmemory-policy",
            "allkeys-lfu",
            None,
            PASS,
            "allkeys-lfu: evicts from all keys as the guide does, and chooses them otherwise",
            "",
        ),
        (
            "maxmemory-policy",
            "allkeys-random",
            None,
            WARN,
            "allkeys-random: evicts what is read often as readily as what nobody reads",
            "CONFIG SET maxmemory-policy allkeys-lru; CONFIG REWRITE",
        ),
        (
            "maxmemory-policy",
            "volatile-ttl",
            None,
            WARN,
            "volatile-ttl: evicts keys with an expiry only; without enough of them it refuses to store",
            LRU,
        ),
        (
            "maxmemory-policy",
            "noeviction",
            None,
            FAIL,
            "noeviction: a full cache refuses to store; queues need it, and a server of their own",
            LRU,
        ),
        (
            "maxmemory-policy",
            "allkeys-oracle",
            None,
            WARN,
            "allkeys-oracle, which the guide does not know",
            "CONFIG SET maxmemory-policy allkeys-lru; CONFIG REWRITE",
        ),
        (
            "appendonly",
            "no",
            None,
            WARN,
            "no: a restart empties it, or takes it back to the last save, as a pure cache may decide to be",
            "CONFIG SET appendonly yes; CONFIG REWRITE",
        ),
        (
            "appendfsync",
            "always",
            None,
            WARN,
            "always: each write waits for the disk",
            "CONFIG SET appendfsync everysec; CONFIG REWRITE",
        ),
        (
            "appendfsync",
            "no",
            None,
            WARN,
            "no: the system writes when it likes to, and a crash may lose half a minute",
            "CONFIG SET appendfsync everysec; CONFIG REWRITE",
        ),
        (
            "tcp-keepalive",
            "0",
            None,
            FAIL,
            "0, which is off: connections of clients that are gone stay for ever",
            "CONFIG SET tcp-keepalive 300; CONFIG REWRITE",
        ),
        (
            "tcp-keepalive",
            "60",
            None,
            PASS,
            "60, shorter than the guide: clients that are gone go sooner",
            "",
        ),
        (
            "tcp-keepalive",
            "7200",
            None,
            WARN,
            "7200, longer than the guide: clients that are gone are noticed later",
            "CONFIG SET tcp-keepalive 300; CONFIG REWRITE",
        ),
        (
            "timeout",
            "60",
            None,
            WARN,
            "60: what idles for 60 s is closed, and a client's pool meets it at its next command",
            "CONFIG SET timeout 0; CONFIG REWRITE",
        ),
        ("tcp-backlog", "4096", None, PASS, "4096, more than the guide asks for", ""),
        (
            "tcp-backlog",
            "128",
            None,
            WARN,
            "128, less than the guide: fewer connections can wait to be taken",
            "tcp-backlog 511 in redis.conf, then restart; net.core.somaxconn must not be smaller",
        ),
    ],
)
def test_other_values(name: str, value: str, limit: int | None, state: State, told: str, fix: str) -> None:
    """Each other value is judged by what follows from it, and mended by commands where it should be."""
    one = found(settings, facts({name: value}, limit=limit), f"redis.setting.{name}")

    assert (one.state, one.found, one.fix) == (state, f"{name} is {told}", fix)


@pytest.mark.parametrize(
    ("before", "policy", "used", "fix"),
    [
        (
            0, "noeviction", 900 * MIB,
            ("first make it smaller, by shorter lives or by moving keys elsewhere: it holds 900 MiB, over "
            "80% of "
            "1gb, and at that limit each write would be refused; or give it more memory, and a higher limit"),
        ),
        (
            0, "allkeys-lru", 2048 * MIB,
            ("first make it smaller, by shorter lives or by moving keys elsewhere: it holds 2 GiB, over 80% "
            "of "
            "1gb, and at that limit keys would be thrown away until it fits; or give it more memory, and a "
            "higher "
            "limit"),
        ),
        (900 * MIB, "allkeys-lru", 890 * MIB, "CONFIG SET maxmemory 1gb; CONFIG REWRITE"),
        (
            0, "noeviction", MIB,
            ("CONFIG SET maxmemory 1gb; CONFIG REWRITE  # under noeviction writes may be refused once it is "
            "full: "
            "see maxmemory-policy first"),
        ),
        (0, "allkeys-lru", None, "first see that used_memory, which was not read, is below 80% of 1gb"),
    ],
)  # fmt: skip
def test_a_limit_that_would_do_harm(before: int, policy: str, used: int | None, fix: str) -> None:
    """No command is printed that makes each write fail, or throws keys away, when it is pasted."""
    of = facts({"maxmemory": str(before), "maxmemory-policy": policy}, used=0 if used is None else used)
    of = of if used is not None else replace(of, figures={})

    assert found(settings, of, "redis.setting.maxmemory").fix == fix


def test_a_container_that_is_smaller_than_what_is_held() -> None:
    """The same holds where the container asks for a lower limit."""
    of = facts({"maxmemory": str(1024 * MIB)}, limit=512 * MIB, used=400 * MIB)

    assert found(container, of).fix == (
        "first make it smaller, by shorter lives or by moving keys elsewhere: it holds 400 MiB, over 80% of "
        "384mb, "
        "and at that limit keys would be thrown away until it fits; or give it more memory, and a higher "
        "limit"
    )


def test_what_another_policy_throws_away() -> None:
    """The keys that would be lost are counted, and a policy without a limit is told to do nothing."""
    of = facts({"maxmemory": "0", "maxmemory-policy": "noeviction"})
    of = replace(of, figures={"used": MIB, "keys": 1_200, "expiring": 1_000})

    assert found(settings, of, "redis.setting.maxmemory-policy").fix == LRU.replace(
        "once maxmemory is reached, keys without an expiry",
        "once maxmemory is set and reached, keys without an expiry (now 200 of 1,200)",
    )


def test_appendfsync_without_a_file() -> None:
    """How often a file is written that is not there is no question."""
    of = facts({"appendonly": "no", "appendfsync": "always"})
    one = found(settings, of, "redis.setting.appendfsync")

    assert (one.state, one.fix) == (NONE, "")
    assert one.found == "appendfsync is always, which has no effect while appendonly is no"


@pytest.mark.parametrize("name", [name for name, _ in GUIDE])
@pytest.mark.parametrize("value", ["", "rubbish"])
def test_what_was_not_told(name: str, value: str) -> None:
    """A setting that nobody told, or told garbled, cannot be checked; where that is known it says why."""
    if name == "maxmemory-policy" and value:
        return  # another word may be a policy of a later version
    one = found(settings, facts({name: value}, denied=(NO_CONFIG,)), f"redis.setting.{name}")

    assert (one.state, one.fix) == (CANNOT, "")
    assert one.found == f"the server's {name} was not read: {NO_CONFIG}"


@pytest.mark.parametrize(
    ("maxmemory", "limit", "rss", "state", "told", "fix"),
    [
        (
            1024,
            512,
            None,
            FAIL,
            (
                "maxmemory is 1 GiB, its container gives it 512 MiB: it is stopped before it is "
                "full, and a limit "
                "above 50% of maxmemory can never be over; the guide contradicts itself here: its "
                "own figures are "
                "1gb in 512M"
            ),
            "CONFIG SET maxmemory 384mb; CONFIG REWRITE",
        ),
        (
            2048,
            1024,
            None,
            FAIL,
            (
                "maxmemory is 2 GiB, its container gives it 1 GiB: it is stopped before it is full, "
                "and a limit "
                "above 50% of maxmemory can never be over"
            ),
            "CONFIG SET maxmemory 768mb; CONFIG REWRITE",
        ),
        (
            0,
            512,
            None,
            FAIL,
            (
                "maxmemory is 0, which is no limit, its container gives it 512 MiB: when it has "
                "grown to that it is "
                "stopped, with all that it holds"
            ),
            "CONFIG SET maxmemory 384mb; CONFIG REWRITE",
        ),
        (
            480,
            512,
            None,
            WARN,
            (
                "maxmemory is 480 MiB, its container gives it 512 MiB: saving copies pages, and "
                "buffers are not "
                "counted in maxmemory"
            ),
            "CONFIG SET maxmemory 384mb; CONFIG REWRITE",
        ),
        (
            384,
            512,
            500,
            WARN,
            (
                "maxmemory is 384 MiB, its container gives it 512 MiB, and the process has taken 500 "
                "MiB of it: "
                "fragments, buffers and copied pages are not counted in maxmemory"
            ),
            "MEMORY PURGE, or CONFIG SET activedefrag yes; otherwise a larger container",
        ),
        (384, 512, 100, PASS, "maxmemory is 384 MiB, its container gives it 512 MiB", ""),
        (
            1024,
            None,
            None,
            CANNOT,
            (
                "maxmemory is 1 GiB; what its container gives it is not declared; the guide gives it "
                "512 MiB, which "
                "stops it before it is full"
            ),
            "memory_limit: 512mb  # under sources: erp-cache:, what it really is",
        ),
        (
            256,
            None,
            None,
            CANNOT,
            "maxmemory is 256 MiB; what its container gives it is not declared; the guide gives it 512 MiB",
            "memory_limit: 512mb  # under sources: erp-cache:, what it really is",
        ),
    ],
)
def test_the_container(
    maxmemory: int, limit: int | None, rss: int | None, state: State, told: str, fix: str
) -> None:
    """Maxmemory, the container and what the process has taken are held against each other."""
    of = facts(
        {"maxmemory": str(maxmemory * MIB)},
        limit=None if limit is None else limit * MIB,
        rss=None if rss is None else rss * MIB,
    )
    one = found(container, of)

    assert one.guide == "Docker Resource Limits: memory of redis 512M; Redis Configuration: maxmemory 1gb"
    assert (one.state, one.found, one.fix) == (state, told, fix)


def test_the_container_of_a_silent_server() -> None:
    """Without maxmemory there is nothing to compare."""
    one = found(container, facts({"maxmemory": ""}, limit=512 * MIB))

    assert (one.state, one.found) == (CANNOT, "the server's maxmemory was not read")


@pytest.mark.parametrize(
    ("value", "state", "told"),
    [
        ("10000", PASS, "commands are kept from 10 ms on"),
        ("-1", WARN, "slowlog-log-slower-than is -1, which is off: slow commands leave no trace"),
        ("0", WARN, "slowlog-log-slower-than is 0: every command is kept, and pushes the slow ones out"),
        ("5000000", WARN, "commands are kept from 5 s on: slow ones leave no trace"),
        ("", CANNOT, "the server's slowlog-log-slower-than was not read"),
    ],
)
def test_the_slow_log(value: str, state: State, told: str) -> None:
    """Off, full of everything, or from too long a time on, it shows no slow command."""
    one = found(slow_log, facts({"slowlog-log-slower-than": value}))

    assert (one.state, one.found) == (state, told)
    assert one.fix == ("CONFIG SET slowlog-log-slower-than 10000; CONFIG REWRITE" if state is WARN else "")


@pytest.mark.parametrize(
    ("value", "version", "state", "told"),
    [
        ("yes", "7.0.15", PASS, "latency-tracking is yes: percentiles of commands are known"),
        (
            "no",
            "8.0.2",
            WARN,
            "latency-tracking is no: only the mean of each command is known, no percentile",
        ),
        ("", "6.2.14", NONE, "Redis 6.2.14 counts means only; percentiles come with Redis 7.0"),
        ("", "7.0.15", CANNOT, "the server's latency-tracking was not read"),
    ],
)
def test_latency_tracking(value: str, version: str, state: State, told: str) -> None:
    """Switched off, no percentile of a command is known; before 7.0 there is nothing to switch on."""
    one = found(latency_tracking, facts({"latency-tracking": value}, version=version))

    assert (one.state, one.found) == (state, told)
    assert one.fix == ("CONFIG SET latency-tracking yes; CONFIG REWRITE" if state is WARN else "")
