"""Redis and PostgreSQL settings against the limits held on them, and what a Prometheus says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from collectors.postgres.settings import Settings
from collectors.prometheus.examine.server import Answers, examine_server
from collectors.redis.snapshot import RedisSnapshot
from headroom.checks import State
from headroom.sources import Secret, Source, SourceKind
from monitor.doctor.postgres import examine_postgres
from monitor.doctor.redis import examine_redis
from tests.doctor.examples import NOON, one, shipped

PASS, WARN, FAIL, CANNOT = State.PASS, State.WARN, State.FAIL, State.CANNOT_CHECK
MB = 2**20
CACHE = Source("erp-cache", SourceKind.REDIS, Secret("redis://x"), timedelta(seconds=15))
MEMORY = next(each for each in shipped().budgets if each.id == "resource.redis_memory")


_COPIES = "saving copies pages, and buffers are not counted in it"
_NOT_DECLARED = "what its container gives it is not declared, so nobody can tell which ends first"
_NEVER_SHOWN = "the log can never show what breaks the limits of 10 ms, 50 ms, 500 ms"
_LATE = "it holds back the newest 30 s, so everything is seen 30 s late"
_DOUBLED = "several series up have the same job and instance"


def _redis(maxmemory: int | None, policy: str = "allkeys-lru") -> RedisSnapshot:
    figures = {} if maxmemory is None else {"maxmemory": maxmemory}
    return RedisSnapshot(NOON, "run", "7.0.15", policy, figures, "visitor", 1)


@pytest.mark.parametrize(
    ("maxmemory", "limit", "state", "detail", "fix"),
    [
        (64 * MB, 128 * MB, PASS, "maxmemory is 64 MiB of the 128 MiB that its container gives it", ""),
        (
            1024 * MB,
            512 * MB,
            FAIL,
            "maxmemory is 1 GiB, its container gives it 512 MiB: it is killed before it is full",
            "CONFIG SET maxmemory 384mb",
        ),
        (
            120 * MB,
            128 * MB,
            WARN,
            f"maxmemory is 120 MiB of the 128 MiB that its container gives it: {_COPIES}",
            "CONFIG SET maxmemory 96mb",
        ),
        (
            64 * MB,
            None,
            WARN,
            f"maxmemory is 64 MiB; {_NOT_DECLARED}",
            "memory_limit: 128mb  # under sources: erp-cache:, what it really is",
        ),
        (
            0,
            512 * MB,
            FAIL,
            "maxmemory is 0: it grows until the machine or the container stops it, and no share can be told",
            "CONFIG SET maxmemory 384mb",
        ),
    ],
)
def test_redis_and_its_container(
    maxmemory: int, limit: int | None, state: State, detail: str, fix: str
) -> None:
    """Maxmemory must leave room in the container; the guide's 1 GB in 512 MB does not."""
    source = replace(CACHE, memory_limit=limit)
    found = one(examine_redis(source, [MEMORY], _redis(maxmemory)), "memory:erp-cache")

    assert (found.state, found.detail, found.fix) == (state, detail, fix)


def test_redis_limits_that_can_never_fire() -> None:
    """80 and 90 % of the guide's 1 GB are beyond its 512 MB; of 256 MB they are not."""
    source = replace(CACHE, memory_limit=512 * MB)
    never = list(examine_redis(source, [MEMORY], _redis(1024 * MB, "noeviction")))
    target = one(never, "never:resource.redis_memory:target")

    assert target.state is FAIL
    assert target.detail == "can never be over: 80% of 1 GiB is 819 MiB, and its container ends at 512 MiB"
    assert one(never, "never:resource.redis_memory:alert").state is FAIL
    fine = one(
        examine_redis(source, [MEMORY], _redis(256 * MB, "noeviction")), "never:resource.redis_memory:alert"
    )
    assert (fine.state, fine.detail) == (PASS, "90% of 256 MiB is 230 MiB, of 512 MiB in its container")


def test_redis_policy() -> None:
    """Limits on used memory mean something under noeviction; under allkeys-lru only those of evictions do."""
    bare = replace(MEMORY, evicting=())

    def policy(held: object, policy: str) -> State:
        found = examine_redis(CACHE, [held], _redis(64 * MB, policy))  # type: ignore[list-item]
        return one(found, "policy:resource.redis_memory").state

    assert policy(MEMORY, "allkeys-lru") is PASS
    assert policy(bare, "noeviction") is PASS
    assert policy(bare, "volatile-ttl") is FAIL
    assert policy(bare, "allkeys-lru") is FAIL
    assert policy(bare, "") is CANNOT
    assert policy(bare, "lru") is CANNOT


