"""The texts of `caching:`, `application:` and the names of Redis commands: what each may look like."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field

from headroom.config.checked import listed, matching, span

_COMMAND = "all, or the name of a command in lower-case letters, e.g. get"
_KEYS = (
    r"what keys begin with, and one * after it, e.g. finance:report:*; in it * ? [ ] stand as \xNN, \ as \\"
)
_DOOR = "a path of 1 to 500 printable characters that begins with /, e.g. /health/live"
_NO_DOOR = f'{_DOOR}, or "" where there is none'
# What has a meaning in Redis's own patterns stands for itself only as \xNN: finance:[ab]* would find nothing.
_BYTE = r"[^\\*?\[\]\u0000-\u0020\u007f]|\\\\|\\x[0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"\\(?:\\|x([0-9a-fA-F]{2}))")

Command = Annotated[
    str,
    matching(r"^[a-z][a-z0-9_.-]{0,63}(?:\|[a-z0-9_-]{1,64})?$", "which is no name of a command", _COMMAND),
]
"""Of modules and with subcommands too, as Redis reports them: json.get, config|get."""
Keys = Annotated[str, matching(rf"^(?:{_BYTE}){{0,200}}\*$", "which is no such beginning of keys", _KEYS)]
Life = Annotated[str, span(timedelta(seconds=1), timedelta(days=3650))]
Door = Annotated[str, matching(r"^(?:/[!-~]{0,499})?$", "which is no path", _NO_DOOR)]
_Payload = Annotated[str, matching(r"^/[!-~]{0,499}$", "which is no path", _DOOR)]


Payloads = Annotated[
    list[_Payload],
    BeforeValidator(listed, json_schema_input_type=_Payload | list[_Payload]),
    Field(min_length=1, max_length=20),
]


def prefix_of(keys: str) -> bytes:
    r"""Return the bytes that a text of `Keys` stands for, without its *: `a\xff:*` gives b"a\xff:"."""
    return _ESCAPE.sub(_byte, keys[:-1].encode())


def _byte(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode()) if escape[1] else b"\\"
