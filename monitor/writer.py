"""The one thread on which everything that touches the history runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Writer:
    """Runs calls one after the other; two commits at once would only wait for each other's lock."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")

    async def __call__(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a call on the thread and return what it returns.

        A cancelled caller does not cancel the call: a transaction that has begun is finished.
        """
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._thread, lambda: call(*args, **kwargs)))

    def close(self) -> None:
        """Finish what was begun and end the thread."""
        self._thread.shutdown(wait=True)
