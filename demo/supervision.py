"""What ends the demo: a signal, or the end of whoever is at the other end of its input or output."""

import asyncio
import os
import signal
import stat
import sys
import threading

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """Whether the demo has to end, with the reason in words, and the standard output that may ask for it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._saying = threading.Lock()
        self.why = ""

    def request(self, why: str) -> None:
        """Asks for the end; the first reason stays."""
        self.why = self.why or why
        self._event.set()

    async def wait(self) -> None:
        """Waits until the end is asked for."""
        await self._event.wait()

    def say(self, line: str) -> None:
        """Prints a line on standard output, from any thread; a reader who has gone asks for the end."""
        try:
            with self._saying:  # or the lines of two threads would run together
                print(line, flush=True)
        except BrokenPipeError:
            # The rest of the buffer would fail once more when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._loop.call_soon_threadsafe(self.request, "standard output was closed")

    def watch(self) -> None:
        """Listens for signals, and for the end of standard input where it is a pipe."""
        for number in ENDING:
            self._loop.add_signal_handler(number, self.request, f"{number.name} received")
        if sys.stdin is not None and _is_pipe(sys.stdin.fileno()):
            self._loop.add_reader(sys.stdin.fileno(), self._read, sys.stdin.fileno())

    def _read(self, descriptor: int) -> None:
        if not os.read(descriptor, 4096):
            self._loop.remove_reader(descriptor)
            self.request("standard input was closed")


def _is_pipe(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
