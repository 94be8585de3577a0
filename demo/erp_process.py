"""Starts the sample ERP as a process of its own."""

import asyncio
import json
import sys
from pathlib import Path

from demo.ports import listens
from demo.processes import Child, Children, Launch


async def start_erp(
    folder: Path, logs: Path, children: Children, *, postgres_url: str, redis_url: str
) -> tuple[Child, int]:
    """Starts the ERP, which stores uploads in `folder`, and returns it with its port.

    Raises:
        DemoError: it did not come up; the message names the log.
    """
    await asyncio.to_thread(folder.mkdir, mode=0o700)
    settings = {"postgres_url": postgres_url, "redis_url": redis_url, "files": str(folder)}
    told: set[int] = set()

    def launch_on(_: int) -> Launch:
        return Launch(
            "erp",
            (sys.executable, "-m", "demo.erp"),
            logs / "erp.log",
            cwd=Path(__file__).parent.parent,  # where the package is, installed or not
            pipe_stdin=True,
        )

    async def is_ready(child: Child, port: int) -> bool:
        if child.pid not in told:
            # On its standard input, because other users can read the arguments of a process.
            child.write(json.dumps(settings | {"port": port}).encode())
            told.add(child.pid)
        return listens(child.pid, port)

    return await children.start_on_a_port(launch_on, is_ready)
