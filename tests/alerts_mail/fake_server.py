"""A server that speaks a script instead of SMTP: its faults are what is tested."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Script = Callable[[socket.socket, threading.Event], None]
"""What it does with one connection, until it returns or the event says that the test is over."""


@contextmanager
def served(script: Script) -> Iterator[int]:
    """Yield the port of a server that follows the script in each connection."""
    over = threading.Event()
    threads = []

    def follow(connection: socket.socket) -> None:
        with connection:
            try:
                script(connection, over)
            except OSError:
                return  # the client has gone, as the test wants it to

    def listen(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=follow, args=(connection,)))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=listen, args=(listener,))
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for each in threads:
                each.join()


def says(*answers: str, then: Script | None = None) -> Script:
    """Greet with the first answer, give one more for each line that comes in, and go on as `then` says."""

    def script(connection: socket.socket, over: threading.Event) -> None:
        lines = connection.makefile("rb", buffering=0)
        for number, answer in enumerate(answers):
            if number:
                lines.readline()
            connection.sendall(answer.encode() + b"\r\n")
        if then is not None:
            lines.readline()
            then(connection, over)

    return script


def silent(_: socket.socket, over: threading.Event) -> None:
    """Say nothing, and stay."""
    over.wait(30)


def drips(connection: socket.socket, over: threading.Event) -> None:
    """Say a byte now and then, for longer than any test waits, without ever ending the line."""
    for _ in range(200):
        if over.wait(0.05):
            return
        connection.sendall(b"2")


def endless_lines(connection: socket.socket, over: threading.Event) -> None:
    """Say that there is more to come, again and again."""
    while not over.is_set():
        connection.sendall(b"250-more\r\n" * 1000)


def endless_line(connection: socket.socket, over: threading.Event) -> None:
    """Say one line that never ends, as fast as it is read."""
    while not over.is_set():
        connection.sendall(b"2" * 65536)


def half(connection: socket.socket, _: threading.Event) -> None:
    """Read the mail, and close in the middle of the answer to it."""
    lines = connection.makefile("rb", buffering=0)
    while lines.readline() not in (b".\r\n", b""):
        pass
    connection.sendall(b"250 o")
