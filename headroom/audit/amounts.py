"""Values of settings as postgresql.conf writes them, and names of roles and applications in a sentence."""

from __future__ import annotations

import re

from headroom.audit.names import quoted
from headroom.audit.names import shown as told
from headroom.audit.server_facts import Setting

_BYTES = {"B": 1, "kB": 1024, "8kB": 8192, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = (("TB", 1024**4), ("GB", 1024**3), ("MB", 1024**2), ("kB", 1024))
_SPANS = (("min", 60_000), ("s", 1000), ("ms", 1))
_VALUE = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) ?([A-Za-z]*)")
_PLAIN = re.compile("[a-z_][a-z0-9_]*(?:[.][a-z_][a-z0-9_]*)?")
_LONGEST = 80


def size(count: float) -> str:
    """Return bytes as postgresql.conf writes them: "256MB", "12.5GB"."""
    for suffix, factor in _SIZES:
        if count >= factor:
            return f"{round(count / factor, 1):g}{suffix}"
    return f"{count:g}B"


def milliseconds(count: float) -> str:
    """Return a number of milliseconds as postgresql.conf writes it: "500ms", "1s", "5min"."""
    suffix, factor = next((one for one in _SPANS if count >= one[1] and count % one[1] == 0), _SPANS[-1])
    return f"{count / factor:g}{suffix}"


def shown(setting: Setting, number: float | None = None) -> str:
    """Return the setting's value, or another number in its unit, as postgresql.conf writes it."""
    if number is None and setting.value in {"on", "off"}:
        return setting.value
    count = setting.number if number is None else number
    if setting.unit in _BYTES and count > 0:
        return size(count * _BYTES[setting.unit])
    if setting.unit in _SECONDS and count > 0:
        return milliseconds(count * _SECONDS[setting.unit] * 1000)
    return f"{count:g}"


def in_bytes(setting: Setting) -> float:
    """Return a setting of memory in bytes."""
    return setting.number * _BYTES[setting.unit]


def in_seconds(setting: Setting) -> float:
    """Return a setting of time in seconds."""
    return setting.number * _SECONDS[setting.unit]


def read(text: str, setting: Setting) -> float | None:
    """Return what a role or a database set, such as "5s", in the unit of `setting`; None where unreadable."""
    if text in {"on", "true", "yes"}:
        return 1.0
    if text in {"off", "false", "no"}:
        return 0.0
    found = _VALUE.fullmatch(text.strip())
    if found is None:
        return None
    number, unit = float(found[1]), found[2]
    if not unit:
        return number
    for units in (_BYTES, _SECONDS):
        if unit in units and setting.unit in units:
            return number * units[unit] / units[setting.unit]
    return None


def clean(name: str) -> str:
    """Return a name or value that others chose, on one line and short."""
    line = told(name)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def named(name: str) -> str:
    """Return a name that others chose, quoted, for a sentence."""
    return f'"{clean(name)}"'


def bare(name: str) -> str:
    """Return a name, or several with points between them, for a statement that is only sketched."""
    return name if _PLAIN.fullmatch(name) else ".".join(quoted(part) for part in name.split("."))
