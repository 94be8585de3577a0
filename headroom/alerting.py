"""How alerts are handled: `alerts:` and `serve:` of budgets.yaml, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from headroom.budgets import Severity
from headroom.channels import Channel
from headroom.routing import Route
from headroom.silences import Maintenance
from headroom.sources import Secret


@dataclass(frozen=True, slots=True)
class Flapping:
    """When an incident counts as flapping, and until when it does.

    Attributes:
        times: so often it fired, or grew more severe, ...
        within: ... in this time: it is told once more, kept open as one, and not told of again ...
        calm: ... until it has been the same for this long.
    """

    times: int = 3
    within: timedelta = timedelta(hours=1)
    calm: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class BlindPolicy:
    """When somebody is told that nothing can be told of a budget.

    Attributes:
        after: blind for this long.
        severity: how loud that is.
    """

    after: timedelta = timedelta(minutes=10)
    severity: Severity = Severity.WARNING


@dataclass(frozen=True, slots=True)
class Step:
    """Who else is told of an incident that nobody has acknowledged, and after how long.

    Attributes:
        after: firing, unacknowledged and unsilenced for this long.
        severities: only incidents of these.
    """

    after: timedelta
    channels: tuple[str, ...]
    severities: frozenset[Severity] = frozenset(Severity)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """An address that is asked for as long as all is well, so that somebody else notices when it is not.

    Attributes:
        url: a secret, since whoever has it can pretend that all is well.
        ca: a file of authorities to trust instead of the publicly known ones.
    """

    url: Secret
    every: timedelta = timedelta(minutes=1)
    timeout: timedelta = timedelta(seconds=10)
    ca: str = ""


@dataclass(frozen=True, slots=True)
class Serving:
    """Where Headroom tells of itself: /metrics, /livez and /readyz.

    Attributes:
        token: demanded as bearer of those who ask; needed for an address beyond loopback.
    """

    host: str = "127.0.0.1"
    port: int = 9464
    token: Secret | None = None


@dataclass(frozen=True, slots=True)
class Alerting:
    """How alerts are handled.

    Attributes:
        installation: the name of this Headroom, for receivers that hear several.
        link: the dashboard's address as people reach it, without a slash at its end; empty: no links.
        remind: after this long, who was told of an incident is told again, until somebody acknowledges it;
            zero: never.
        steps: of escalation, by time.
        serving: None: nothing is served.
    """

    channels: tuple[Channel, ...] = ()
    routes: tuple[Route, ...] = ()
    installation: str = ""
    link: str = ""
    remind: timedelta = timedelta(hours=4)
    steps: tuple[Step, ...] = ()
    flapping: Flapping = Flapping()
    blind: BlindPolicy = BlindPolicy()
    maintenance: tuple[Maintenance, ...] = ()
    heartbeat: Heartbeat | None = None
    serving: Serving | None = None


USUAL = Alerting()
"""What holds where the file says nothing: nobody is told."""
