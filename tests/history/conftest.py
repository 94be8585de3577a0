"""A history of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headroom.history import History, open_history


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a history is or will be; in a folder whose name URLs and format strings trip over."""
    return tmp_path / "100% of a?b#c" / "history.db"


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    """A new history, open for collecting."""
    with open_history(str(path), collecting=True) as opened:
        yield opened
