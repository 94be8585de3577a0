"""A mail server that keeps what it is sent as files, so that the mails of the demo can be looked at."""

import email
import email.policy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from demo.errors import DemoError
from demo.ports import LOOPBACK, free_port

LARGEST_BYTES = 1024 * 1024
MOST_MAILS = 1000
BIND_TRIES = 5
LONGEST_SUBJECT = 200


@dataclass(frozen=True)
class Mail:
    """One mail that was taken."""

    to: tuple[str, ...]
    subject: str
    text: str
    html: str
    file: Path


class Mailbox:
    """Takes every mail without a login, on a free loopback port; each becomes a file of `folder`."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.mails: list[Mail] = []
        self._folder = folder
        self._say = say
        self._taking = threading.Lock()
        self._controller = _started(self)
        self.host, self.port = LOOPBACK, int(self._controller.port)

    def close(self) -> None:
        """Stops listening."""
        self._controller.stop()

    def take(self, to: list[str], raw: bytes) -> str:
        """Keeps a mail and returns the answer to it."""
        with self._taking:
            if len(self.mails) >= MOST_MAILS:
                return f"452 4.2.2 {MOST_MAILS} mails are enough"
            file = self._folder / f"{len(self.mails) + 1:04}.eml"
            file.write_bytes(raw)
            self.mails.append(_read(to, raw, file))
        self._say(f"Mail received: {self.mails[-1].subject} ({file})")
        return f"250 2.0.0 kept as {file.name}"


class _Handler:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the name that the library calls
        raw = envelope.content
        return self._mailbox.take(envelope.rcpt_tos, raw if isinstance(raw, bytes) else str(raw).encode())


def _started(mailbox: Mailbox) -> Controller:
    for _ in range(BIND_TRIES):
        controller = Controller(
            _Handler(mailbox), hostname=LOOPBACK, port=free_port(), data_size_limit=LARGEST_BYTES
        )
        try:
            controller.start()
        except OSError:  # another program has taken the port meanwhile
            continue
        return controller
    raise DemoError(f"The mail server found {BIND_TRIES} ports taken one after the other.")


def _read(to: list[str], raw: bytes, file: Path) -> Mail:
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
    text, html = (str(part.get_content()) if part else "" for part in parts.values())
    subject = str(mail["Subject"] or "")[:LONGEST_SUBJECT]
    return Mail(tuple(to), "".join(c if c.isprintable() else "?" for c in subject), text, html, file)
