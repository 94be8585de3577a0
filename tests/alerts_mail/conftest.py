"""Certificates that are made once."""

from __future__ import annotations

import pytest

from tests.collectors_prometheus.certificates import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority that a channel may trust."""
    return Authority.founded(tmp_path_factory.mktemp("authority"), "ours")
