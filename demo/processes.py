"""Child processes that end when the demo ends, however it ends, each with a log file of its own."""

import asyncio
import contextlib
import os
import pwd
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.errors import DemoError
from demo.ports import free_port

START_SECONDS = 20.0
PORT_TRIES = 5
LOG_TAIL_BYTES = 4096
KEPT_VARIABLES = ("PATH", "PYTHONPATH")  # any other, such as PGOPTIONS, could change what a server does


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start one server.

    `die_with` is the signal that the kernel sends it when the demo is gone, `stop_with` the one for an
    orderly end, `user` the account it runs as where the demo runs as root.
    """

    name: str
    command: Sequence[str]
    log: Path
    die_with: signal.Signals = signal.SIGKILL
    stop_with: signal.Signals = signal.SIGTERM
    user: str | None = None
    cwd: Path = Path("/")
    pipe_stdin: bool = False


class Child:
    """A running child process."""

    def __init__(self, launch: Launch, process: asyncio.subprocess.Process) -> None:
        self.name = launch.name
        self.log = launch.log
        self.pid = process.pid
        self._stop_with = launch.stop_with
        self._die_with = launch.die_with
        self._process = process

    @property
    def exited(self) -> bool:
        """Whether the process has ended."""
        return self._process.returncode is not None

    async def wait(self) -> int:
        """Waits for the end of the process and returns its exit code, negative for a signal."""
        return await self._process.wait()

    def write(self, line: bytes) -> None:
        """Sends a line to the child's standard input, which `pipe_stdin` must have opened."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + b"\n")

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, unless the process has ended."""
        if not self.exited:
            self._process.send_signal(number)

    async def ask_to_stop(self, patience: float) -> bool:
        """Asks for an orderly end and tells whether the process ended within `patience` s."""
        return await self._end_by(self._stop_with, patience)

    async def stop(self, patience: float) -> None:
        """Ends the process: in order, then by its deadly signal, then by SIGKILL; `patience` s for each."""
        for number in (self._stop_with, self._die_with, signal.SIGKILL):
            if await self._end_by(number, patience):
                return

    async def _end_by(self, number: signal.Signals, patience: float) -> bool:
        self.send(number)
        self.send(signal.SIGCONT)  # a stopped process acts on no signal but SIGKILL
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), patience)
        return self.exited

    def last_words(self) -> str:
        """Returns the last line of its log, or an empty text."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - LOG_TAIL_BYTES))
            lines = log.read(LOG_TAIL_BYTES).decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def lost_its_port(self) -> bool:
        """Whether its log says that another program has taken the port."""
        return "address already in use" in self.log.read_text(errors="replace").lower()


class Children:
    """All child processes of one demo."""

    def __init__(self, setpriv: Path, home: Path) -> None:
        self._setpriv = setpriv
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        self._environment = kept | {"LC_ALL": "C.UTF-8", "HOME": str(home)}
        self._all: list[Child] = []

    async def start(self, launch: Launch) -> Child:
        """Starts a process whose output goes to its log; of our environment it gets KEPT_VARIABLES alone."""
        as_user: list[str] = []
        if launch.user:
            account = pwd.getpwnam(launch.user)
            as_user = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        with launch.log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                # setpriv asks the kernel for the signal and then becomes the server: same process, same pid.
                *(str(self._setpriv), *as_user, "--pdeathsig", launch.die_with.name.removeprefix("SIG")),
                *launch.command,
                stdin=asyncio.subprocess.PIPE if launch.pipe_stdin else asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=launch.cwd,
                env=self._environment,
                process_group=0,  # Ctrl-C in the terminal reaches the demo alone, which ends them in order
            )
        child = Child(launch, process)
        self._all.append(child)
        return child

    async def run(self, launch: Launch) -> None:
        """Runs a program to its end.

        Raises:
            DemoError: it failed or took longer than START_SECONDS.
        """
        child = await self.start(launch)
        try:
            code = await asyncio.wait_for(child.wait(), START_SECONDS)
        except TimeoutError:
            raise DemoError(_failure(child, f"took longer than {START_SECONDS:g} s")) from None
        self._all.remove(child)
        if code:
            raise DemoError(_failure(child, f"failed with exit code {code}"))

    async def start_on_a_port(
        self, launch_on: Callable[[int], Launch], is_ready: Callable[[Child, int], Awaitable[bool]]
    ) -> tuple[Child, int]:
        """Starts a server on a free port and returns both once it is ready; another port if it was lost.

        Raises:
            DemoError: it ended by itself, or was not ready within START_SECONDS.
        """
        for _ in range(PORT_TRIES):
            port = free_port()
            child = await self.start(launch_on(port))
            if await self._came_up(child, port, is_ready):
                return child, port
        raise DemoError(f"{child.name} found {PORT_TRIES} ports taken one after the other; log: {child.log}")

    async def _came_up(
        self, child: Child, port: int, is_ready: Callable[[Child, int], Awaitable[bool]]
    ) -> bool:
        try:
            async with asyncio.timeout(START_SECONDS):
                while not child.exited:
                    if await is_ready(child, port):
                        return True
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise DemoError(_failure(child, f"was not ready within {START_SECONDS:g} s")) from None
        self._all.remove(child)
        if child.lost_its_port():
            return False
        raise DemoError(_failure(child, f"ended while it started (exit code {await child.wait()})"))

    async def first_to_end(self) -> str:
        """Waits until any of them ends by itself and returns a sentence about it."""
        waits = {asyncio.ensure_future(child.wait()): child for child in self._all}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        ended = done.pop()
        return _failure(waits[ended], f"ended by itself (exit code {ended.result()})")

    async def stop(self, head_start: float, patience: float) -> None:
        """Ends them all: the last started first, each with `head_start` s, then whoever is left together.

        The latter takes at most three times `patience` seconds.
        """
        for child in reversed(self._all):
            await child.ask_to_stop(head_start)
        await asyncio.gather(*(child.stop(patience) for child in self._all))


def _failure(child: Child, what: str) -> str:
    words = child.last_words()
    return f"{child.name} {what}{': ' + words if words else ''}; log: {child.log}"
