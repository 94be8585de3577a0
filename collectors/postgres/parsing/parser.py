"""The parent's side of the parser: a child process for each batch, none in between.

The child may die of a text, hang, or answer nonsense: that text is left without a shape, and the rest goes on
in a new child.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from collectors.postgres.parsing.shape import Shape, Unparsed, read

LONGEST_PARSED = 10_000
"""Characters; a longer text is not parsed."""
_COMMAND = (sys.executable, "-P", "-m", "collectors.postgres.parsing")
_PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT")  # and no secret
_LONGEST_ANSWER = 1_000_000  # bytes
_START = 30.0  # seconds
_ANSWER = 15.0  # seconds, of which the child itself allows two of processor time
_MOST_DEATHS = 5  # of one batch
_FAREWELL = 0.1  # seconds, in which one that is alive and idle ends
_LONG = Unparsed(f"is longer than {LONGEST_PARSED:,} characters")
_NONSENSE = "gave an answer of the parser that is none"


class ParserError(Exception):
    """The parser cannot be used at all; says why."""


class _NoAnswerError(Exception):
    """A child gave no answer; without words where it ended instead, which says itself how."""


class Parser:
    """Finds the shapes of texts.

    Attributes:
        started: how many child processes were started so far.
    """

    def __init__(self, command: Sequence[str] = _COMMAND) -> None:
        self.started = 0
        self._command = command

    async def shapes(self, texts: Sequence[str]) -> list[Shape | Unparsed]:
        """Return the shape of each text, or why it has none; ParserError where no child can be started.

        After too many deaths the rest is given up: the list is then shorter than the texts.
        """
        async with aclosing(self.each(texts)) as found:
            return [one async for one in found]

    async def each(self, texts: Sequence[str]) -> AsyncGenerator[Shape | Unparsed, None]:
        """Yield the same one by one, as they come; close the iterator where it is not read to its end."""
        at = deaths = 0
        while at < len(texts) and deaths < _MOST_DEATHS:
            if len(texts[at]) > LONGEST_PARSED:
                yield _LONG
                at += 1
                continue
            child = await self._start()
            failure = None
            try:
                sending = asyncio.ensure_future(_send(child, texts[at:]))
                try:
                    while at < len(texts) and failure is None:
                        try:
                            found = _LONG if len(texts[at]) > LONGEST_PARSED else await _shape(child)
                        except _NoAnswerError as error:
                            failure = error
                        else:
                            at += 1
                            yield found
                finally:
                    sending.cancel()
                    await asyncio.wait({sending})
            finally:
                how = await _end(child)
            if failure is not None:
                deaths += 1
                at += 1
                yield Unparsed(str(failure) or how)

    async def _start(self) -> asyncio.subprocess.Process:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        try:
            child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C in a terminal is for the parent
                limit=_LONGEST_ANSWER,
            )
        except OSError as error:
            raise ParserError(f"the parser of statements could not be started: {error}") from None
        self.started += 1
        said = ""
        try:
            answer = await _answer(child, _START)
            if answer == {"ready": True}:
                return child
            said = str(answer.get("fatal", "")) if isinstance(answer, dict) else ""
        except _NoAnswerError as error:
            said = str(error)
        except BaseException:
            await _end(child)
            raise
        how = await _end(child)
        raise ParserError(f"the parser of statements could not be started: {said or how}")


async def _send(child: asyncio.subprocess.Process, texts: Sequence[str]) -> None:
    assert child.stdin is not None  # it was asked for
    with contextlib.suppress(ConnectionError):  # it died; the missing answer says so
        for text in texts:
            if len(text) <= LONGEST_PARSED:
                child.stdin.write(json.dumps(text).encode() + b"\n")
                await child.stdin.drain()


async def _answer(child: asyncio.subprocess.Process, patience: float) -> Any:
    """Return what the child says next; _NoAnswerError where that is nothing, too much or too late."""
    assert child.stdout is not None  # it was asked for
    try:
        async with asyncio.timeout(patience):
            line = await child.stdout.readline()
    except TimeoutError:
        raise _NoAnswerError("took the parser too long") from None
    except ValueError:  # longer than the limit
        raise _NoAnswerError(_NONSENSE) from None
    except ConnectionError:
        line = b""
    if not line:
        raise _NoAnswerError
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise _NoAnswerError(_NONSENSE) from None


async def _shape(child: asyncio.subprocess.Process) -> Shape | Unparsed:
    answer = await _answer(child, _ANSWER)
    if isinstance(answer, dict) and isinstance(why := answer.get("unparsed"), str):
        return Unparsed(why[:200])
    try:
        return read(answer)
    except ValueError:
        return Unparsed(_NONSENSE)


async def _end(child: asyncio.subprocess.Process) -> str:
    """End the child, and return how it ended if it did so by itself."""
    assert child.stdin is not None  # it was asked for
    child.stdin.close()
    gone = child.returncode
    if gone is None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                gone = await child.wait()
    if gone is None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
        return "did not end"
    if gone < 0:
        with contextlib.suppress(ValueError):
            return f"killed the parser ({signal.Signals(-gone).name})"
    return f"ended the parser with status {gone}"
