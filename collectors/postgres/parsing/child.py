"""The child process that parses: a JSON string per line in, a JSON object per line out, in the same order.

The only place that imports the parser, which may die of a text instead of refusing it.
"""

from __future__ import annotations

import contextlib
import gc
import json
import resource
import signal
import sys
from typing import Any

from collectors.postgres.parsing.depth import too_deep
from collectors.postgres.parsing.tree import shape

MEMORY = 512 * 1024 * 1024  # bytes of address space, of which the program takes a sixth
PROCESSOR = 120  # seconds in all, should nobody be there to end it
PER_TEXT = 2.0  # seconds of processor time
LONGEST_LINE = 1_000_000


def main() -> None:
    """Answer until there is nothing more to read."""
    _confine()
    try:
        from pglast import parser  # noqa: PLC0415 nothing may be read before the limits hold
    except Exception as error:  # noqa: BLE001 whatever a broken installation raises, it is told
        _say({"fatal": f"{type(error).__name__}: {error}"[:300]})
        return
    gc.disable()  # trees have no cycles, and to look for some costs as much as to read them
    _say({"ready": True})
    for line in iter(lambda: sys.stdin.readline(LONGEST_LINE), ""):
        signal.setitimer(signal.ITIMER_PROF, PER_TEXT)
        _say(_answer(line, parser))
        signal.setitimer(signal.ITIMER_PROF, 0)


def _confine() -> None:
    """Take what a runaway must not have: memory, time, files, and a core dump full of statements."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal; the parent ends this process
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # not every system has every limit
            resource.setrlimit(kind, (most, most))


def _answer(line: str, parser: Any) -> dict[str, Any]:  # noqa: PLR0911 each failure is told on its own
    try:
        text = json.loads(line)
        if "\0" in text:
            return {"unparsed": "holds a zero byte"}
        if (deep := too_deep(text)) is not None:
            return {"unparsed": deep}
        return shape(json.loads(parser.parse_sql_json(text)), parser.fingerprint(text))
    except parser.ParseError as error:
        return {"unparsed": f"does not parse: {_reason(error)}"}
    except (RecursionError, MemoryError):
        return {"unparsed": "is nested too deeply to be looked at"}
    except UnicodeError:
        return {"unparsed": "is no valid text"}
    except ValueError as error:
        return {"unparsed": str(error)[:100]}
    except Exception as error:  # noqa: BLE001 one text must not end the others
        return {"unparsed": f"cannot be looked at: {type(error).__name__}"}


def _reason(error: Exception) -> str:
    """Return what the parser says and where, without what it quotes of the text."""
    said, *place = error.args
    words = str(said).partition(" at or near ")[0].partition('"')[0].strip()
    at = f" at character {place[0] + 1}" if place and isinstance(place[0], int) else ""
    return f"{words}{at}"[:100]


def _say(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record, separators=(",", ":")) + "\n")
    sys.stdout.flush()
