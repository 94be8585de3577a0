"""`headroom demo`: the sample ERP, the collectors and the dashboard, with a configuration of their own."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import click
import yaml

from monitor import children
from monitor.shipped import BUDGETS
from monitor.together import FAILED, Stop, announce, watch

FOLDER = Path(".headroom/demo")
REFUSED = 2
_TIMES = {"window": "60s", "for": "15s", "recover_for": "30s"}
_EVERY = "5s"
_BLIND_FOR = "25s"
_REMIND = "5m"


def run(*, seconds: float | None, fault: str | None, port: int | None, dashboard: bool) -> int:
    """Run the demo until asked to end; return the exit code."""
    stop = Stop()
    FOLDER.parent.mkdir(exist_ok=True)
    with ExitStack() as held:
        lock = held.enter_context(Path(FOLDER.parent, "demo.lock").open("a+"))
        if not _locked(lock):
            click.echo(
                "a demo already runs in this checkout; stop it (Ctrl-C, or SIGTERM) before starting another",
                err=True,
            )
            return REFUSED
        if FOLDER.exists():
            shutil.rmtree(FOLDER)
        FOLDER.mkdir()
        started: dict[str, subprocess.Popen[bytes]] = {}
        held.callback(_stop_all, started)
        return _run(started, stop, seconds=seconds, fault=fault, port=port, dashboard=dashboard)


def _run(
    started: dict[str, subprocess.Popen[bytes]],
    stop: Stop,
    *,
    seconds: float | None,
    fault: str | None,
    port: int | None,
    dashboard: bool,
) -> int:
    words = [sys.executable, "-m", "demo", "--dir", str(FOLDER), *(["--fault", fault] if fault else [])]
    click.echo("Starting PostgreSQL, Redis, Prometheus and the sample ERP ...")
    servers = children.start(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    started["the sample ERP"] = servers
    ready = threading.Event()
    threading.Thread(target=_pass_on, args=(servers, ready), daemon=True).start()
    while not ready.wait(0.1):
        if stop.asked():
            return 0
        if servers.poll() is not None:
            return servers.returncode or FAILED
    logs = FOLDER / "logs"
    logs.mkdir(exist_ok=True)
    port = port or children.free_port()
    url = f"http://127.0.0.1:{port}"
    config = configure(json.loads((FOLDER / "servers.json").read_text()), link=url if dashboard else "")
    with (logs / "headroom.log").open("wb") as log:
        started["the collectors"] = children.start(
            children.headroom("run", "--config", str(config)), stdout=log, stderr=log
        )
    command = (
        "headroom" if shutil.which("headroom") else os.path.relpath(Path(sys.executable).parent / "headroom")
    )
    click.echo(f"Configuration: {config} (e.g. {command} check --config {config})")
    click.echo(f"Logs: {logs}/")
    if dashboard:
        with (logs / "dashboard.log").open("wb") as log:
            started["the dashboard"] = children.start(
                children.dashboard(config, port), stdout=log, stderr=log
            )
        if not announce(url, started, stop):
            click.echo(f"the demo did not start; see {logs}/", err=True)
            return FAILED
    return watch(started, stop, seconds=seconds)


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop_all(started: dict[str, subprocess.Popen[bytes]]) -> None:
    for process in reversed(started.values()):
        children.stop(process)


def _pass_on(servers: subprocess.Popen[bytes], ready: threading.Event) -> None:
    """Print what the sample ERP says, until its end."""
    assert servers.stdout is not None
    for line in servers.stdout:
        text = line.decode(errors="replace").rstrip()
        if text == "READY":
            ready.set()
        else:
            click.echo(text)


def configure(servers: dict[str, Any], folder: Path = FOLDER, *, link: str = "") -> Path:
    """Write the demo's configuration: the shipped budgets, literal addresses, short times, each channel.

    It holds the passwords of the demo's own servers, so nobody else may read it.

    Args:
        servers: what the sample ERP published as servers.json.
        folder: where it goes, and the history beside it.
        link: the dashboard's address; empty: messages have no links.
    """
    shipped = yaml.safe_load(BUDGETS.read_text())
    shipped["history"] = "history.db"
    for source in shipped["sources"].values():
        source["url"] = servers[source["kind"]]
        source["every"] = _EVERY
        if source["kind"] == "redis":
            source["memory_limit"] = servers["redis_memory_limit"]
    # A counter of its own: it tells whether the histogram leaves failures out.
    shipped["classes"]["failures"] = {"counter": "gateway_responses_total", "labels": {"status": "5*"}}
    for budget in shipped["budgets"]:
        budget.update(_TIMES)
    shipped["application"] |= {"url": servers["erp"], "payloads": ["/catalog"]}
    channels = _channels(servers["receiver"], servers["channels"])
    shipped["serve"] = {"listen": f"127.0.0.1:{children.free_port()}"}
    shipped["alerts"] = {
        "link": link,
        "remind": _REMIND,
        "blind": {"for": _BLIND_FOR},
        "channels": channels,
        "routes": [{"channels": list(channels)}],
    }
    path = folder / "budgets.yaml"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(
            "# Written by `headroom demo` from the shipped budgets.yaml: its own servers, short windows.\n"
        )
        yaml.safe_dump(shipped, file, sort_keys=False, allow_unicode=True, width=110)
    return path


def _channels(webhook: str, receivers: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return one channel of each kind, all of which lead to the demo's own receivers."""
    mail, pagerduty, ntfy = (receivers[name] for name in ("mail", "pagerduty", "ntfy"))
    channels: dict[str, dict[str, Any]] = {
        "webhook": {"kind": "webhook", "url": webhook},
        "mail": {
            "kind": "email",
            "host": mail["host"],
            "port": mail["port"],
            "security": "none",
            "from": "headroom@erp.example",
            "to": [mail["to"]],
        },
        "slack": {"kind": "slack", "url": receivers["slack"]},
        "teams": {"kind": "teams", "url": receivers["teams"]},
        "pagerduty": {"kind": "pagerduty"} | pagerduty,
        "ntfy": {"kind": "apprise", "url": f"ntfy://{ntfy['host']}/{ntfy['topic']}"},
    }
    if "alertmanager" in receivers:
        channels["alertmanager"] = {"kind": "alertmanager", "urls": [receivers["alertmanager"]]}
    return channels
