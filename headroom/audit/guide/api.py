"""The chapter API Performance."""

from __future__ import annotations

from headroom.audit.guide.rule import Asked, GuideRule, Place

_CHAPTER = "API Performance"
_COMPRESSION = Place(_CHAPTER, "Response Compression")
_SHAPE = Place(_CHAPTER, "Response Optimization")
_RATES = Place(_CHAPTER, "Rate Limiting Impact")
_TIERS = (
    ("short", "10 requests in 1 s"),
    ("medium", "100 requests in 10 s"),
    ("long", "500 requests in 60 s"),
)

RULES = (
    GuideRule(
        "api.compression",
        _COMPRESSION,
        "answers over 1 KB are compressed for clients that accept gzip",
        Asked.DOORS,
        ("application.compression",),
    ),
    GuideRule(
        "api.compression-level",
        _COMPRESSION,
        "compression level 6",
        by_hand=True,
    ),
    GuideRule(
        "api.exposed-only",
        _SHAPE,
        "only fields with @Expose() are sent (excludeExtraneousValues)",
        by_hand=True,
    ),
    GuideRule(
        "api.dto",
        _SHAPE,
        "answers are shaped by DTOs, and secrets such as passwordHash bear @Exclude()",
        by_hand=True,
    ),
    GuideRule(
        "api.rate-limiting",
        _RATES,
        "rate limits balance security and performance: few answers are 429",
        Asked.PROMETHEUS,
        ("application.rate_limits",),
    ),
    *(
        GuideRule(f"api.rate-limit.{name}", _RATES, f"the tier {name}: {said}", by_hand=True)
        for name, said in _TIERS
    ),
)
