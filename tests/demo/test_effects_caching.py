"""The faults of caching on real servers: what they do while they are on, and that nothing of it stays."""

import asyncio
import gzip
import json
from urllib.request import Request as Asked
from urllib.request import urlopen

import pytest

from demo.cache_effects import WRONG_KEYS
from demo.http_client import Request
from demo.redis_server import MAXMEMORY_BYTES
from tests.demo.test_effects import REPORT, Bench, bench

__all__ = ["bench"]

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("demo effects")]


async def lives(bench: Bench, pattern: str) -> list[int]:
    """Returns the seconds that the keys have left; -1 for those without an end."""
    return sorted([await bench.redis.ttl(key) async for key in bench.redis.scan_iter(pattern)])


async def test_lives_of_what_the_erp_caches(bench: Bench) -> None:
    """Reports live for one hour, sessions too, the catalog for half a day: as budgets.yaml declares."""
    await bench.ask(REPORT)
    await bench.ask(Request("GET", "/catalog"))
    for pattern, most in (("finance:report:*", 3600), ("user:session:*", 3600), ("service:*", 12 * 3600)):
        (left,) = await lives(bench, pattern)
        assert most - 60 < left <= most


async def test_wrong_ttl(bench: Bench) -> None:
    """As many reports are kept for ever as for a thousand hours, beside those that are right."""
    await bench.ask(REPORT)
    async with bench.on("wrong-ttl"):
        left = await lives(bench, "finance:report:*")
        assert left.count(-1) == WRONG_KEYS
        assert sum(one > 999 * 3600 for one in left) == WRONG_KEYS
        assert len(left) == 2 * WRONG_KEYS + 1
    assert len(await lives(bench, "finance:report:*")) == 1


async def test_cache_thrash(bench: Bench) -> None:
    """Redis throws away more than ten keys per 1,000 commands and misses more than half; then all is back."""
    async with bench.on("cache-thrash"):
        await asyncio.sleep(8)
        before = await bench.redis.info("stats")
        await asyncio.sleep(3)
        after = await bench.redis.info("stats")
        rose = {name: after[name] - before[name] for name in before if isinstance(before[name], int)}
        assert rose["evicted_keys"] > 0.01 * rose["total_commands_processed"]
        assert rose["keyspace_misses"] > rose["keyspace_hits"]
    assert (await bench.redis.config_get("maxmemory"))["maxmemory"] == str(MAXMEMORY_BYTES)
    assert await lives(bench, "service:lookup:*") == []


async def test_the_catalog_goes_compressed(bench: Bench) -> None:
    """Whoever takes gzip gets it, and everybody the same list of more than one kilobyte."""
    plain = await bench.ask(Request("GET", "/catalog"))
    address = f"http://127.0.0.1:{bench.erp_port}/catalog"

    def compressed() -> tuple[str, bytes]:
        with urlopen(Asked(address, headers={"Accept-Encoding": "gzip"}), timeout=5) as answer:
            return answer.headers["Content-Encoding"], answer.read()

    encoding, body = await asyncio.to_thread(compressed)
    assert encoding == "gzip"
    assert json.loads(gzip.decompress(body)) == json.loads(plain)
    assert len(body) < 1024 < len(plain)
