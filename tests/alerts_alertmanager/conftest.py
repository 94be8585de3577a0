"""What every test here has: a history, a webhook, and an Alertmanager that tells it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headroom.history import History, open_history
from tests.alerts.receiver import Receiver
from tests.alerts_alertmanager.servers import Server


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A history that is collected into."""
    with open_history(str(tmp_path / "history.db"), collecting=True) as opened:
        yield opened


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The webhook of the Alertmanagers."""
    with Receiver() as opened:
        yield opened


@pytest.fixture
def server(tmp_path: Path, receiver: Receiver) -> Iterator[Server]:
    """One Alertmanager."""
    with Server(tmp_path / "am", receiver.url) as started:
        yield started
