"""Two ways to be told that a Redis is full: `headroom run`, and Prometheus with exporter and Alertmanager."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

from bench.caches import Cache, exporter
from bench.processes import free_port, start, wait_until_ready
from headroom.config import load
from headroom.history import HistoryError, open_history

SOURCE = "cache"
ALERTMANAGER = "prometheus-alertmanager"
_PATIENCE = 40.0  # seconds
_SHARE = "redis_memory_used_bytes / redis_memory_max_bytes"
_HARDLY_ANY = "100ms"  # the shortest wait that makes sense: a group that was told lately waits for it


def headroom(stack: ExitStack, server: Cache, url: str, *, every: float, polls: int, limit: float) -> Path:
    """Run `headroom run`, told to post to `url`; return its configuration once it has judged a full window.

    Args:
        stack: that it ends with.
        server: what it polls.
        url: of the webhook.
        every: seconds between two polls.
        polls: in a window.
        limit: the share of maxmemory that must not be exceeded.
    """
    folder = Path(stack.enter_context(_folder()))
    path = folder / "budgets.yaml"
    path.write_text(json.dumps(_file(server.url, url, every, polls, limit)))  # JSON is YAML
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "monitor", "run", "--config", str(path)]
        process = stack.enter_context(subprocess.Popen(command, stdout=log, stderr=log))
    stack.callback(process.terminate)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise SystemExit(f"headroom run ended at once: {(folder / 'log').read_text()[-600:]}")
        if (folder / "history.db").exists() and _polled(path) > polls:
            return path
        time.sleep(1)
    raise SystemExit(f"headroom run did not fill its window within {_PATIENCE:g} s")


def _polled(path: Path) -> int:
    with suppress(HistoryError), open_history(load(path).history, collecting=False) as history:
        return len(history.polls(SOURCE, datetime.min.replace(tzinfo=UTC)))
    return 0


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="headroom-bench-")


def _file(address: str, url: str, every: float, polls: int, limit: float) -> dict[str, Any]:
    return {
        "version": 1,
        "history": "history.db",
        "sources": {SOURCE: {"kind": "redis", "url": address, "every": f"{every:g}s"}},
        "budgets": [
            {
                "id": "cache.memory",
                "title": "Redis memory",
                "measure": {"redis_memory": "maxmemory", "source": SOURCE},
                "window": f"{polls * every:g}s",
                "for": "0s",
                "recover_for": "100ms",
                "limits": [{"statistic": "average", "max": f"{limit:.0%}"}],
            }
        ],
        "alerts": {
            "channels": {"hook": {"kind": "webhook", "url": url, "at_most": "1000 per 1s"}},
            "routes": [{"channels": ["hook"]}],
            # It jumps a dozen times in a few minutes, and each time is to be told.
            "flapping": {"times": 100, "within": "1s"},
            "remind": "0s",
        },
    }


def peer(stack: ExitStack, server: Cache, url: str, *, every: float, groups: int, limit: float) -> None:
    """Run Prometheus, redis_exporter and Alertmanager; return once the rules are judged.

    Args:
        stack: that they end with.
        server: what the exporter asks.
        url: of the webhook.
        every: seconds between two scrapes, and between two evaluations.
        groups: rule groups, each with the same rule and a label `group` of its own.
        limit: as for `headroom`.
    """
    for name in ("prometheus", ALERTMANAGER):
        if shutil.which(name) is None:
            raise SystemExit(f"{name} is missing; `make setup` fetches it")
    folder = Path(stack.enter_context(_folder()))
    scraped, _ = stack.enter_context(exporter(server))
    told = _alertmanager(stack, folder, url)
    # A group's place in the interval is drawn from its name and its file's, so each jump has one of its own.
    rules = [
        {
            "name": f"jump {number}",
            "rules": [
                {
                    "alert": "RedisMemory",
                    "expr": f"{_SHARE} > {limit:g}",
                    "for": "0s",
                    "labels": {"group": str(number)},
                }
            ],
        }
        for number in range(groups)
    ]
    config = {
        "global": {
            "scrape_interval": f"{every:g}s",
            "scrape_timeout": f"{every:g}s",
            "evaluation_interval": f"{every:g}s",
        },
        "rule_files": ["rules.yml"],
        "scrape_configs": [_job("redis", scraped)],
        "alerting": {"alertmanagers": [_targets(told)]},
    }
    _write(folder / "rules.yml", {"groups": rules})
    _write(folder / "prometheus.yml", config)
    port = free_port()
    command = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    process = start(stack, command)
    wait_until_ready(process, f"http://127.0.0.1:{port}/-/ready", "Prometheus")
    _wait_for_the_share(f"http://127.0.0.1:{port}")
    time.sleep(every)  # every group has been evaluated


def _alertmanager(stack: ExitStack, folder: Path, url: str) -> str:
    route = {"receiver": "hook", "group_by": ["..."], "group_wait": "0s", "group_interval": _HARDLY_ANY}
    hook = {"name": "hook", "webhook_configs": [{"url": url}]}
    _write(folder / "alertmanager.yml", {"route": route, "receivers": [hook]})
    place = f"127.0.0.1:{free_port()}"
    command = [
        ALERTMANAGER,
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={place}",
        "--cluster.listen-address=",  # or it would talk to others of its kind, beyond the loopback
        "--log.level=error",
    ]
    process = start(stack, command)
    wait_until_ready(process, f"http://{place}/-/ready", "Alertmanager")
    return place


def _wait_for_the_share(url: str) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        with urlopen(f"{url}/api/v1/query?query={quote(_SHARE)}", timeout=5) as answer:
            if json.load(answer)["data"]["result"]:
                return
        time.sleep(0.2)
    raise SystemExit(f"Prometheus knows no share of memory after {_PATIENCE:g} s")


def _job(name: str, url: str) -> dict[str, Any]:
    return {"job_name": name, **_targets(url.removeprefix("http://").partition("/")[0])}


def _targets(place: str) -> dict[str, Any]:
    return {"static_configs": [{"targets": [place]}]}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content))  # JSON is YAML
