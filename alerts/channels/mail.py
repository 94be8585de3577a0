"""A message as one mail: plain text first, the same as HTML, and headers that machines sort and thread by."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from hashlib import sha256

from alerts.channels import ChannelError
from alerts.channels.mail_html import as_html
from alerts.channels.plain import unlinked, web_address
from alerts.rendered import Rendered, rendered
from alerts.text import clean
from headroom.channels import Email
from headroom.incidents import Message

_LONGEST_SUBJECT, _LONGEST_LINE, _MOST_LINES = 200, 2000, 100
_MOST_INCIDENTS = 20  # named in a header of a digest


def compose(receiver: Email, message: Message, now: datetime) -> bytes:
    """Return the mail, ASCII unless one of its addresses is not.

    Its Message-ID is the same for every attempt at the same notices, so that mailboxes can drop a
    repetition. References names a mail that never existed, one for each incident: by that all mails of an
    incident become one thread, whichever of them arrives first.

    Args:
        receiver: who sends and who gets it.
        message: one notice, or several that are told together.
        now: the moment in its Date: one that was late must not sink below newer mails.
    """
    words = bounded(rendered(message))
    domain = mailable(receiver.sender).rpartition("@")[2]
    beyond = not all(mailable(address).isascii() for address in (receiver.sender, *receiver.to))
    mail = EmailMessage(policy=SMTPUTF8 if beyond else SMTP)
    mail["From"] = _address(receiver.sender, "Headroom")
    mail["To"] = [_address(address) for address in receiver.to]
    # What looks like an encoded word would be decoded, with whatever line end or sender it hides.
    mail["Subject"] = words.title.replace("=?", "= ?")
    mail["Date"] = now
    mail["Message-ID"] = _id("\n".join(notice.key for notice in message.notices), domain)
    incidents = list(dict.fromkeys(notice.incident for notice in message.notices if notice.incident))
    if len(incidents) == 1:
        thread = _id(f"incident\n{incidents[0]}", domain)
        mail["In-Reply-To"] = thread
        mail["References"] = thread
    if incidents:
        more = max(0, len(incidents) - _MOST_INCIDENTS)
        named = ", ".join(clean(incident, 100) for incident in incidents[:_MOST_INCIDENTS])
        mail["X-Headroom-Incident"] = named.replace("=?", "= ?") + (f" and {more} more" if more else "")
    mail["X-Headroom-Status"] = message.status.value
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"  # keeps Exchange from answering that somebody is away
    # Neither needs a server that takes eight bits.
    mail.set_content(as_text(words), cte="quoted-printable")
    mail.add_alternative(as_html(words), subtype="html", cte="quoted-printable")
    head, between, rest = mail.as_bytes().partition(b"\r\n\r\n")
    # Python leaves a header's first line empty where the words fit the second alone: some programs then show
    # no subject at all.
    return re.sub(rb"(?m)^([A-Za-z-]+:)\r\n ", rb"\1 ", head) + between + rest


def mailable(address: str) -> str:
    """Return an address with its domain as DNS knows it; what stands before the @ is the server's affair."""
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def bounded(words: Rendered) -> Rendered:
    """Return the words as they may stand in a mail: none leads anywhere but `link` and `runbook`."""
    shown = [_line(line) for line in words.lines[:_MOST_LINES]]
    if len(words.lines) > _MOST_LINES:
        shown.append(f"… and {len(words.lines) - _MOST_LINES} more lines, which `headroom alerts` shows")
    runbook = clean(words.runbook, _LONGEST_LINE)
    return Rendered(
        title=clean(words.title, _LONGEST_SUBJECT),
        lines=tuple(shown),
        facts=tuple((_line(name), _line(value)) for name, value in words.facts[:_MOST_LINES]),
        link=web_address(words.link),
        runbook=web_address(runbook) or unlinked(runbook),
        severity=words.severity,
        good=words.good,
    )


def as_text(words: Rendered) -> str:
    """Return the plain text: the story, where to look, and the facts."""
    parts = ["\n".join(words.lines)]
    leads = (("Dashboard", words.link), ("Runbook", words.runbook))
    parts.append("\n".join(f"{name}: {lead}" for name, lead in leads if lead))
    parts.append("\n".join(f"{name}: {value}" for name, value in words.facts))
    return "\n\n".join(part for part in parts if part) + "\n"


def _address(address: str, name: str = "") -> Address:
    local, _, domain = mailable(address).rpartition("@")
    try:
        if local and domain:
            return Address(name, local, domain)
    except ValueError:  # a line break in it
        pass
    raise ChannelError(
        "one of the channel's addresses is none that mail goes to; write each as name@example.com",
        permanent=True,
    )


def _line(text: str) -> str:
    return unlinked(clean(text, _LONGEST_LINE))


def _id(text: str, domain: str) -> str:
    safe = domain if domain.isascii() and domain else "headroom.invalid"
    return f"<{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}@{safe}>"
