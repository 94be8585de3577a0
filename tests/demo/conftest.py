"""Folders and environments in which the demo is started."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.running import RunningDemo
from tests.demo.started import FAULT_AFTER, FAULT_FOR, Started


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """An empty folder that the account of PostgreSQL may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-demo-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="package")
def started() -> Iterator[Started]:
    """The demo with slow logins to come, started once for all tests that only look at it."""
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-started-"))
    folder.chmod(0o755)
    fault = ("--fault", "slow-login", "--fault-after", str(FAULT_AFTER), "--fault-for", str(FAULT_FOR))
    demo = RunningDemo(folder, *fault)
    try:
        yield Started(demo)
    finally:
        demo.close()
        shutil.rmtree(folder)


@pytest.fixture
def no_servers(tmp_path: Path) -> dict[str, str]:
    """An environment in which no server program is found on the path."""
    return {**os.environ, "PATH": str(tmp_path)}
