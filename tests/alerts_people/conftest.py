"""A stage for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts_people.stage import Stage, now, staged


@pytest.fixture(autouse=True)
def _now() -> None:
    """A file is read long before its last test runs: each test has its own now."""
    now.cache_clear()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A history that is collected into, and nobody to be told."""
    made = staged(tmp_path)
    yield made
    made.history.close()
