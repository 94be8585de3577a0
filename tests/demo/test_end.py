"""However the demo ends, it leaves no process behind."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.demo.running import RunningDemo, still_running

PROMISED_SECONDS = 5


@pytest.fixture
def demos() -> Iterator[list[RunningDemo]]:
    """A list whose demos are closed at the end."""
    started: list[RunningDemo] = []
    yield started
    for demo in started:
        demo.close()


def wait_for(file: Path) -> None:
    """Waits until a file is there."""
    deadline = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < deadline, f"no {file}"
        time.sleep(0.005)


def test_killed(demos: list[RunningDemo], open_folder: Path) -> None:
    """After kill -9 nothing is left, not even a backend of PostgreSQL or a Redis that is stopped."""
    folder = open_folder / "killed"
    folder.mkdir()
    demo = RunningDemo(folder, "--fault", "hang-redis", "--fault-after", "0")
    demos.append(demo)
    demo.line("READY")
    demo.line("Fault hang-redis is on for 75 s: Redis is stopped (SIGSTOP) and answers nobody.")
    pids = demo.servers["pids"]
    processes = demo.descendants()
    assert set(pids.values()) - {demo.process.pid} <= {process.pid for process in processes}
    assert psutil.Process(pids["redis"]).status() == psutil.STATUS_STOPPED

    demo.process.kill()

    assert still_running(processes, within=PROMISED_SECONDS) == []


def test_terminated(demos: list[RunningDemo], open_folder: Path) -> None:
    """SIGTERM ends everything in time, with exit code 0 and a Redis that was stopped."""
    folder = open_folder / "terminated"
    folder.mkdir()
    demo = RunningDemo(folder, "--fault", "hang-redis", "--fault-after", "0")
    demos.append(demo)
    demo.line("Fault hang-redis is on")
    processes = demo.descendants()

    begun = time.monotonic()
    demo.process.terminate()

    assert demo.process.wait(PROMISED_SECONDS) == 0
    assert time.monotonic() - begun < PROMISED_SECONDS
    assert still_running(processes, within=0) == []
    assert "SIGTERM received: stopping" in demo.errors


@pytest.mark.parametrize("name", ["initdb", "postgres"])
def test_interrupted_start(name: str, demos: list[RunningDemo], open_folder: Path) -> None:
    """SIGINT while the servers are still starting ends what has been started."""
    folder = open_folder / f"interrupted-{name}"
    folder.mkdir()
    demo = RunningDemo(folder)
    demos.append(demo)
    wait_for(folder / "logs" / f"{name}.log")
    processes = demo.descendants()
    assert processes

    demo.process.send_signal(signal.SIGINT)

    assert demo.process.wait(PROMISED_SECONDS) == 0
    assert still_running(processes, within=0) == []
    assert not (folder / "servers.json").exists()


def test_parent_gone(demos: list[RunningDemo], tmp_path: Path) -> None:
    """The end of standard input ends the demo, and the data that had to lie elsewhere are removed."""
    demo = RunningDemo(tmp_path)
    demos.append(demo)
    wait_for(tmp_path / "logs" / "postgres.log")
    processes = demo.descendants()
    elsewhere = re.search(r"its data are in (\S+) until the end", demo.errors)
    assert bool(elsewhere) == (os.geteuid() == 0)

    assert demo.process.stdin is not None
    demo.process.stdin.close()

    assert demo.process.wait(PROMISED_SECONDS) == 0
    assert still_running(processes, within=0) == []
    assert "standard input was closed: stopping" in demo.errors
    if elsewhere:
        assert not Path(elsewhere.group(1)).exists()


def test_server_dies(demos: list[RunningDemo], open_folder: Path) -> None:
    """A server that dies ends the demo with 1 and a sentence that names its log."""
    folder = open_folder / "dies"
    folder.mkdir()
    demo = RunningDemo(folder)
    demos.append(demo)
    demo.line("READY")
    processes = demo.descendants()

    os.kill(demo.servers["pids"]["prometheus"], signal.SIGKILL)

    assert demo.process.wait(PROMISED_SECONDS) == 1
    assert still_running(processes, within=0) == []
    last = demo.errors.splitlines()[-1]
    assert last.startswith("prometheus ended by itself (exit code -9)")
    assert last.endswith(f"log: {folder}/logs/prometheus.log")
