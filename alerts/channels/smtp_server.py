"""The connection to an SMTP server: watched by the deadline, trusted as told, and with bounded answers."""

from __future__ import annotations

import smtplib
import socket
import ssl
from typing import Any

from alerts.channels import ChannelError
from alerts.channels.deadline import Deadline
from alerts.channels.discreet import in_password
from alerts.channels.smtp_words import Reply, heard
from headroom.channels import Email

LONGEST_ANSWER = 64 * 1024  # bytes of one answer: a server lists a few dozen extensions at most
_CONNECT_WITHIN = 5.0


class Server(smtplib.SMTP):
    """Lets the deadline know the connection as soon as it stands, and reads no answer without end."""

    def __init__(self, receiver: Email, deadline: Deadline, within: float) -> None:
        super().__init__(timeout=within, local_hostname="localhost")
        self._receiver = receiver
        self._deadline = deadline
        self._host = receiver.host  # what STARTTLS checks the certificate against
        self.endless = False  # an answer went on and on

    def context(self) -> ssl.SSLContext:
        """Return whom to trust."""
        try:
            return ssl.create_default_context(cafile=self._receiver.ca or None)
        except OSError as error:
            raise ChannelError(
                "the channel's ca is no file of certificates that can be read; check its path and content"
            ) from error

    def heard(self, code: int, said: bytes | str) -> Reply:
        """Return what smtplib read as a reply, without the password: a server may repeat what it was sent."""
        password = self._receiver.password.reveal() if self._receiver.password else ""
        return heard(code, said, in_password(password, self._receiver.user))

    def getreply(self) -> tuple[int, bytes]:
        """Read one answer; OSError where it does not end."""
        assert self.sock is not None
        if self.file is None:
            self.file = _Bounded(self.sock.makefile("rb"), self)
        self.file.left = LONGEST_ANSWER
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Open the connection: what smtplib's own SMTP_SSL overrides as well."""
        context = self.context() if self._receiver.security == "tls" else None
        connection = socket.create_connection((host, port), min(_CONNECT_WITHIN, timeout))
        self._deadline.watch(connection)
        connection.settimeout(timeout)
        return context.wrap_socket(connection, server_hostname=host) if context else connection


class _Bounded:
    """The server's side of the conversation, of which one answer is only so long."""

    def __init__(self, file: Any, server: Server) -> None:
        self._file = file
        self._server = server
        self.left = LONGEST_ANSWER

    def readline(self, most: int) -> bytes:
        """Return the next line; OSError where it is cut off, or the answer has grown too long."""
        line: bytes = self._file.readline(most)
        self.left -= len(line)
        if self.left < 0 or len(line) >= most:
            self._server.endless = True
            raise OSError
        if line and not line.endswith(b"\n"):
            # What was cut off in the middle looks like an answer: "250 q" of "250 queued", or of "2501…".
            raise OSError
        return line

    def close(self) -> None:
        """Close the file below."""
        self._file.close()
