"""What identifies the evidence of a source."""

from __future__ import annotations

from pathlib import Path

import pytest

from headroom.config import load
from monitor.feeds import meaning_of
from tests.monitor.scripted import CONFIG


def meaning(folder: Path, text: str) -> str:
    """Return the meaning of the one source of a configuration."""
    path = folder / "budgets.yaml"
    path.write_text(text)
    config = load(path)
    return meaning_of(config, config.sources[0])


def test_another_password_is_the_same_source(tmp_path: Path) -> None:
    """Credentials change, evidence stays what it is."""
    one = meaning(tmp_path, CONFIG.replace("redis://", "redis://headroom:first@"))

    assert meaning(tmp_path, CONFIG.replace("redis://", "redis://headroom:second@")) == one


@pytest.mark.parametrize("other", ["127.0.0.1:2", "127.0.0.2:1", "127.0.0.1:1/1"])
def test_another_address_is_another_source(tmp_path: Path, other: str) -> None:
    """Host, port and database are all part of it."""
    assert meaning(tmp_path, CONFIG) != meaning(tmp_path, CONFIG.replace("127.0.0.1:1", other))


def test_several_hosts_and_odd_ports_are_no_obstacle(tmp_path: Path) -> None:
    """What libpq accepts must not end the start."""
    text = """
version: 1
sources: {db: {kind: postgres, url: "postgresql://u:p@h1:5432,h2:5433/db?host=/run/pg"}}
budgets:
  - id: db.connections
    title: Connections
    measure: {connections: max_connections, source: db}
    limits: [{statistic: average, max: 70%}]
"""
    assert meaning(tmp_path, text) != meaning(tmp_path, text.replace("/run/pg", "/run/pg2"))
