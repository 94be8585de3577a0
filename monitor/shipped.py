"""Where the files lie that Headroom ships beside its packages."""

from pathlib import Path

BUDGETS = Path(__file__).resolve().parents[1] / "budgets.yaml"
