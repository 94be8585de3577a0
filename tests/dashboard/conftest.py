"""One running system for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard.sample import Erp, erp


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    """Yield a system with a quarter of an hour of history, slow at log-in for the last six minutes of it."""
    with erp(tmp_path_factory.mktemp("running"), polls=60, slow=24) as system:
        yield system


@pytest.fixture
def configured(running: Erp, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the running system's configuration in the environment, as a user would; return its folder."""
    running.catch_up()
    monkeypatch.setenv("HEADROOM_CONFIG", str(running.config.path))
    return running.config.path.parent