def test_redis_policy_that_finds_nothing_to_evict() -> None:
    """A volatile-* policy without keys that expire refuses to store, so the limits on used memory say it."""
    bare, seen = replace(MEMORY, evicting=()), _redis(256 * MB, "volatile-lru")
    few = replace(seen, figures={**seen.figures, "keys": 1234, "expiring": 0})
    enough = replace(seen, figures={**seen.figures, "keys": 1000, "expiring": 100})
    spread = replace(few, nodes=(few, enough))

    found = one(examine_redis(CACHE, [bare], few), "policy:resource.redis_memory")
    assert (found.state, found.detail) == (
        PASS,
        (
            "volatile-lru, and 0 of 1,234 keys have an expiry: nothing can be evicted: a full memory refuses "
            "to store, so its limits say it"
        ),
    )
    limited = replace(CACHE, memory_limit=512 * MB)
    assert one(examine_redis(limited, [bare], few), "never:resource.redis_memory:alert").state is PASS
    assert one(examine_redis(CACHE, [bare], enough), "policy:resource.redis_memory").state is FAIL
    assert one(examine_redis(CACHE, [bare], spread), "policy:resource.redis_memory").detail.startswith(
        "volatile-lru, and 100 of 2,234 keys have an expiry: hardly anything can be evicted"
    )


def test_redis_that_hides_its_maxmemory() -> None:
    """Without the figure only the version is said; the poll itself complains."""
    assert [check.id for check in examine_redis(CACHE, [MEMORY], _redis(None))] == ["server:erp-cache"]


def _postgres(settings: Settings) -> dict[str, tuple[State, str]]:
    found = examine_postgres("erp-db", shipped().budgets, settings)
    return {check.id: (check.state, check.detail) for check in found}


def test_the_guides_postgres() -> None:
    """Logged from 1 s on, three of its four limits never show; its timeout of 60 s is above all of them."""
    assert _postgres(Settings(1.0, None, 60.0, own_timeouts=False)) == {
        "log:erp-db": (
            WARN,
            f"statements are logged from 1 s on: {_NEVER_SHOWN}",
        ),
        "timeout:erp-db": (
            PASS,
            "60 s, above every limit; what would take longer is stopped, and counts as 60 s at most",
        ),
    }


def test_a_good_postgres() -> None:
    """A sample from the strictest limit on is enough, and no timeout cuts nothing off."""
    found = _postgres(Settings(1.0, 0.01, None, own_timeouts=True))

    assert found["log:erp-db"] == (PASS, "statements are logged from 10 ms on")
    assert found["timeout:erp-db"] == (
        PASS,
        "none: durations are seen whole; roles or databases have others of their own",
    )


def test_a_timeout_at_the_limit() -> None:
    """Where statements are stopped at a limit, nothing can ever be over it."""
    found = _postgres(Settings(None, None, 5.0, own_timeouts=False))

    assert found["never:db.analytics:p95"] == (
        FAIL,
        "can never be over: statement_timeout stops every statement at 5 s",
    )
    assert found["timeout:erp-db"][0] is FAIL
    assert found["log:erp-db"] == (WARN, "no statement is logged for its duration")


def _prometheus(said: Answers) -> dict[str, tuple[State, str]]:
    found = examine_server("metrics", "prom:9090", said, timedelta(minutes=5))
    return {check.id: (check.state, check.detail) for check in found}


def test_a_sound_prometheus() -> None:
    """Version, clock and answers pass, and nothing else is said."""
    assert _prometheus(Answers("2.42.0+ds", ahead=(-0.1, 0.1))) == {
        "server:metrics": (PASS, "Prometheus 2.42.0+ds at prom:9090"),
        "clock:metrics": (PASS, "they agree within 1 s"),
        "server:metrics:answers": (PASS, "answers are whole, and nothing is noted beside them"),
    }


@pytest.mark.parametrize(
    ("said", "ident", "state", "detail"),
    [
        (
            Answers("1.8.2"),
            "server:metrics",
            WARN,
            "Prometheus 1.8.2 at prom:9090; older than 2.26, with which nothing was tried",
        ),
        (Answers(""), "server:metrics", CANNOT, "the server at prom:9090 does not tell its version"),
        (
            Answers("2.24.0", victoria=True),
            "server:metrics",
            WARN,
            f"VictoriaMetrics at prom:9090: {_LATE}",
        ),
        (
            Answers(complaints=("store a is down",)),
            "server:metrics:answers",
            FAIL,
            "it says of its own answers: store a is down",
        ),
        (Answers(remarks=("no counter",)), "server:metrics:answers", WARN, "it notes: no counter"),
        (Answers(refused=("it refuses a query",)), "server:metrics:answers", WARN, "it refuses a query"),
        (Answers(), "clock:metrics", CANNOT, "the server does not tell its time"),
        (
            Answers(doubled=('{"job": "erp"}',)),
            "doubled:metrics",
            WARN,
            f'{_DOUBLED}: {{"job": "erp"}}; which scrape a histogram came with cannot be told',
        ),
    ],
)
def test_an_unsound_prometheus(said: Answers, ident: str, state: State, detail: str) -> None:
    """What it says of itself that is worth a word."""
    assert _prometheus(said)[ident] == (state, detail)
