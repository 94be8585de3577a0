"""From `caching:`, `invalidation:` and `application:` as the file spells them to the model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from headroom.config.problems import Key
from headroom.config.scalars_policies import prefix_of
from headroom.config.spec import FileSpec
from headroom.config.spec_policies import ApplicationSpec
from headroom.policies import Application, Invalidation, KeyPolicy, LayerPolicy, Policies
from headroom.sources import Secret
from headroom.units import parse_duration


def policies(spec: FileSpec, unset: Mapping[Key, str]) -> Policies:
    """Return what is declared beside budgets; `unset` names the variable of what is not configured."""
    keys, layers = [], []
    for each in spec.caching:
        least, most = _span(each.ttl.min), _span(each.ttl.max)
        if each.keys:
            keys.append(KeyPolicy(each.name, each.source, prefix_of(each.keys), least, most, each.guide))
        else:
            layers.append(LayerPolicy(each.name, each.source, each.gauge, least, most, each.guide))
    changes = tuple(Invalidation(each.data, each.trigger, each.strategy) for each in spec.invalidation)
    application = None if spec.application is None else _application(spec.application, unset)
    return Policies(tuple(keys), tuple(layers), changes, application)


def _application(spec: ApplicationSpec, unset: Mapping[Key, str]) -> Application:
    missing = unset.get(("application", "url"), "")
    return Application(
        url=None if missing else Secret(spec.url),
        unset=missing,
        live=spec.live,
        ready=spec.ready,
        payloads=tuple(spec.payloads),
        slow_requests=_span(spec.slow_requests),
        timeout=parse_duration(spec.timeout),
    )


def _span(text: str) -> timedelta | None:
    return parse_duration(text) if text else None
