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
_VALUE = re.compile(
    r"[ \t\n\v\f\r]*([+-]?(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?))"
    r"[ \t\n\v\f\r]*([A-Za-z]*)[ \t\n\v\f\r]*"
)
_OCTAL = re.compile(r"[+-]?0[0-7]+")
_SWITCHES = (("true", 1.0), ("false", 0.0), ("yes", 1.0), ("no", 0.0))
_FRACTIONS = frozenset({"random_page_cost"})  # all others of the guide are whole numbers in their unit
_PLAIN = re.compile("[a-z_][a-z0-9_]*(?:[.][a-z_][a-z0-9_]*)?")
_LONGEST = 80
_ABSURD = 1e18  # no setting goes that far; beyond it a product may have no value


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
    """Return what a role or a database set, such as "5s", in the unit of `setting`; None where unreadable.

    The server keeps such a value as it was written, so it is read as the server reads it: "OFF", "f", "0x0",
    "1e6", ".5h"; of a setting of whole numbers "0.4ms" is rounded to 0, which is none.
    """
    if setting.value in {"on", "off"}:
        return _switch(text.lower())
    found = _VALUE.fullmatch(text)
    if found is None:
        return None
    number, unit = _number(found[1], setting), found[2]
    if abs(number) > _ABSURD:
        return None
    if unit:
        units = next((some for some in (_BYTES, _SECONDS) if unit in some and setting.unit in some), None)
        if units is None:
            return None
        smaller = max((units[one] for one in units if one != "8kB" and units[one] < units[unit]), default=0.0)
        if smaller:  # the server rounds "0.1GB" to 102MB first
            number = round(number * units[unit] / smaller) * smaller / units[unit]
        number *= units[unit] / units[setting.unit]
    return number if setting.name in _FRACTIONS else float(round(number))


def _switch(word: str) -> float | None:
    """Return 1 or 0 for what the server takes for a boolean, which may be cut short if that is no riddle."""
    if word in {"on", "1"}:
        return 1.0
    if word in {"off", "of", "0"}:
        return 0.0
    return next((number for whole, number in _SWITCHES if word and whole.startswith(word)), None)


def _number(word: str, setting: Setting) -> float:
    if "x" in word.lower():
        return float(int(word, 16))
    if setting.name not in _FRACTIONS and _OCTAL.fullmatch(word):
        return float(int(word, 8))
    return float(word)


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
