"""Circuit breakers, where they expose what happened to their calls."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.amounts import clean
from headroom.audit.application.case import ApplicationCase
from headroom.audit.application.facts import Breaker
from headroom.audit.finding import Finding
from headroom.budgets import Subject, Unit
from headroom.checks import State
from headroom.units import format_value
from headroom.wording import share

_RULE = "application.breaker"
_GUIDE = "Circuit Breaker Pattern: timeout 3 s, opens at 50% errors, tries again after 30 s"
_EXPOSE = (
    "npm install opossum-prometheus; in CircuitBreakerPattern: new PrometheusMetrics({ registry, circuits: "
    "[breaker] }), with the registry that /metrics serves"
)
_OPEN = (
    "in CircuitBreakerPattern: errorThresholdPercentage: 50, and look for enabled: false, an errorFilter "
    "that lets every error pass, and a volumeThreshold that is never reached within 10 s"
)
_OPENS = 0.5  # of calls: the guide's errorThresholdPercentage
_ENOUGH = 10
"""Calls. Ours: with fewer a volumeThreshold may have kept it closed, for good reason."""
_UNSEEN = "; its 3 s, 50% and 30 s cannot be seen in metrics"


def breaker(case: ApplicationCase) -> Iterator[Finding]:
    """Yield for each breaker whether it opened, and whether it should have, or why none can be seen."""
    told = False
    for metrics in case.metrics:
        for one in metrics.breakers or ():
            told = True
            labels: Subject = (("breaker", clean(one.name)), ("source", metrics.source))
            yield _judged(one, labels, f"in the last {format_value(metrics.period, Unit.SECONDS)}")
    if told:
        return
    if not case.metrics:
        found = "cannot be checked: no source of kind prometheus could be read"
        yield Finding(_RULE, (), State.CANNOT_CHECK, _GUIDE, found)
        return
    why = next((m.why["breakers"] for m in case.metrics if "breakers" in m.why), "")
    if not why and any(metrics.breakers is not None for metrics in case.metrics):
        why = "breakers are exposed, but nothing is known yet of what happened to them"
    found = why or "no circuit breaker exposes metrics (circuit, with labels name and event)"
    yield Finding(
        _RULE, (), State.CANNOT_CHECK, _GUIDE, f"cannot be checked: {found}", "" if why else _EXPOSE
    )


def _judged(one: Breaker, labels: Subject, span: str) -> Finding:
    calls = f"{one.calls:,} call{'s' * (one.calls != 1)}"
    if one.opened or one.rejected:
        found = (
            f"{span} it opened {one.opened:,} time{'s' * (one.opened != 1)}: of {calls} {one.failed:,} "
            f"failed, and {one.rejected:,} were refused without being tried"
        )
        fix = "see what it calls: a breaker that opens protects the application, and mends nothing"
        return Finding(_RULE, labels, State.WARN, _GUIDE, found + _UNSEEN, fix)
    if not one.calls:
        found = f"cannot be checked: {span} nothing was called through it, so that it had nothing to open for"
        return Finding(_RULE, labels, State.CANNOT_CHECK, _GUIDE, found)
    if one.failed > _OPENS * one.calls:
        failed = f"{span} {one.failed:,} of {calls} failed, and it never opened"
        if one.calls < _ENOUGH:
            found = f"cannot be checked: {failed}: fewer than {_ENOUGH} calls are too few to tell why"
            return Finding(_RULE, labels, State.CANNOT_CHECK, _GUIDE, found)
        found = f"{failed}: the guide's opens at {share(_OPENS)}, so that others are not called in vain"
        return Finding(_RULE, labels, State.FAIL, _GUIDE, found, _OPEN)
    found = (
        f"{span} it stayed closed: {calls}, of which {one.failed:,} failed ({share(one.failed / one.calls)})"
        "; whether it opens when more do was not seen"
    )
    return Finding(_RULE, labels, State.PASS, _GUIDE, found + _UNSEEN)
