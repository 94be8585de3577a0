"""The chapter Monitoring and Profiling."""

from __future__ import annotations

from headroom.audit.guide.rule import Asked, GuideRule, Place

_CHAPTER = "Monitoring and Profiling"
_METRICS = Place(_CHAPTER, "Performance Metrics")
_SLOW = Place(_CHAPTER, "Slow Query Logging")
_HEALTH = Place(_CHAPTER, "Health Check Endpoints")

RULES = (
    GuideRule(
        "monitoring.request-duration",
        _METRICS,
        "http_request_duration_seconds by method, path and status",
        Asked.DOCTOR,
        ("metrics.http_request_duration_seconds",),
    ),
    GuideRule(
        "monitoring.request-buckets",
        _METRICS,
        "http_request_duration_seconds has buckets at 0.01, 0.05, 0.1, 0.5, 1 and 5 s",
        Asked.DOCTOR,
        ("metrics.http_request_duration_seconds.buckets",),
    ),
    GuideRule(
        "monitoring.query-duration",
        _METRICS,
        "db_query_duration_seconds by query_type and table",
        Asked.DOCTOR,
        ("metrics.db_query_duration_seconds",),
    ),
    GuideRule(
        "monitoring.query-buckets",
        _METRICS,
        "db_query_duration_seconds has buckets at 0.001, 0.005, 0.01, 0.05, 0.1 and 0.5 s",
        Asked.DOCTOR,
        ("metrics.db_query_duration_seconds.buckets",),
    ),
    GuideRule(
        "monitoring.hit-rate",
        _METRICS,
        "cache_hit_rate by cache_type, as a percentage",
        Asked.DOCTOR,
        ("metrics.cache_hit_rate",),
    ),
    GuideRule(
        "monitoring.hit-rate-formula",
        _METRICS,
        "cache_hit_rate is hits / (hits + misses) * 100, and 0 where nothing was looked up",
        by_hand=True,
    ),
    GuideRule(
        "monitoring.slow-requests",
        _SLOW,
        "requests over 1 s are logged as slow",
        Asked.DOORS,
        ("application.slow_requests",),
        by_hand=True,
        declared=True,
    ),
    GuideRule(
        "monitoring.slow-request-fields",
        _SLOW,
        "a slow request's line says method, url and duration",
        by_hand=True,
    ),
    GuideRule(
        "monitoring.every-request",
        _SLOW,
        "the interceptor records method, url, status and duration of every request, slow or not",
        by_hand=True,
    ),
    GuideRule(
        "monitoring.live",
        _HEALTH,
        "health/live answers OK and asks nobody else",
        Asked.DOORS,
        ("application.live",),
    ),
    GuideRule(
        "monitoring.ready",
        _HEALTH,
        "health/ready asks database and cache, and says which of them is down",
        Asked.DOORS,
        ("application.ready",),
    ),
)
