"""The chapter Caching Strategy."""

from __future__ import annotations

from headroom.audit.guide.rule import Asked, GuideRule, Place
from headroom.policies import Invalidation

_CHAPTER = "Caching Strategy"
_LAYERS = Place(_CHAPTER, "Cache Layers")
_SERVICE = Place(_CHAPTER, "Cache Implementation")
_ASIDE = Place(_CHAPTER, "Cache-Aside Pattern")
INVALIDATION = Place(_CHAPTER, "Cache Invalidation Strategy")

_AT_ONCE = "Immediate invalidation"
ROWS = (
    Invalidation("User preferences", "User updates preferences", _AT_ONCE),
    Invalidation("Financial reports", "New transaction created", _AT_ONCE),
    Invalidation("Dashboard metrics", "Any metrics-affecting change", _AT_ONCE),
    Invalidation("Service catalog", "Catalog updated", _AT_ONCE),
    Invalidation("Tenant config", "Admin updates config", _AT_ONCE),
)
"""The guide's table, which holds where budgets.yaml declares no other trigger for the same data."""


def of_row(row: Invalidation) -> GuideRule:
    """Return the rule of a row of the table."""
    return GuideRule(
        f"caching.invalidation.{slug(row.data)}",
        INVALIDATION,
        f"{row.data}: {row.trigger} → {row.strategy}",
        about=(("data", row.data),),
        by_hand=True,
        row=(row.data, row.trigger, row.strategy),
    )


def slug(data: str) -> str:
    """Return what stands for data in the name of its rule: small letters and digits; empty without any."""
    return "-".join("".join(sign if sign.isalnum() else " " for sign in data.lower()).split())


RULES = (
    GuideRule(
        "caching.in-memory",
        _LAYERS,
        "the application's own memory keeps entries for 5 to 30 seconds",
        Asked.PROMETHEUS,
        ("caching.layer",),
        by_hand=True,
    ),
    GuideRule(
        "caching.distributed",
        _LAYERS,
        "Redis keeps entries for 1 to 24 hours",
        Asked.REDIS,
        ("caching.keys",),
        cites=_LAYERS.section,
    ),
    GuideRule(
        "caching.persistent",
        _LAYERS,
        "the database keeps what the caches hold copies of",
        why="it says what the layers are for, and asks for nothing that could be broken",
    ),
    GuideRule(
        "caching.failures",
        _SERVICE,
        "a get, set or del that fails is logged, and the request goes on without the cache",
        by_hand=True,
    ),
    GuideRule(
        "caching.expiry",
        _SERVICE,
        "every set has a time to live",
        Asked.REDIS,
        ("caching.expiry",),
    ),
    GuideRule(
        "caching.get-or-set",
        _SERVICE,
        "getOrSet: what is missing is computed once, stored, and returned",
        by_hand=True,
    ),
    GuideRule(
        "caching.scan",
        _SERVICE,
        "invalidatePattern finds keys by SCAN with COUNT 100, and deletes them",
        by_hand=True,
    ),
    GuideRule(
        "caching.cache-aside",
        _ASIDE,
        "ask the cache first, then the database, and keep what it gave",
        by_hand=True,
    ),
    GuideRule(
        "caching.reports",
        _ASIDE,
        "finance:report:* keeps reports for one hour",
        Asked.REDIS,
        ("caching.keys",),
        cites=_ASIDE.section,
    ),
    GuideRule(
        "caching.key-names",
        _ASIDE,
        "keys name tenant, report and dates, so that a tenant's reports can be invalidated together",
        by_hand=True,
    ),
    *(of_row(row) for row in ROWS),
)
