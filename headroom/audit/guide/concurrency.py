"""The chapter Concurrency and Async Patterns."""

from __future__ import annotations

from headroom.audit.guide.rule import Asked, GuideRule, Place

_CHAPTER = "Concurrency and Async Patterns"
_PARALLEL = Place(_CHAPTER, "Parallel Processing")
_POOL = Place(_CHAPTER, "Promise Pool")
_BREAKER = Place(_CHAPTER, "Circuit Breaker Pattern")

RULES = (
    GuideRule(
        "concurrency.parallel-map",
        _PARALLEL,
        "many items are worked on 10 at a time, never all at once (parallelMap)",
        by_hand=True,
    ),
    GuideRule(
        "concurrency.reports",
        _PARALLEL,
        "reports are made 4 at a time",
        by_hand=True,
    ),
    GuideRule(
        "concurrency.promise-pool",
        _POOL,
        "a promise pool limits what runs, and queues the rest",
        by_hand=True,
    ),
    GuideRule(
        "concurrency.rejections",
        _POOL,
        "a task that fails does not stop the others: each result is fulfilled or rejected",
        by_hand=True,
    ),
    GuideRule(
        "concurrency.circuit-breaker",
        _BREAKER,
        "calls to others go through a breaker: timeout 3 s, opens at 50 % errors, tries again after 30 s",
        Asked.PROMETHEUS,
        ("application.breaker",),
        by_hand=True,
    ),
    GuideRule(
        "concurrency.breaker-log",
        _BREAKER,
        "a breaker that opens or closes is logged",
        by_hand=True,
    ),
    GuideRule(
        "concurrency.webhooks",
        _BREAKER,
        "webhooks are delivered through a breaker with a timeout of 5 s",
        by_hand=True,
    ),
)
