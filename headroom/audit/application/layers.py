"""How long the application's own memory keeps things, where it sets a gauge that tells."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.application.case import ApplicationCase
from headroom.audit.finding import Finding
from headroom.budgets import Unit
from headroom.checks import State
from headroom.policies import LayerPolicy
from headroom.units import format_value

_RULE = "caching.layer"
_GUIDE = "Cache Layers: in memory, each instance, 5-30 seconds"
_DECLARE = (
    "caching:\n  - name: in-memory\n    source: metrics\n    gauge: app_cache_ttl_seconds\n"
    "    ttl: {min: 5s, max: 30s}"
)


def layers(case: ApplicationCase) -> Iterator[Finding]:
    """Yield for each declared layer whether its gauge lies within the policy."""
    if not case.policies.layers:
        found = (
            "cannot be checked: what a process keeps in its own memory is seen by nobody, unless it sets a "
            "gauge in seconds and budgets.yaml names it"
        )
        yield Finding(_RULE, (), State.CANNOT_CHECK, _GUIDE, found, _DECLARE)
    for policy in case.policies.layers:
        yield _layer(case, policy)


def _layer(case: ApplicationCase, policy: LayerPolicy) -> Finding:
    labels = (("policy", policy.name), ("source", policy.source))
    guide = policy.guide or _GUIDE
    metrics = next((one for one in case.metrics if one.source == policy.source), None)
    ends = (metrics.layers or {}).get(policy.name) if metrics else None
    if metrics is None or ends is None:
        why = f"{policy.source} could not be read"
        if metrics is not None:
            why = metrics.why.get("layers") or f"{policy.source} has no {policy.gauge}"
        return Finding(_RULE, labels, State.CANNOT_CHECK, guide, f"cannot be checked: {why}")
    least, most = (None if end is None else end.total_seconds() for end in (policy.least, policy.most))
    told = _span(*ends)
    if (least is not None and ends[0] < least) or (most is not None and ends[1] > most):
        found = f"{policy.gauge} says {told}, and the policy is {_policy(least, most)}"
        return Finding(_RULE, labels, State.FAIL, guide, found, "set the time to live of that cache to it")
    found = f"{policy.gauge} says {told}, within the policy of {_policy(least, most)}"
    return Finding(_RULE, labels, State.PASS, guide, found)


def _policy(least: float | None, most: float | None) -> str:
    if least is None or most is None:
        end = least if most is None else most
        return "any time" if end is None else f"at {'least' if most is None else 'most'} {_told(end)}"
    return _span(least, most)


def _span(low: float, high: float) -> str:
    return _told(low) if low == high else f"{_told(low)} to {_told(high)}"


def _told(seconds: float) -> str:
    return format_value(seconds, Unit.SECONDS)
