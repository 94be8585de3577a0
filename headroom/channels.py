"""The receivers of alerts: `alerts.channels` of budgets.yaml, frozen, with their secrets hidden."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Literal

from headroom.sources import Secret

Headers = tuple[tuple[str, Secret], ...]
"""Names of headers with their values: each may be a token."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """The message as JSON, posted to one address.

    Attributes:
        url: the whole address is a secret: whoever has it can post to it.
        secret: signs each body, so that the receiver knows who sent it; None signs nothing.
        ca: a file of authorities to trust instead of the publicly known ones, here and below.
    """

    KIND: ClassVar[str] = "webhook"
    url: Secret
    secret: Secret | None = None
    headers: Headers = ()
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Email:
    """Mail through one SMTP server.

    Attributes:
        security: how the connection is protected: STARTTLS is demanded, not merely tried.
        sender: the address in From.
        to: the addresses it goes to.
        digest: what is no page is collected this long and sent as one mail; zero sends each at once.
    """

    KIND: ClassVar[str] = "email"
    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    sender: str
    to: tuple[str, ...]
    user: str = ""
    password: Secret | None = None
    digest: timedelta = timedelta(0)
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Slack:
    """An incoming webhook of Slack; its address is its secret."""

    KIND: ClassVar[str] = "slack"
    url: Secret
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Teams:
    """A workflow of Microsoft Teams that takes Adaptive Cards; its address is its secret."""

    KIND: ClassVar[str] = "teams"
    url: Secret
    ca: str = ""


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """An integration of PagerDuty's Events API v2.

    Attributes:
        url: where events go; another one for a region, e.g. https://events.eu.pagerduty.com/v2/enqueue.
    """

    KIND: ClassVar[str] = "pagerduty"
    routing_key: Secret
    url: str = "https://events.pagerduty.com/v2/enqueue"
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """All members of an Alertmanager cluster: it is told the state again and again, not sent messages.

    Attributes:
        urls: the address of each member, without /api/v2; may hold user and password.
        watchdog: whether an alert called Watchdog fires as long as Headroom works.
    """

    KIND: ClassVar[str] = "alertmanager"
    urls: tuple[Secret, ...]
    headers: Headers = ()
    watchdog: bool = True
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Apprise:
    """Whatever the library Apprise can notify: ntfy, Discord, Telegram and others, by its own address."""

    KIND: ClassVar[str] = "apprise"
    url: Secret


Receiver = Webhook | Email | Slack | Teams | PagerDuty | Alertmanager | Apprise


@dataclass(frozen=True, slots=True)
class Pace:
    """How many messages a channel takes at most; what is over that waits, and is then told together.

    Attributes:
        messages: in each stretch of `per`.
        per: the length of a stretch.
    """

    messages: int = 20
    per: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Channel:
    """A receiver of alerts, known by its name in the file.

    Attributes:
        timeout: how long one delivery may take.
        fallback: the channel that is told what this one will not take; empty: the first other that works.
        digest: SHA-256 in hexadecimal of what the file says of it, secrets included: a channel that was
            disabled is tried anew when this changes. Never printed.
    """

    name: str
    receiver: Receiver
    timeout: timedelta = timedelta(seconds=10)
    fallback: str = ""
    pace: Pace = field(default_factory=Pace)
    digest: str = field(default="", repr=False)

    @property
    def kind(self) -> str:
        """What it is, as the file spells it."""
        return self.receiver.KIND

    @property
    def pushed(self) -> bool:
        """Whether it is told the state again and again, and takes nothing from the outbox."""
        return isinstance(self.receiver, Alertmanager)
