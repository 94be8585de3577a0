"""One collecting process with hundreds of sources, all well and then with some that never answer."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.caches import cache
from bench.postgres import server
from bench.tarpit import tarpit

EACH = 200
HANGING = 12
EVERY = 15.0  # seconds
WARM_UP, MEASURED = 32.0, 30.0  # seconds: two rounds in which all is met first, and two more
AIM_CPU, AIM_LAG = 0.05, 0.05  # of a core; seconds


def measure() -> None:
    """Print CPU, start lag and what was polled."""
    with ExitStack() as stack:
        database = stack.enter_context(server({"max_connections": str(2 * EACH)}))
        redis = stack.enter_context(cache()).url
        stuck = f"redis://127.0.0.1:{stack.enter_context(tarpit())}"
        addresses = {f"db-{number}": ("postgres", database) for number in range(EACH)}
        addresses |= {f"cache-{number}": ("redis", redis) for number in range(EACH)}
        _print(f"{2 * EACH} sources, all well", _collect(addresses), 0)
        addresses |= {f"cache-{number}": ("redis", stuck) for number in range(HANGING)}
        _print(f"{HANGING} of them never answer", _collect(addresses), HANGING)
    print(f"aims: under {AIM_CPU:.0%} of a core, start lag p99 under {AIM_LAG * 1000:g} ms, none missed;")
    print("      and with those that never answer, every poll of the others done")


def _collect(addresses: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="headroom-bench-") as folder:
        path = Path(folder) / "budgets.yaml"
        path.write_text(json.dumps(_file(addresses)))  # JSON is YAML
        command = [sys.executable, "-m", "bench.collecting", str(path), str(WARM_UP), str(MEASURED)]
        done = subprocess.run(command, check=True, capture_output=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def _file(addresses: Mapping[str, tuple[str, str]]) -> dict[str, object]:
    share = [{"statistic": "average", "max": "90%"}]
    budgets = []
    for name, (kind, _) in addresses.items():
        if kind == "postgres":
            measure = {"connections": "max_connections", "source": name}
        else:
            measure = {"redis_memory": "maxmemory", "source": name}
        budgets.append({"id": name, "title": name, "measure": measure, "limits": share})
    sources = {
        name: {"kind": kind, "url": url, "every": f"{EVERY:g}s"} for name, (kind, url) in addresses.items()
    }
    return {"version": 1, "sources": sources, "budgets": budgets}


def _print(what: str, found: Mapping[str, Any], hanging: int) -> None:
    lags = sorted(found["lags"])
    half, most = (lags[min(len(lags) - 1, int(share * len(lags)))] * 1000 for share in (0.5, 0.99))
    healthy = round(found["due"] * (1 - hanging / (2 * EACH)))
    cpu = found["cpu"]
    each = cpu * MEASURED / max(1, len(lags)) * 1000
    print(f"{what}")
    print(f"  CPU        {cpu:>8.1%} of a core, {each:.2f} ms per poll with its judgement and commit")
    print(f"  start lag  {half:>8.1f} ms median{most:>8.1f} ms p99{lags[-1] * 1000:>8.1f} ms longest")
    print(f"  polls      {found['done']:>8,} done of {healthy:,} due; {found['dropped']} starts dropped")
    print(f"  memory     {found['memory'] / 2**20:>8.0f} MB   {found['results']}")
