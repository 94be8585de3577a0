"""Child processes: their ports, their logs and their end."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from demo import processes, run
from demo.errors import DemoError
from demo.ports import LOOPBACK, listens
from demo.postgres import Cluster
from demo.processes import Child, Children, Launch
from tests.demo.running import still_running

SETPRIV = Path(shutil.which("setpriv") or "/usr/bin/setpriv")
SERVER = (
    "import socket, sys, time\nserver = socket.create_server(('127.0.0.1', int(sys.argv[1])))\ntime.sleep(60)"
)
STUBBORN = "trap '' INT TERM QUIT; echo deaf; while :; do sleep 0.05; done"


@pytest.fixture
def children(tmp_path: Path) -> Children:
    """No child processes yet."""
    return Children(SETPRIV, tmp_path)


def python(folder: Path, code: str, *arguments: str) -> Launch:
    """Returns how to run a line of Python."""
    return Launch("sample", (sys.executable, "-c", code, *arguments), folder / "sample.log")


def own_children(folder: Path) -> list[psutil.Process]:
    """Returns the child processes that a test with this folder has started."""
    return [child for child in psutil.Process().children() if child.environ().get("HOME") == str(folder)]


async def is_ready(child: Child, port: int) -> bool:
    """Tells whether the child listens."""
    return listens(child.pid, port)


async def test_starts_on_a_port(children: Children, tmp_path: Path) -> None:
    """A server is handed back once it listens on the port it was given."""
    child, port = await children.start_on_a_port(lambda at: python(tmp_path, SERVER, str(at)), is_ready)

    assert listens(child.pid, port)
    assert os.getpgid(child.pid) == child.pid  # Ctrl-C in the terminal does not reach it
    await children.stop(0.1, 1)
    assert child.exited


async def test_lost_port(children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose port was taken meanwhile is started again on another."""
    with socket.create_server((LOOPBACK, 0)) as stranger, socket.create_server((LOOPBACK, 0)) as free:
        taken, other = stranger.getsockname()[1], free.getsockname()[1]
        free.close()
        offered = iter([taken, other])
        monkeypatch.setattr(processes, "free_port", lambda: next(offered))

        child, port = await children.start_on_a_port(lambda at: python(tmp_path, SERVER, str(at)), is_ready)

        assert port == other
        assert "Address already in use" not in child.last_words()
        await children.stop(0.1, 1)


async def test_ends_while_it_starts(children: Children, tmp_path: Path) -> None:
    """A server that gives up is reported with its exit code, its last words and its log."""
    with pytest.raises(DemoError) as caught:
        await children.start_on_a_port(lambda _: python(tmp_path, "raise SystemExit('no licence')"), is_ready)

    assert str(caught.value) == (
        f"sample ended while it started (exit code 1): no licence; log: {tmp_path}/sample.log"
    )


async def test_never_ready(children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never listens is reported, and ended with the others."""
    monkeypatch.setattr(processes, "START_SECONDS", 0.3)

    with pytest.raises(DemoError) as caught:
        await children.start_on_a_port(lambda _: python(tmp_path, "import time; time.sleep(60)"), is_ready)

    assert str(caught.value) == f"sample was not ready within 0.3 s; log: {tmp_path}/sample.log"
    (left,) = own_children(tmp_path)
    await children.stop(0.1, 1)
    assert still_running([left], within=1) == []


async def test_failing_program(children: Children, tmp_path: Path) -> None:
    """A program that fails is reported with its last words."""
    with pytest.raises(DemoError) as caught:
        await children.run(python(tmp_path, "raise SystemExit('disk full')"))

    assert str(caught.value) == f"sample failed with exit code 1: disk full; log: {tmp_path}/sample.log"


async def test_first_to_end(children: Children, tmp_path: Path) -> None:
    """The first server to end by itself is named, with the signal that ended it as a negative code."""
    child = await children.start(python(tmp_path, "import time; time.sleep(60)"))
    waiting = asyncio.create_task(children.first_to_end())
    await asyncio.sleep(0)
    os.kill(child.pid, signal.SIGKILL)

    assert await waiting == f"sample ended by itself (exit code -9); log: {tmp_path}/sample.log"


async def test_stubborn(children: Children, tmp_path: Path) -> None:
    """Five that answer no signal, and one of them stopped, are gone within the five seconds promised."""
    for number in range(5):
        await children.start(Launch("deaf", ("bash", "-c", STUBBORN), tmp_path / f"{number}.log"))
    async with asyncio.timeout(5):
        for number in range(5):
            while (tmp_path / f"{number}.log").read_text() != "deaf\n":  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
    started = own_children(tmp_path)
    assert len(started) == 5
    started[0].suspend()

    begun = time.monotonic()
    await children.stop(run.HEAD_START_SECONDS, run.PATIENCE_SECONDS)

    assert time.monotonic() - begun + run.CANCEL_SECONDS < 5
    assert still_running(started, within=0) == []


async def test_stopped_child_ends_in_order(children: Children, tmp_path: Path) -> None:
    """A child that is stopped by SIGSTOP is woken, so that it can end in order."""
    code = "trap 'echo bye; exit' TERM; echo here; while :; do sleep 0.02; done"
    child = await children.start(Launch("polite", ("bash", "-c", code), tmp_path / "polite.log"))
    async with asyncio.timeout(5):
        while child.last_words() != "here":  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
    child.send(signal.SIGSTOP)

    await children.stop(2, 2)

    assert child.last_words() == "bye"


def test_parent_killed(tmp_path: Path) -> None:
    """A child is gone when its parent is killed with -9, although nobody ends it."""
    code = f"""
import asyncio, pathlib, sys
from demo.processes import Children, Launch
async def main():
    folder = pathlib.Path({str(tmp_path)!r})
    children = Children(pathlib.Path({str(SETPRIV)!r}), folder)
    child = await children.start(Launch("sleep", ("sleep", "60"), folder / "sleep.log"))
    print(child.pid, flush=True)
    await child.wait()
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        for _ in range(500):  # until setpriv, which puts it on the leash, has given way to it
            if child.name() == "sleep":
                break
            time.sleep(0.01)
        parent.kill()

    assert still_running([child], within=2) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the data to another account")
def test_closed_folder(tmp_path: Path) -> None:
    """Data that the account of PostgreSQL could not reach go elsewhere, and a sentence says so."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    tmp_path.chmod(0o755)
    said: list[str] = []

    cluster = Cluster(closed, said.append)

    (sentence,) = said
    assert sentence == (
        f"PostgreSQL runs as user postgres, who may not pass through {closed} (chmod o+x would let it); "
        f"its data are in {cluster.folder} until the end."
    )
    assert cluster.folder.stat().st_mode & 0o777 == 0o700
    assert cluster.folder.owner() == "postgres"
    cluster.remove_outside()
    assert not cluster.folder.exists()
