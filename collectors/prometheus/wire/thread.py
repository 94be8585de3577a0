"""Calls that block, kept away from the event loop: one at a time, each in a daemon thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Result = TypeVar("Result")


class StillBusyError(Exception):
    """The previous call has not come back yet."""


class OneAtATime(Generic[Result]):
    """Runs the blocking calls of one source, never two at once.

    The threads are daemons, so that a call that never comes back cannot keep the process from exiting, as
    the default executor would; and they are ours, so that it cannot take a place from another source.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._busy = False

    async def run(self, call: Callable[[], Result]) -> Result:
        """Return what the call returns, or raise what it raises; raise StillBusyError if one is under way.

        Cancelling abandons the call: it ends by its own deadline, and what it returns is dropped.
        """
        if self._busy:
            raise StillBusyError
        answer: Future[Result] = Future()
        answer.set_running_or_notify_cancel()

        def work() -> None:
            try:
                result = call()
            except Exception as error:  # noqa: BLE001 it is handed to the one who waits
                self._busy = False
                answer.set_exception(error)
            else:
                self._busy = False
                answer.set_result(result)

        waiting = asyncio.wrap_future(answer)
        thread = threading.Thread(target=work, name=self._name, daemon=True)
        self._busy = True
        try:
            thread.start()
        except RuntimeError:
            self._busy = False
            raise
        return await waiting
