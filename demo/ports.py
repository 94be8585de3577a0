"""Free loopback ports, and whether a process of ours is the one that listens on a port, and is ready."""

import contextlib
import http.client
import random
import socket
import sys
from pathlib import Path

from demo.errors import DemoError

LOOPBACK = "127.0.0.1"
LOWEST, HIGHEST = 15_000, 32_767  # above are the ephemeral ports, which any connection may take
TRIES = 200
_LISTENING = "0A"


def free_port() -> int:
    """Returns a loopback port that nothing listens on at this moment.

    Raises:
        DemoError: no free port was found.
    """
    for _ in range(TRIES):
        port = random.randint(LOWEST, HIGHEST)
        with socket.socket() as probe:
            # As the servers do: without it a port in TIME_WAIT would count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return port
    raise DemoError(f"No free port on {LOOPBACK} between {LOWEST} and {HIGHEST} after {TRIES} tries.")


def listens(pid: int, port: int, proc: Path = Path("/proc")) -> bool:
    """Tells whether the process itself, which must run as our own user, listens on the loopback port.

    A connection that succeeds proves less: another program may have taken the port first.
    """
    sockets = _listening_sockets(port, proc)
    return bool(sockets) and not _open_files(pid, proc).isdisjoint(f"socket:[{inode}]" for inode in sockets)


def says_ready(port: int) -> bool:
    """Asks a server of the Prometheus family on the loopback port whether it is ready."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=1)
    try:
        connection.request("GET", "/-/ready")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def _listening_sockets(port: int, proc: Path) -> list[str]:
    # The kernel prints the address as one number in the machine's own byte order.
    address = f"{int.from_bytes(socket.inet_aton(LOOPBACK), sys.byteorder):08X}:{port:04X}"
    rows = (row.split() for row in (proc / "net" / "tcp").read_text().splitlines()[1:])
    return [row[9] for row in rows if row[1] == address and row[3] == _LISTENING]


def _open_files(pid: int, proc: Path) -> set[str]:
    files = set()
    with contextlib.suppress(FileNotFoundError):  # the process has ended
        for link in (proc / str(pid) / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it has closed this one meanwhile
                files.add(str(link.readlink()))
    return files
