"""docs/audit-statements.md against the rules: each is explained there, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from headroom.audit import durations, habits, memory, pagination, pool, repeated, statistics
from headroom.audit.settings import GUIDE

TEXT = (Path(__file__).parents[2] / "docs" / "audit-statements.md").read_text()
_MODULES = (durations, habits, memory, pagination, pool, repeated, statistics)


def test_every_rule_is_explained() -> None:
    """The first cells of the tables name the rules that the program's own text names."""
    sources = "\n".join(Path(str(module.__file__)).read_text() for module in _MODULES)
    rules = set(re.findall(r'"(postgres\.[a-z_.]+)"', sources))
    cells = re.findall(r"^\| (`postgres[^|]*) \|", TEXT, re.MULTILINE)
    named: set[str] = set()
    for cell in cells:
        words = re.findall(r"`([a-z_.]+)`", cell)
        stem = words[0].rpartition(".")[0]
        named.update(stem + word if word.startswith(".") else word for word in words)

    assert named == rules - {"pg_stat_statements.track"}


def test_every_setting_is_explained() -> None:
    """Eleven rows, with the guide's values."""
    rows = re.findall(r"^\| `([a-z_]+)` \| ([^ |]+) \|", TEXT, re.MULTILINE)

    assert rows == [(promise.name, promise.text) for promise in GUIDE]
