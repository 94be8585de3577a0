"""Text that may be shown anywhere: in one line, bounded, and without what steers a terminal."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime


def clean(text: str, longest: int) -> str:
    """Return text in one line of bounded length, without what steers a terminal or turns text around."""
    shown = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in text[: 4 * longest])
    line = " ".join(shown.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def cut(text: str, longest: int) -> str:
    """Return text of at most so many UTF-16 units, which is how receivers count; line ends are kept."""
    if len(text.encode("utf-16-le")) // 2 <= longest:
        return text
    kept = text.encode("utf-16-le")[: 2 * (longest - 1)].decode("utf-16-le", "ignore")
    return f"{kept}…"


def clock(moment: datetime | str) -> str:
    """Return a moment, or its ISO text, as "2026-08-03 14:02:10 UTC"."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
