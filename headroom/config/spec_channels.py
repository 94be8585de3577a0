"""The kinds of `alerts.channels` as budgets.yaml spells them: `kind` tells which keys there are."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, GetJsonSchemaHandler, Tag
from pydantic_core import CoreSchema

from headroom.config.scalars import Address, Credential, Name, Text, Timeout
from headroom.config.scalars_alerts import (
    Addresses,
    AtMost,
    ChannelHeader,
    ChannelHeaderValue,
    Digest,
    Host,
    Mail,
    Mails,
    RoutingKey,
)
from headroom.config.spec_base import Spec

KIND_TAG = "kind:"
Headers = Annotated[dict[ChannelHeader, ChannelHeaderValue], Field(max_length=50)]


class _Told(Spec):
    """What all kinds have."""

    kind: str
    """What it is."""
    timeout: Timeout = "10s"
    """How long one delivery may take."""
    fallback: Name = ""
    """The channel that is told what this one will not take; left out: the first other that works."""


class _Sent(_Told):
    """What the kinds have that are sent messages."""

    at_most: AtMost = "20 per 5m"
    """How many messages it takes; what is over that waits, and is then told together."""


class WebhookSpec(_Sent):
    """A JSON document by HTTP POST."""

    KIND: ClassVar[str] = "webhook"
    kind: Literal["webhook"]
    """webhook: a JSON document by HTTP POST."""
    url: Address
    """The address; it counts as a secret, so ${NAME} or ${file:PATH} is the place for it."""
    secret: Credential = ""
    """Signs each document with HMAC-SHA256, so that the receiver knows who sent it; left out: not signed."""
    headers: Headers = Field(default_factory=dict)
    """What else is sent, e.g. Authorization. Each value counts as a secret."""
    ca: Text = ""
    """A file with the authorities to trust instead of the publicly known ones, relative to this file."""


class EmailSpec(_Sent):
    """Mail through an SMTP server."""

    KIND: ClassVar[str] = "email"
    kind: Literal["email"]
    """email: mail through an SMTP server."""
    host: Host
    """The server."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Its port; left out: 587 for starttls, 465 for tls, 25 for none."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """starttls: the connection must be encrypted before anything is said; tls: from its first byte; none."""
    user: Credential = ""
    """Who logs in; left out: nobody."""
    password: Credential = ""
    """The password; ${NAME} or ${file:PATH} is the place for it."""
    from_: Mail = Field(alias="from")
    """The address that the mail comes from."""
    to: Mails
    """One address or a list of them."""
    digest: Digest = "0s"
    """What is no page is collected this long and sent as one mail; 0s sends each at once."""
    ca: Text = ""
    """A file with the authorities to trust instead of the publicly known ones, relative to this file."""


class SlackSpec(_Sent):
    """An incoming webhook of Slack."""

    KIND: ClassVar[str] = "slack"
    kind: Literal["slack"]
    """slack: an incoming webhook."""
    url: Address
    """Its address; it counts as a secret, so ${NAME} or ${file:PATH} is the place for it."""
    ca: Text = ""
    """A file with the authorities to trust instead of the publicly known ones, relative to this file."""


class TeamsSpec(_Sent):
    """A workflow of Microsoft Teams."""

    KIND: ClassVar[str] = "teams"
    kind: Literal["teams"]
    """teams: a workflow of Microsoft Teams that posts what a webhook gets."""
    url: Address
    """Its address; it counts as a secret, so ${NAME} or ${file:PATH} is the place for it."""
    ca: Text = ""
    """A file with the authorities to trust instead of the publicly known ones, relative to this file."""


class PagerDutySpec(_Sent):
    """An integration of PagerDuty's Events API v2."""

    KIND: ClassVar[str] = "pagerduty"
    kind: Literal["pagerduty"]
    """pagerduty: the Events API v2."""
    routing_key: RoutingKey
    """The key of the integration; ${NAME} or ${file:PATH} is the place for it."""
    url: Address = "https://events.pagerduty.com/v2/enqueue"
    """Where events go; for the European region https://events.eu.pagerduty.com/v2/enqueue."""
    ca: Text = ""
    """A file with the authorities to trust instead of the publicly known ones, relative to this file."""


class AlertmanagerSpec(_Told):
    """All members of an Alertmanager cluster, which are told the state again and again."""

    KIND: ClassVar[str] = "alertmanager"
    kind: Literal["alertmanager"]
    """alertmanager: its API v2. It is told the state again and again, so it takes no step of escalation."""
    urls: Addresses
    """The address of each member, or of the only one, without /api/v2; never that of a load balancer."""
    headers: Headers = Field(default_factory=dict)
    """What else is sent, e.g. Authorization. Each value counts as a secret."""
    watchdog: bool = True
    """Whether an alert called Watchdog fires as long as Headroom works."""
    ca: Text = ""
    """A file with the authorities to trust instead of the publicly known ones, relative to this file."""


class AppriseSpec(_Sent):
    """Whatever the library Apprise can notify."""

    KIND: ClassVar[str] = "apprise"
    kind: Literal["apprise"]
    """apprise: ntfy, Discord, Telegram and others, by the address that Apprise has for them."""
    url: Address
    """That address, e.g. ntfy://host/topic; it counts as a secret: ${NAME} or ${file:PATH} is the place."""


AnyChannelSpec = (
    WebhookSpec | EmailSpec | SlackSpec | TeamsSpec | PagerDutySpec | AlertmanagerSpec | AppriseSpec
)
CHANNEL_KINDS = tuple(
    spec.KIND
    for spec in (WebhookSpec, EmailSpec, SlackSpec, TeamsSpec, PagerDutySpec, AlertmanagerSpec, AppriseSpec)
)


def _kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return f"{KIND_TAG}{kind}" if kind in CHANNEL_KINDS else None


class _ByKind:
    """Tells editors which kind's keys are meant; of a plain choice they would only say that none fits."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        kinds = {}
        for choice in handler(schema)["oneOf"]:
            kinds[handler.resolve_ref_schema(choice)["properties"]["kind"]["const"]] = choice
        return {
            "type": "object",
            "description": "Where alerts go.",
            "required": ["kind"],
            "properties": {"kind": {"enum": list(kinds), "description": "What it is."}},
            "allOf": [
                {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": choice}
                for kind, choice in kinds.items()
            ],
        }


ChannelSpec = Annotated[
    Annotated[WebhookSpec, Tag("kind:webhook")]
    | Annotated[EmailSpec, Tag("kind:email")]
    | Annotated[SlackSpec, Tag("kind:slack")]
    | Annotated[TeamsSpec, Tag("kind:teams")]
    | Annotated[PagerDutySpec, Tag("kind:pagerduty")]
    | Annotated[AlertmanagerSpec, Tag("kind:alertmanager")]
    | Annotated[AppriseSpec, Tag("kind:apprise")],
    Discriminator(_kind),
    _ByKind(),
]
