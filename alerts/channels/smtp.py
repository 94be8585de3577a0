"""One mail handed to one SMTP server that may hang, drip, lie or answer without end: bounded in every way."""

from __future__ import annotations

import base64
import smtplib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from alerts.channels import ChannelError
from alerts.channels.deadline import Deadline
from alerts.channels.smtp_server import Server
from alerts.channels.smtp_words import Reply, refusal, why
from headroom.channels import Email

_QUIT_WITHIN = 1.0
_CLOSING = 421  # a server may say so at any time, and closes then


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of one mail.

    Attributes:
        answer: to the mail; None where every recipient was refused.
        taken: the recipients that the server delivers to.
        refused: what it said to each of the others.
    """

    answer: Reply | None
    taken: frozenset[str]
    refused: tuple[Reply, ...]


def deliver(receiver: Email, sender: str, to: Sequence[str], mail: bytes, *, within: float) -> Delivery:
    """Hand over a mail once, or raise ChannelError.

    Args:
        receiver: the server, and how it is reached.
        sender: the address that bounces go to.
        to: the recipients, none twice.
        mail: headers and body; ASCII unless one of the addresses is not.
        within: seconds for everything together, from connecting to the answer to the mail.
    """
    deadline = Deadline(within)
    with deadline:
        server = Server(receiver, deadline, within)
        try:
            _connect(server, receiver)
            if receiver.user:
                _login(server, receiver.user, receiver.password.reveal() if receiver.password else "")
            return _send(server, sender, to, mail)
        except smtplib.SMTPResponseException as error:
            raise refusal(server.heard(error.smtp_code, error.smtp_error), "the greeting") from error
        except UnicodeError as error:
            raise ChannelError("its host is not a name that can be looked up", permanent=True) from error
        except OSError as error:  # smtplib's own errors are OSErrors
            raise ChannelError(why(error, within, late=deadline.passed, endless=server.endless)) from error
        finally:
            server.close()


def _connect(server: Server, receiver: Email) -> None:
    greeting = server.heard(*server.connect(receiver.host, receiver.port))
    if greeting.code != 220:  # noqa: PLR2004 ready
        raise refusal(greeting, "the connection")
    assert server.sock is not None
    here = server.sock.getsockname()[0]
    # The form for whoever has no name; looking for one would ask DNS, which may hang.
    server.local_hostname = f"[IPv6:{here}]" if ":" in here else f"[{here}]"
    server.ehlo_or_helo_if_needed()
    if receiver.security != "starttls":
        return
    if not server.has_extn("starttls"):
        raise ChannelError(
            "the mail server offers no STARTTLS, so nothing was sent; "
            "check the channel's port, or whether it takes TLS at once (security: tls)",
            permanent=True,
        )
    try:
        server.starttls(context=server.context())
    except smtplib.SMTPResponseException as error:
        raise refusal(server.heard(error.smtp_code, error.smtp_error), "STARTTLS") from error
    server.ehlo_or_helo_if_needed()


def _login(server: Server, user: str, password: str) -> None:
    try:
        if f"{user}{password}".isascii():
            server.login(user, password)
        else:
            _login_beyond_ascii(server, user, password)
    except smtplib.SMTPNotSupportedError as error:
        raise ChannelError(
            "the mail server takes no login here; remove the channel's user, or check its port and security",
            permanent=True,
        ) from error
    except smtplib.SMTPResponseException as error:
        reply = server.heard(error.smtp_code, error.smtp_error)
        if reply.temporary:  # its words are not told: a server may repeat what it was sent
            raise ChannelError(f"the mail server cannot check the login now ({reply.numbers})") from error
        raise ChannelError(
            f"the mail server refuses the login ({reply.numbers}); check the channel's user and password",
            permanent=True,
        ) from error
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPException as error:
        raise ChannelError(
            "the mail server knows no way to log in that Headroom knows, which are PLAIN, LOGIN and CRAM-MD5",
            permanent=True,
        ) from error


def _login_beyond_ascii(server: Server, user: str, password: str) -> None:
    """Log in as smtplib would: it speaks ASCII only, and of all ways PLAIN alone is defined for more."""
    if not server.has_extn("auth"):
        raise smtplib.SMTPNotSupportedError
    if "PLAIN" not in server.esmtp_features["auth"].upper().split():
        raise smtplib.SMTPException
    told = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
    code, said = server.docmd("AUTH", f"PLAIN {told}")
    if code != 235:  # noqa: PLR2004 logged in
        raise smtplib.SMTPAuthenticationError(code, said)


def _send(server: Server, sender: str, to: Sequence[str], mail: bytes) -> Delivery:
    options = []
    if not all(address.isascii() for address in (sender, *to)):
        if not server.has_extn("smtputf8"):
            raise ChannelError(
                "the mail server takes no addresses beyond ASCII (SMTPUTF8); write such as it takes",
                permanent=True,
            )
        options = ["SMTPUTF8", "BODY=8BITMIME"]
    reply = server.heard(*server.mail(sender, options))
    if reply.code != 250:  # noqa: PLR2004 done
        raise refusal(reply, "the sender's address")
    taken, refused = [], []
    for address in to:
        reply = server.heard(*server.rcpt(address))
        if reply.code == _CLOSING:
            raise refusal(reply, "a recipient")
        if reply.code in (250, 251):
            taken.append(address)
        else:
            refused.append(reply)
    if not taken:
        _quit(server)
        return Delivery(None, frozenset(), tuple(refused))
    try:
        reply = server.heard(*server.data(mail))
    except smtplib.SMTPDataError as error:
        raise refusal(server.heard(error.smtp_code, error.smtp_error), "the mail") from error
    if reply.code != 250:  # noqa: PLR2004 done
        raise refusal(reply, "the mail")
    _quit(server)
    return Delivery(reply, frozenset(taken), tuple(refused))


def _quit(server: Server) -> None:
    """Part politely; the mail is with the server, so nothing that goes wrong here matters."""
    if server.sock is not None:
        server.sock.settimeout(_QUIT_WITHIN)
    with suppress(OSError):
        server.quit()
