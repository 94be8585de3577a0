"""From the parts `alerts:` and `serve:` of budgets.yaml to the records of `headroom.alerting`."""

from __future__ import annotations

from headroom.alerting import Alerting
from headroom.channels import Channel, Webhook
from headroom.config.spec import AlertsSpec, ChannelSpec
from headroom.routing import Route
from headroom.sources import Secret
from headroom.units import parse_duration


def alerting(spec: AlertsSpec) -> Alerting:
    """Return how alerts are handled."""
    return Alerting(
        channels=tuple(_channel(name, each) for name, each in spec.channels.items()),
        routes=tuple(
            Route(tuple(each.channels), frozenset(each.severities), tuple(each.budgets))
            for each in spec.routes
        ),
    )


def _channel(name: str, spec: ChannelSpec) -> Channel:
    return Channel(name, Webhook(Secret(spec.url)), parse_duration(spec.timeout))
