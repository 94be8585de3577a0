"""Where the files lie that Headroom ships beside its packages."""

from pathlib import Path

_HERE = Path(__file__).resolve().parents[1]
BUDGETS = _HERE / "budgets.yaml"
SCHEMA = _HERE / "docs/budgets.schema.json"
