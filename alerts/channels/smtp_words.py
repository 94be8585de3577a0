"""What a mail server says, and the one sentence that tells people what is wrong with it."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from alerts.channels import ChannelError
from alerts.channels.discreet import without
from alerts.text import clean

_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said to one command; `text` holds no control characters."""

    code: int
    text: str = ""

    @property
    def temporary(self) -> bool:
        """Whether it may say something else later (RFC 5321, 4.2.1)."""
        return not 500 <= self.code < 600  # noqa: PLR2004 the class of permanent faults

    @property
    def numbers(self) -> str:
        """The code and the enhanced code: for where the words may hold an address or a password."""
        enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", self.text)
        return f"{self.code} {enhanced[0]}" if enhanced else str(self.code)

    def __str__(self) -> str:
        return f"{self.code} ({self.text})" if self.text else str(self.code)


def heard(code: int, said: bytes | str, secrets: Collection[str] = ()) -> Reply:
    """Return what smtplib read as a reply, without the secrets."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return Reply(code, clean(without(secrets, text[:_LONGEST]), 200))


def refusal(reply: Reply, what: str) -> ChannelError:
    """Return the error for a reply that is not the one hoped for."""
    if reply.code < 400:  # noqa: PLR2004 no refusal at all, so no sense either
        return ChannelError(
            f"what answered to {what} does not speak as a mail server; check the channel's host and port"
        )
    said = f"the mail server answered {reply} to {what}"
    if reply.temporary:
        return ChannelError(said)
    return ChannelError(
        f"{said} and will not take this message; check the channel's addresses", permanent=True
    )


def why(error: OSError, within: float, *, late: bool, endless: bool) -> str:
    """Return the sentence for a conversation that broke.

    Args:
        error: what smtplib or the socket below it raised.
        within: seconds that everything together might have taken.
        late: whether they were over.
        endless: whether an answer had grown too long.
    """
    causes = list(_causes(error))
    if endless:
        return "the mail server answers without end; check the channel's host and port"
    if late or any(isinstance(cause, TimeoutError) for cause in causes):
        return f"no full answer within {within:g} s; is the mail server overloaded or a firewall in the way?"
    said = next((_KNOWN[kind] for kind in _KNOWN for cause in causes if isinstance(cause, kind)), "")
    distrust = next((cause for cause in causes if isinstance(cause, ssl.SSLCertVerificationError)), None)
    if distrust is not None:
        reason = clean(distrust.verify_message, 200).rstrip(".")
        said = (
            f"the mail server's certificate is not trusted: {reason}; "
            "check the channel's host and ca, and this machine's clock"
        )
    broke = f"the connection to the mail server broke ({type(causes[-1]).__name__}); it is tried again"
    return said or broke


_KNOWN: dict[type[BaseException], str] = {
    ssl.SSLError: "no TLS connection to the mail server; check whether its port takes TLS at once "
    "(security: tls) or after STARTTLS (security: starttls)",
    socket.gaierror: "the mail server's name cannot be resolved; "
    "check the channel's host and this machine's DNS",
    ConnectionRefusedError: "the mail server refuses connections; is it running, and is the port right?",
    # Comes last: whatever breaks below smtplib becomes one of these.
    smtplib.SMTPServerDisconnected: "the mail server closed the connection in the middle; it is tried again",
}


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
