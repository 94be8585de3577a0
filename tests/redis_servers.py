"""Redis and Valkey of several versions for the tests: the words that start each."""

from __future__ import annotations

import shutil
from pathlib import Path

_FETCHED = Path(__file__).parents[1] / ".headroom" / "servers"

SERVERS: dict[str, tuple[str, ...]] = {
    "6.2": (str(_FETCHED / "redis-6.2" / "bin" / "server"),),
    "7.0": (shutil.which("redis-server") or "/usr/bin/redis-server",),
    "8.0": (str(_FETCHED / "redis-8.0" / "bin" / "server"),),
    "valkey-8": (str(_FETCHED / "valkey-8" / "bin" / "server"),),
    "valkey-9": (str(_FETCHED / "valkey-9" / "bin" / "server"),),
}
"""7.0 is Debian 12's own; the others are fetched by scripts/redis-servers.sh."""


def command(which: str) -> tuple[str, ...]:
    """Return the words that start a server; the test fails where it was not fetched."""
    words = SERVERS[which]
    assert Path(words[0]).exists(), (
        f"{words[0]} is missing; `scripts/setup.sh tests` fetches what tests run on"
    )
    return words
