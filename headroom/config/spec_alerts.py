"""The parts `serve:` and `alerts:` of budgets.yaml as the file spells them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from headroom.budgets import Severity
from headroom.config.scalars import Address, Globs, Label, Name, Patterns, Span, Text, Timeout, Token
from headroom.config.scalars_alerts import (
    Beat,
    Channels,
    Clock,
    ClosingClock,
    Days,
    Listen,
    Moment,
    Remind,
    Repeat,
    SourcePatterns,
    SubjectPattern,
    Words,
    Zone,
)
from headroom.config.spec_base import BY_VALUE, Spec
from headroom.config.spec_channels import ChannelSpec

Severities = Annotated[list[Annotated[Severity, BY_VALUE]], Field(min_length=1)]


class ServeSpec(Spec):
    """Where Headroom tells of itself: /metrics, /livez and /readyz."""

    listen: Listen = "127.0.0.1:9464"
    """Address and port; beyond this machine only with a token."""
    token: Token = ""
    """Demanded of who asks, as bearer: 16 characters or more; ${NAME} or ${file:PATH} is the place for it."""


class BlindSpec(Spec):
    """When somebody is told that nothing can be told of a budget."""

    for_: Span = Field(default="10m", alias="for")
    """Blind for this long."""
    severity: Annotated[Severity, BY_VALUE] = Severity.WARNING
    """How loud that is."""


class FlappingSpec(Spec):
    """When an incident counts as flapping: it is told once more, and then kept open as one."""

    times: int = Field(default=3, ge=2, le=100)
    """So often it fired, or grew more severe, ..."""
    within: Span = "1h"
    """... in this time."""
    calm: Span = "15m"
    """It ends after this long without a change."""


class StepSpec(Spec):
    """Who else is told of an incident that nobody has acknowledged."""

    after: Span
    """Firing, unacknowledged and unsilenced for this long."""
    channels: Channels
    """Names of alerts.channels."""
    severities: Severities = Field(default_factory=lambda: list(Severity))
    """Only these; left out: all."""


class MaintenanceSpec(Spec):
    """Planned work, during which nobody is told. It names budgets, sources, owners, severities or labels."""

    name: Name
    """What it is called."""
    budgets: Patterns = Field(default_factory=list)
    """Only budgets whose id matches, e.g. db.*; left out: all."""
    sources: SourcePatterns = Field(default_factory=list)
    """Only budgets that are judged by these sources; left out: all."""
    owners: Globs = Field(default_factory=list)
    """Only budgets of these owners, * matching anything; left out: all."""
    severities: Severities = Field(default_factory=list)
    """Only these; left out: all."""
    labels: dict[Label, SubjectPattern] = Field(default_factory=dict, max_length=20)
    """Only what has all of these labels, e.g. {instance: "db1*"}, * matching anything; left out: all."""
    begins: Moment
    """The first time, by the clocks of `timezone`, e.g. "2026-11-22 02:00"."""
    lasts: Span
    """How long, by a stop-watch."""
    repeat: Repeat = ""
    """When it comes back: a recurrence rule of RFC 5545, e.g. FREQ=WEEKLY;BYDAY=SU; left out: never."""
    timezone: Zone = "UTC"
    """A time zone of the IANA database, e.g. Europe/Berlin."""
    comment: Text = ""
    """Why."""


class HeartbeatSpec(Spec):
    """An address that is asked as long as all is well, so that somebody else notices when it is not."""

    url: Address
    """It counts as a secret, so ${NAME} or ${file:PATH} is the place for it."""
    every: Beat = "1m"
    """The time between two beats."""
    timeout: Timeout = "10s"
    """How long one may take."""
    ca: Text = ""
    """A file with the authorities to trust instead of the publicly known ones, relative to this file."""


class HoursSpec(Spec):
    """The times of the week at which a route is open."""

    days: Days = Field(default_factory=lambda: ["mon-sun"])
    """Days or ranges of them, each the day on which the hours begin, e.g. mon-fri; left out: every day."""
    from_: Clock = Field(default="", alias="from")
    """From this time of day; left out, with `to`: the whole day."""
    to: ClosingClock = ""
    """To this time of day; one that is before `from` lies on the next day."""
    timezone: Zone = "UTC"
    """By the clocks of this time zone of the IANA database, e.g. Europe/Berlin."""


class RouteSpec(Spec):
    """Which alerts go where."""

    channels: Channels
    """Names of alerts.channels."""
    severities: Severities = Field(default_factory=lambda: list(Severity))
    """Only these; left out: all."""
    budgets: Patterns = Field(default_factory=lambda: ["*"])
    """Only budgets whose id matches, e.g. api.*; left out: all."""
    owners: Globs = Field(default_factory=lambda: ["*"])
    """Only budgets of these owners, * matching anything; left out: all."""
    sources: SourcePatterns = Field(default_factory=lambda: ["*"])
    """Only budgets that are judged by these sources; left out: all."""
    hours: HoursSpec | None = None
    """When it is open; what comes before waits until then, and is told if it still fires."""


class AlertsSpec(Spec):
    """Who is told."""

    name: Words = ""
    """What this Headroom is called, for receivers that hear several."""
    link: Address = ""
    """The dashboard's address as people reach it, e.g. https://headroom.example.org; left out: no links."""
    remind: Remind = "4h"
    """After this long, who was told is told again, until somebody acknowledges it; 0s: never."""
    blind: BlindSpec = BlindSpec()
    """When blindness is told."""
    flapping: FlappingSpec = FlappingSpec()
    """When an incident that comes and goes is told of no more."""
    escalate: list[StepSpec] = Field(default_factory=list, max_length=10)
    """Who else is told of what nobody acknowledged, by time."""
    maintenance: list[MaintenanceSpec] = Field(default_factory=list, max_length=200)
    """Planned work, during which nobody is told; what still fires at its end is told then."""
    heartbeat: HeartbeatSpec | None = None
    """An address that is asked as long as all is well."""
    channels: dict[Name, ChannelSpec] = Field(default_factory=dict, max_length=200)
    """Receivers by name."""
    routes: list[RouteSpec] = Field(default_factory=list, max_length=200)
    """An alert goes to the channels of every route that it matches."""
