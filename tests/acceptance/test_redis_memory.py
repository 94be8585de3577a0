"""Three real servers, full in three ways, through the collecting process: met, over, over."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from headroom.budgets import Outcome, Unit, Verdict
from tests.collectors_redis.server import Server
from tests.monitor.processes import collecting, reading, stop, wait_until

BUDGETS = """
version: 1
history: history.db
sources:
  cache: {kind: redis, url: "URL", every: 1s}
budgets:
  - id: resource.redis_memory
    title: Redis memory
    measure: {redis_memory: maxmemory, source: cache}
    window: 5s
    for: 1s
    recover_for: 2s
    limits:
      - {name: target, statistic: average, max: 80%, severity: warning}
      - {name: alert, statistic: average, max: 90%, severity: critical}
    evicting:
      - {name: target, statistic: average, max: 1 per 1000 commands, severity: warning}
      - {name: target, statistic: average, min: 80%, severity: warning}
      - {name: alert, statistic: average, max: 10 per 1000 commands, severity: critical}
      - {name: alert, statistic: average, min: 50%, severity: critical}
"""
VALUE = b"v" * 10_000  # a key takes some 12 kB, so 12 MB hold less than a thousand beside the server's own


@contextmanager
def cache_aside(server: Server, key: Callable[[random.Random], int]) -> Iterator[None]:
    """Look keys up, and store those that are missing, until the block ends."""
    over = threading.Event()

    def work() -> None:
        chance = random.Random(5)
        with redis.Redis(port=server.port, protocol=2, driver_info=None) as client:
            while not over.is_set():
                name = f"report:{key(chance)}"
                if client.get(name) is None:
                    client.set(name, VALUE)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def popular(chance: random.Random) -> int:
    """Return one of a few hundred keys mostly, and now and then one of very many."""
    return chance.randrange(300) if chance.random() < 0.96 else chance.randrange(300, 1_000_000)


def any_of_many(chance: random.Random) -> int:
    """Return one of far more keys than fit."""
    return chance.randrange(20_000)


def _judged(server: Server, folder: Path, until: Outcome) -> dict[str, Verdict]:
    """Return the verdicts by limit once the alert limit is as expected and every part is in the window."""
    config = folder / "budgets.yaml"
    config.write_text(BUDGETS.replace("URL", server.url))
    process = collecting(config)
    try:
        wait_until(config, lambda history: _alert(history) is until, until.value)
        time.sleep(6)  # a whole window of this load alone
        with reading(config) as history:
            return {one.verdict.limit: one.verdict for one in history.standings() if not one.verdict.subject}
    finally:
        assert stop(process) == 0


def _alert(history: object) -> Outcome | None:
    stand = {one.verdict.limit: one.verdict.outcome for one in history.standings()}  # type: ignore[attr-defined]
    return stand.get("alert")


@contextmanager
def _server(policy: str) -> Iterator[Server]:
    server = Server(maxmemory="12mb", maxmemory_policy=policy, maxmemory_samples="10").start()
    try:
        yield server
    finally:
        server.remove()


def _fill(server: Server) -> None:
    with redis.Redis(port=server.port, protocol=2, driver_info=None) as client:
        for number in range(2_000):
            client.set(f"report:{number}", VALUE)
        used = client.info("memory")
    assert used["used_memory"] > 0.97 * used["maxmemory"]


def test_a_full_cache_that_hits_well_is_met(tmp_path: Path) -> None:
    """allkeys-lru at 100 % of maxmemory, 95 of 100 look-ups answered: met, by its hit rate."""
    with _server("allkeys-lru") as server:
        _fill(server)
        with cache_aside(server, popular):
            verdict = _judged(server, tmp_path, Outcome.MET)["alert"]
    assert (verdict.unit, verdict.at_least) == (Unit.SHARE, True)
    assert verdict.value is not None
    assert verdict.value.low == pytest.approx(0.95, abs=0.04)


def test_a_thrashing_cache_is_over(tmp_path: Path) -> None:
    """allkeys-lru with a working set of many times its memory: over by its evictions."""
    with _server("allkeys-lru") as server:
        _fill(server)
        with cache_aside(server, any_of_many):
            verdict = _judged(server, tmp_path, Outcome.OVER)["alert"]
    assert verdict.unit is Unit.PER_1000_COMMANDS
    assert verdict.value is not None
    assert verdict.value.low is not None
    assert verdict.value.low > 300
    assert "and the hit rate is" in verdict.detail


def test_a_memory_that_refuses_at_95_percent_is_over(tmp_path: Path) -> None:
    """noeviction, filled to 95 % of maxmemory: over both limits."""
    with _server("noeviction") as server:
        with redis.Redis(port=server.port, protocol=2, driver_info=None) as client:
            number = 0
            while client.info("memory")["used_memory"] < 0.95 * 12 * 2**20:
                client.set(f"report:{number}", VALUE)
                number += 1
        verdicts = _judged(server, tmp_path, Outcome.OVER)
    assert {one.outcome for one in verdicts.values()} == {Outcome.OVER}
    assert verdicts["alert"].unit is Unit.SHARE
