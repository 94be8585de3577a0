"""Circuit breakers that expose what happened to their calls, as opossum-prometheus 0.3 does.

It counts the events of each breaker in one counter, `circuit` with labels name and event; a prefix may stand
before it. Every call is a "fire"; one that fails or times out is a "failure", too.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from collectors.prometheus.audited.asking import Asking, named
from collectors.prometheus.audited.counted import Counted
from headroom.audit.application.facts import Breaker

MOST = 100
"""Breakers that are told."""
_MOST_METRICS = 5
_EVENTS = 'event=~"fire|failure|open|reject"'


def breakers_of(asking: Asking, counted: Counted) -> tuple[Breaker, ...] | None:
    """Return the breakers by name, of all instances; None where there are none; or raise SourceError."""
    metrics = asking.vector(f'count by (__name__) ({{__name__=~"(.+_)?circuit",{_EVENTS}}})', _MOST_METRICS)
    if not metrics:
        return None
    events: dict[str, Counter[str]] = defaultdict(Counter)
    for labels, _ in metrics:
        for one, moved in counted.moved(named(labels.get("__name__", ""), _EVENTS)):
            events[asking.quotable(one.get("name", ""))][one.get("event", "")] += moved
    return tuple(
        Breaker(name, each["open"], each["fire"], each["failure"], each["reject"])
        for name, each in sorted(events.items())[:MOST]
    )
