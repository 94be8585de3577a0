"""A Redis of our own, and the peer that exports what its INFO tells."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import redis

from bench.processes import free_port, start, wait_until_ready

EXPORTER = "prometheus-redis-exporter"
INFO_ONLY = "headroom-info"
"""A user who may ask for INFO and nothing else."""
_KEYS = 5_000
_PASSWORD = "bench"
_SWITCHED_OFF = ("-set-client-name=false", "-redis-only-metrics", "-include-system-metrics=false")


@dataclass(frozen=True)
class Cache:
    """A running server."""

    port: int

    @property
    def url(self) -> str:
        """Its address, with all rights."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def info_only(self) -> str:
        """Its address, with the right to ask for INFO."""
        return f"redis://{INFO_ONLY}:{_PASSWORD}@127.0.0.1:{self.port}"

    def work(self, client: redis.Redis, rounds: int = 1) -> None:
        """Run commands of a dozen kinds, as a cache and a queue behind an ERP get them."""
        for number in range(rounds):
            key = f"finance:report:{number % _KEYS}"
            pipeline = client.pipeline(transaction=False)
            ask: Callable[..., object] = pipeline.execute_command
            pipeline.set(key, "x" * 200, ex=3600)
            for command in (
                ("GET", key),
                ("GET", f"{key}:missing"),
                ("MGET", key, "other"),
                ("HSET", "session:1", "user", number),
                ("HGETALL", "session:1"),
                ("EXPIRE", "session:1", 1800),
                ("LPUSH", "queue", number),
                ("RPOP", "queue"),
                ("INCR", "counter"),
                ("ZADD", "scores", number, key),
                ("ZREMRANGEBYRANK", "scores", 0, -100),
                ("EXISTS", key),
                ("TTL", key),
            ):
                ask(*command)
            pipeline.execute()


@contextmanager
def cache(maxmemory: str = "256mb", policy: str = "allkeys-lru") -> Iterator[Cache]:
    """Run a Redis with some keys and many kinds of commands behind it."""
    if shutil.which("redis-server") is None:
        raise SystemExit("redis-server is missing; `make setup` fetches it")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="headroom-bench-"))
        port = free_port()
        options = {"bind": "127.0.0.1", "port": port, "save": "", "appendonly": "no", "dir": folder}
        options |= {"loglevel": "warning", "maxmemory": maxmemory, "maxmemory-policy": policy}
        command = ["redis-server"]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        start(stack, command, quiet=True)
        server = Cache(port)
        with redis.Redis.from_url(server.url, protocol=2) as client:
            _wait(client)
            rules = ("reset", "on", f">{_PASSWORD}", "+info", "+ping")
            client.execute_command("ACL", "SETUSER", INFO_ONLY, *rules)
            server.work(client, _KEYS)
        yield server


@contextmanager
def exporter(server: Cache) -> Iterator[tuple[str, int]]:
    """Run redis_exporter with all switched off that is not INFO; its URL and pid."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    with ExitStack() as stack:
        # What cannot be switched off, CONFIG and the logs, is refused to the user it logs in as.
        login = ("-redis.user", INFO_ONLY, "-redis.password", _PASSWORD)
        listening = f"-web.listen-address=127.0.0.1:{port}"
        address = f"-redis.addr=redis://127.0.0.1:{server.port}"
        command = [EXPORTER, address, *login, listening, *_SWITCHED_OFF]
        process = start(stack, command, quiet=True)
        wait_until_ready(process, url, "redis_exporter")
        yield url, process.pid


def _wait(client: redis.Redis) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with suppress(redis.ConnectionError):
            client.ping()
            return
        time.sleep(0.02)
    raise SystemExit("Redis did not start within 10 s")
