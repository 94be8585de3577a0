"""Free ports, and who listens on one."""

import os
import socket
import subprocess
import sys

import pytest

from demo import ports
from demo.errors import DemoError
from demo.ports import LOOPBACK, free_port, listens


def test_free_port() -> None:
    """A free port can be bound and is below the ephemeral ones."""
    port = free_port()

    assert 15_000 <= port < 32_768
    with socket.socket() as server:
        server.bind((LOOPBACK, port))


def test_taken_ports_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every port is taken, the search ends with a sentence instead of going on for ever."""
    with socket.create_server((LOOPBACK, 0)) as server:
        taken = server.getsockname()[1]
        monkeypatch.setattr(ports, "LOWEST", taken)
        monkeypatch.setattr(ports, "HIGHEST", taken)

        with pytest.raises(DemoError) as caught:
            free_port()

    assert str(caught.value) == f"No free port on 127.0.0.1 between {taken} and {taken} after 200 tries."


def test_listens() -> None:
    """A process listens on its own port, on no other, and another process does not listen on it."""
    with (
        socket.create_server((LOOPBACK, 0)) as server,
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other,
    ):
        port = server.getsockname()[1]

        assert listens(os.getpid(), port)
        assert not listens(os.getpid(), free_port())
        assert not listens(other.pid, port)
        assert other.stdin is not None
        other.stdin.write(b"\n")


def test_connected_is_not_listening() -> None:
    """A connection that outlives its server is no server."""
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)), server.accept()[0]:
            server.close()

            assert not listens(os.getpid(), port)


def test_process_that_ended() -> None:
    """A process that is gone listens on nothing."""
    with socket.create_server((LOOPBACK, 0)) as server:
        ended = subprocess.Popen(["true"])
        ended.wait()

        assert not listens(ended.pid, server.getsockname()[1])
