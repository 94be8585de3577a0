"""From the parts `alerts:` and `serve:` of budgets.yaml to the records of `headroom.alerting`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import time
from hashlib import sha256
from pathlib import Path

from headroom.alerting import Alerting, BlindPolicy, Flapping, Heartbeat, Serving, Step
from headroom.channels import (
    Alertmanager,
    Apprise,
    Channel,
    Email,
    Headers,
    Pace,
    PagerDuty,
    Receiver,
    Slack,
    Teams,
    Webhook,
)
from headroom.config.scalars_alerts import clock_of, days_of, moment_of, pace_of, place_of
from headroom.config.spec import FileSpec
from headroom.config.spec_alerts import HeartbeatSpec, HoursSpec, MaintenanceSpec, RouteSpec, ServeSpec
from headroom.config.spec_channels import (
    AlertmanagerSpec,
    AnyChannelSpec,
    AppriseSpec,
    EmailSpec,
    PagerDutySpec,
    SlackSpec,
    TeamsSpec,
    WebhookSpec,
)
from headroom.routing import Hours, Route
from headroom.silences import Maintenance, Matcher
from headroom.sources import Secret
from headroom.units import parse_duration

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""RFC 6409, RFC 8314 and RFC 5321."""


def alerting(file: FileSpec, folder: Path) -> Alerting:
    """Return how alerts are handled; relative paths start from `folder`."""
    spec = file.alerts
    return Alerting(
        channels=tuple(_channel(name, each, folder) for name, each in spec.channels.items()),
        routes=tuple(_route(each) for each in spec.routes),
        installation=spec.name,
        link=spec.link.rstrip("/"),
        remind=parse_duration(spec.remind),
        steps=tuple(
            Step(parse_duration(each.after), tuple(each.channels), frozenset(each.severities))
            for each in spec.escalate
        ),
        flapping=Flapping(
            spec.flapping.times, parse_duration(spec.flapping.within), parse_duration(spec.flapping.calm)
        ),
        blind=BlindPolicy(parse_duration(spec.blind.for_), spec.blind.severity),
        maintenance=tuple(_maintenance(each) for each in spec.maintenance),
        heartbeat=None if spec.heartbeat is None else _heartbeat(spec.heartbeat, folder),
        serving=None if file.serve is None else _serving(file.serve),
    )


def _channel(name: str, spec: AnyChannelSpec, folder: Path) -> Channel:
    said = json.dumps(spec.model_dump(mode="json"), sort_keys=True)
    return Channel(
        name=name,
        receiver=_receiver(spec, folder),
        timeout=parse_duration(spec.timeout),
        fallback=spec.fallback,
        pace=Pace() if isinstance(spec, AlertmanagerSpec) else pace_of(spec.at_most),
        digest=sha256(said.encode()).hexdigest(),
    )


def _receiver(spec: AnyChannelSpec, folder: Path) -> Receiver:  # noqa: PLR0911 one for each kind
    match spec:
        case WebhookSpec():
            ca = _path(spec.ca, folder)
            return Webhook(Secret(spec.url), _secret(spec.secret), _headers(spec.headers), ca)
        case EmailSpec():
            return Email(
                host=spec.host,
                port=spec.port or _PORTS[spec.security],
                security=spec.security,
                sender=spec.from_,
                to=tuple(spec.to),
                user=spec.user,
                password=_secret(spec.password),
                digest=parse_duration(spec.digest),
                ca=_path(spec.ca, folder),
            )
        case SlackSpec():
            return Slack(Secret(spec.url), _path(spec.ca, folder))
        case TeamsSpec():
            return Teams(Secret(spec.url), _path(spec.ca, folder))
        case PagerDutySpec():
            return PagerDuty(Secret(spec.routing_key), spec.url, _path(spec.ca, folder))
        case AlertmanagerSpec():
            urls = tuple(Secret(url.rstrip("/")) for url in spec.urls)
            return Alertmanager(urls, _headers(spec.headers), spec.watchdog, _path(spec.ca, folder))
        case AppriseSpec():
            return Apprise(Secret(spec.url))


def _route(spec: RouteSpec) -> Route:
    return Route(
        channels=tuple(spec.channels),
        severities=frozenset(spec.severities),
        budgets=tuple(spec.budgets),
        owners=tuple(spec.owners),
        sources=tuple(spec.sources),
        hours=None if spec.hours is None else _hours(spec.hours),
    )


def _hours(spec: HoursSpec) -> Hours:
    begin, end = (clock_of(text) if text else time(0) for text in (spec.from_, spec.to))
    return Hours(days_of(spec.days), begin, end, spec.timezone)


def _maintenance(spec: MaintenanceSpec) -> Maintenance:
    return Maintenance(
        name=spec.name,
        matcher=Matcher(
            budgets=tuple(spec.budgets),
            sources=tuple(spec.sources),
            owners=tuple(spec.owners),
            severities=tuple(each.value for each in spec.severities),
            labels=tuple(sorted(spec.labels.items())),
        ),
        begins=moment_of(spec.begins),
        lasts=parse_duration(spec.lasts),
        repeat=spec.repeat,
        zone=spec.timezone,
        comment=spec.comment,
    )


def _heartbeat(spec: HeartbeatSpec, folder: Path) -> Heartbeat:
    every, timeout = parse_duration(spec.every), parse_duration(spec.timeout)
    return Heartbeat(Secret(spec.url), every, timeout, _path(spec.ca, folder))


def _serving(spec: ServeSpec) -> Serving:
    host, port = place_of(spec.listen)
    return Serving(host, port, _secret(spec.token))


def _secret(text: str) -> Secret | None:
    return Secret(text) if text else None


def _headers(spec: Mapping[str, str]) -> Headers:
    return tuple((name, Secret(value)) for name, value in spec.items())


def _path(text: str, folder: Path) -> str:
    return str(folder / text) if text else ""
