"""Work that may hang, beside the event loop: nothing waits for it longer than it wants to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class Aside:
    """Makes one call at a time, in a daemon thread: one that hangs does not keep the process from ending."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._busy = False

    async def __call__(self, call: Callable[[], T], within: float) -> T:
        """Return what a call returns; TimeoutError after `within` seconds, and while an earlier one hangs."""
        if self._busy:
            raise TimeoutError
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()

        def settle(done: Callable[[], None]) -> None:
            self._busy = False
            if not result.done():
                done()

        def work() -> None:
            try:
                done = partial(result.set_result, call())
            except Exception as error:  # noqa: BLE001 it is raised where the call was made
                done = partial(result.set_exception, error)
            with suppress(RuntimeError):  # the loop is closed: nobody is left to hear it
                loop.call_soon_threadsafe(settle, done)

        self._busy = True
        threading.Thread(target=work, name=self._name, daemon=True).start()
        async with asyncio.timeout(within):
            return await result
