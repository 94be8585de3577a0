"""The time that one exchange with a receiver may take as a whole, however slowly its bytes come in."""

from __future__ import annotations

import os
import socket
import threading
from time import monotonic


class Deadline:
    """Cuts the connections of one exchange when its time is over.

    A read timeout starts anew with every byte, so a receiver that drips would hold the channel for ever.
    """

    def __init__(self, within: float) -> None:
        self._ends = monotonic() + within
        self._timer = threading.Timer(within, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._watched: list[socket.socket] = []

    @property
    def passed(self) -> bool:
        """Whether the time is over."""
        return monotonic() >= self._ends

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for watched in self._watched:
                watched.close()
            self._watched.clear()

    def watch(self, connection: socket.socket) -> None:
        """Cut this connection, too, when the time is over; to be called before TLS is begun on it."""
        # A duplicate: wrapping in TLS takes the original's descriptor away, in the middle of the handshake.
        with self._lock:
            self._watched.append(socket.socket(fileno=os.dup(connection.fileno())))
        if self.passed:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            for watched in self._watched:
                try:
                    watched.shutdown(socket.SHUT_RDWR)
                except OSError:  # the other side was quicker; the reader has seen it
                    continue
