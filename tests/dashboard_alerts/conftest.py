"""The sample's afternoon for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboard_alerts.running import Erp
from tests.dashboard_alerts.sample import collecting, configured, fill


@pytest.fixture
def erp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Erp]:
    """Yield the sample's afternoon, named in the environment as a user would."""
    config = configured(tmp_path)
    monkeypatch.setenv("HEADROOM_CONFIG", str(config.path))
    with collecting(config) as history:
        fill(history, config)
        yield Erp(config, history)
