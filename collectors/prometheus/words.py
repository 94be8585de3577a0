"""Words of others made safe to print, and names put in a row. Knows nothing of Prometheus."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

LONGEST = 200
"""How many characters of somebody else's words are kept."""

_USER = re.compile(r"//[^/@\s\"]+@")
_QUERY = re.compile(r"(https?://[^\s\"?]*)\?[^\s\"]*")


def printable(text: object, longest: int = LONGEST) -> str:
    """Return one line without control characters, credentials or URL parameters, at most `longest` long."""
    raw = str(text)[: longest * 8]
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in raw).split())
    line = _QUERY.sub(r"\1", _USER.sub("//", line))
    return line if len(line) <= longest else line[: longest - 1] + "…"


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return "a", "a and b", "a, b and c", or "a, b, c and 4 more"."""
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else ""


def moment(seconds: float) -> datetime:
    """Return the UTC time of a Unix time stamp in seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def clock(seconds: float) -> str:
    """Return a Unix time stamp as a person reads it in a sentence: "12:00:05 UTC"."""
    return f"{moment(seconds):%H:%M:%S} UTC"
