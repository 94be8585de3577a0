"""Which services the library Apprise knows, by the schemes of their addresses."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

_ASK = (
    "import json; from apprise.manager_plugins import NotificationManager; "
    "print(json.dumps(sorted(NotificationManager().schemas())))"
)
_WITHIN = 20.0  # seconds


@cache
def known_services() -> frozenset[str]:
    """Return the schemes, in small letters; none where Apprise cannot be asked: then nothing is known.

    It is asked in a process of its own, as it takes 35 MB, which the one that collects would keep for ever.
    """
    try:
        done = subprocess.run(  # noqa: S603 our own words, and nothing of others in them
            [sys.executable, "-P", "-c", _ASK], capture_output=True, timeout=_WITHIN, check=True, cwd="/"
        )
        return frozenset(str(each).lower() for each in json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return frozenset()
