"""Runs `headroom doctor` as a process, and reads what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HEADROOM = Path(sys.executable).parent / "headroom"


@dataclass(frozen=True)
class Told:
    """What one run printed."""

    code: int
    out: str
    errors: str

    @property
    def states(self) -> dict[str, str]:
        """The state of every check by its id."""
        return {check["id"]: check["state"] for check in json.loads(self.out)["checks"]}

    @property
    def details(self) -> dict[str, str]:
        """The detail of every check by its id."""
        return {check["id"]: check["detail"] for check in json.loads(self.out)["checks"]}

    @property
    def found(self) -> set[str]:
        """The ids of all that does not pass."""
        return {ident for ident, state in self.states.items() if state != "pass"}


def doctor(config: Path, *words: str, env: dict[str, str] | None = None) -> Told:
    """Run the command in the configuration's folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADROOM_")}
    done = subprocess.run(
        [str(HEADROOM), "doctor", "--config", str(config), *words],
        cwd=config.parent,
        env={**clean, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Told(done.returncode, done.stdout, done.stderr)
