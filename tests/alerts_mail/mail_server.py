"""A real SMTP server on a free loopback port: STARTTLS, TLS at once, logins, refusals by recipient."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.alerts.receiver import free_port
from tests.collectors_prometheus.certificates import Pair

PASSWORD = "s3cret-pässword"


@dataclass
class Arrival:
    """One mail that was taken."""

    sender: str
    to: list[str]
    raw: bytes
    login: str
    secured: bool

    @property
    def mail(self) -> EmailMessage:
        """The mail, read as mail programs read it."""
        read = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(read, EmailMessage)
        return read

    def part(self, kind: str) -> str:
        """Return its text/plain or text/html."""
        part = self.mail.get_body((kind,))
        assert part is not None
        return str(part.get_content())


@dataclass
class MailServer:
    """Takes mail as told.

    Attributes:
        pair: its certificate; None offers no TLS.
        at_once: TLS begins with the connection, not after STARTTLS.
        login: whether it wants one, with PASSWORD.
        answers: what it says to a recipient instead of taking them, and to "DATA" instead of taking the mail;
            each time the next, and then the last one for ever.
        utf8: whether addresses beyond ASCII are taken.
    """

    pair: Pair | None = None
    at_once: bool = False
    login: bool = False
    answers: dict[str, list[str]] = field(default_factory=dict)
    utf8: bool = False
    arrivals: list[Arrival] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.port = free_port()

    def __enter__(self) -> Self:
        context = None
        if self.pair is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.pair.cert, self.pair.key)
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=context if self.at_once else None,
            tls_context=None if self.at_once else context,
            require_starttls=context is not None and not self.at_once,
            auth_required=self.login,
            auth_require_tls=True,
            authenticator=_check,
            enable_SMTPUTF8=self.utf8,
        )
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    async def handle_RCPT(  # noqa: N802 the library looks for this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or refuse as told."""
        refusal = self._next(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 the library looks for this name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take the mail, or refuse as told."""
        refusal = self._next("DATA")
        if refusal:
            return refusal
        assert envelope.mail_from is not None
        assert isinstance(envelope.content, bytes)
        login = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else ""
        self.arrivals.append(
            Arrival(
                envelope.mail_from,
                list(envelope.rcpt_tos),
                envelope.content,
                login,
                session.ssl is not None or self.at_once,
            )
        )
        return "250 2.0.0 queued as 4711"

    def _next(self, what: str) -> str:
        answers = self.answers.get(what, [])
        return answers.pop(0) if len(answers) > 1 else answers[0] if answers else ""


def _check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=good, handled=False, auth_data=data)
