"""`headroom run` with PostgreSQL sources that are broken in every way, beside others that are not."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from headroom.budgets import Outcome
from tests.collectors_postgres.server import Server, free_port, initialised
from tests.collectors_redis.server import Server as Redis
from tests.monitor.processes import collecting, polls, reading, stop, wait_until
from tests.servers import prometheus, scraping

_ROUNDS = 15  # seconds, in which each broken source has three turns
_LATE = timedelta(seconds=2.5)
_CONFIG = """
version: 1
history: history.db
classes:
  endpoints: [{name: all, path: ["/**"]}]
  labels: {path: handler}
  queries: [{name: lookup}]
sources:
  cache: {kind: redis, url: "redis://127.0.0.1:%d", every: 1s}
  metrics: {kind: prometheus, url: "http://%s", every: 1s}
%s
budgets:
  - {id: cache, title: Cache, measure: {redis_memory: maxmemory, source: cache}, window: 10s,
     limits: [{statistic: average, max: 80%%}]}
  - {id: metrics, title: Pages, window: 10s, limits: [{statistic: p95, max: 1s}],
     measure: {histogram: prometheus_http_request_duration_seconds, source: metrics, class: endpoints.all}}
%s
"""
_BUDGET = """
  - {id: %s, title: Lookups, measure: {statements: exec_time, source: %s, class: queries.lookup}, window: 20s,
     limits: [{statistic: p95, max: 10ms}]}
"""
_MINE = ("CREATE EXTENSION pg_stat_statements", "CREATE ROLE clerk LOGIN", "GRANT pg_monitor TO clerk")


@pytest.fixture
def servers() -> Iterator[Callable[..., Server]]:
    """Start PostgreSQL servers."""
    template = initialised()
    made: list[Server] = []

    def start(**settings: str) -> Server:
        made.append(Server(template, **settings).start())
        return made[-1]

    yield start
    for server in made:
        server.remove()
    shutil.rmtree(template)


def _drip(listener: socket.socket) -> None:
    """Send everybody a byte a second."""
    guests: list[socket.socket] = []
    listener.settimeout(1)
    while True:
        try:
            guests.append(listener.accept()[0])
        except TimeoutError:
            pass
        except OSError:
            break
        for guest in guests:
            try:
                guest.send(b"R")
            except OSError:
                continue
    for guest in guests:
        guest.close()


def _listener() -> socket.socket:
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.listen(20)
    return one


def test_others_are_polled_on_time(tmp_path: Path, cache: Redis, servers: Callable[..., Server]) -> None:
    """Each broken source is said to be so in its own words, and delays nobody."""
    with ExitStack() as opened:
        place = free_port()
        metrics = opened.enter_context(
            prometheus(tmp_path, scraping({"itself": [f"127.0.0.1:{place}"]}), place=f"127.0.0.1:{place}")
        )
        healthy, bare, unloaded = servers(), servers(), servers(shared_preload_libraries="")
        locked, hung, full = (
            servers(),
            servers(),
            servers(max_connections="5", superuser_reserved_connections="1"),
        )
        for server in (healthy, locked, hung, full, unloaded):
            server.run(*_MINE)
        bare.run(*_MINE[1:])
        healthy.run("CREATE ROLE nobody LOGIN", "CREATE ROLE gate")
        silent, dripping = opened.enter_context(_listener()), _listener()
        dripper = threading.Thread(target=_drip, args=(dripping,))
        dripper.start()
        opened.callback(dripper.join)
        opened.callback(dripping.close)
        for _ in range(4):
            opened.enter_context(psycopg.connect(full.url_of("clerk")))
        lock = opened.enter_context(psycopg.connect(locked.url))
        lock.execute("LOCK TABLE pg_class, pg_authid, pg_database IN ACCESS EXCLUSIVE MODE")
        opened.enter_context(hung.hanging())
        broken = {
            "refused": (f"clerk:planted@127.0.0.1:{free_port()}/postgres", "refuses connections: "),
            "nowhere": ("clerk:planted@db.invalid/postgres", "is not known to the name service: "),
            "denied": (f"nobody:planted@127.0.0.1:{healthy.port}/postgres", 'GRANT pg_monitor TO "nobody";'),
            "gate": (f"gate:planted@127.0.0.1:{healthy.port}/postgres", 'ALTER ROLE "gate" LOGIN;'),
            "unsafe": (f"clerk@127.0.0.1:{healthy.port}/postgres?sslmode=require", "offers no TLS"),
            "missing": (f"clerk@127.0.0.1:{healthy.port}/ghost", 'database "ghost" does not exist: '),
            "bare": (f"clerk@127.0.0.1:{bare.port}/postgres", "CREATE EXTENSION pg_stat_statements;"),
            "unloaded": (f"clerk@127.0.0.1:{unloaded.port}/postgres", "add it to shared_preload_libraries"),
            "full": (f"clerk@127.0.0.1:{full.port}/postgres", "has no free connection, "),
            "locked": (f"clerk@127.0.0.1:{locked.port}/postgres", "opened no session within 2 s: "),
            "hung": (f"clerk@127.0.0.1:{hung.port}/postgres", "opened no session within 2 s: "),
            "silent": (
                f"clerk:planted@127.0.0.1:{silent.getsockname()[1]}/erp",
                "opened no session within 2 s: ",
            ),
            "dripping": (
                f"clerk:planted@127.0.0.1:{dripping.getsockname()[1]}/erp?sslmode=disable",
                "opened no session within 2 s: ",
            ),
            "website": (f"clerk:planted@{metrics}/erp", "opened no session within 2 s: "),
            "several": (
                f"clerk:planted@127.0.0.1:{free_port()},127.0.0.1:{silent.getsockname()[1]}/erp",
                "opened no session within 2 s: ",
            ),
        }
        sources = "\n".join(
            f'  {name}: {{kind: postgres, url: "postgresql://{url}", every: 5s}}'
            for name, (url, _) in broken.items()
        )
        budgets = "".join(_BUDGET % (name, name) for name in broken)
        config = tmp_path / "budgets.yaml"
        config.write_text(_CONFIG % (cache.port, metrics, sources, budgets))
        process = collecting(config)
        wait_until(
            config, lambda history: len(history.last_polls()) == len(broken) + 2, "a poll of every source"
        )
        time.sleep(_ROUNDS)
        assert stop(process) == 0

    for name in ("cache", "metrics"):
        seen = polls(config, name)
        gaps = [after.at - before.at for before, after in pairwise(seen)]
        assert {poll.result for poll in seen} == {"ok"}
        assert max(gaps) < _LATE, gaps
        assert len(seen) >= _ROUNDS * 2 // 3
    with reading(config) as history:
        said = {standing.verdict.budget: standing.verdict for standing in history.standings()}
        details = {name: poll.detail for name, poll in history.last_polls().items()}
    for name, (_, sentence) in broken.items():
        assert said[name].outcome is Outcome.BLIND, said[name]
        assert sentence in details[name], details[name]
        assert sentence in said[name].detail
    assert b"planted" not in (tmp_path / "log").read_bytes()
    assert b"fault of Headroom" not in (tmp_path / "log").read_bytes()
