"""The chapter Infrastructure Tuning."""

from __future__ import annotations

from headroom.audit.guide.rule import Asked, GuideRule, Place
from headroom.audit.settings import GUIDE

_CHAPTER = "Infrastructure Tuning"
_REDIS = Place(_CHAPTER, "Redis Configuration")
_POSTGRES = Place(_CHAPTER, "PostgreSQL Configuration")
_DOCKER = Place(_CHAPTER, "Docker Resource Limits")
_SETTINGS = (
    ("maxmemory", "1gb"),
    ("maxmemory-policy", "allkeys-lru"),
    ("appendonly", "yes"),
    ("appendfsync", "everysec"),
    ("tcp-keepalive", "300"),
    ("timeout", "0"),
    ("tcp-backlog", "511"),
)
_LIMITS = (
    ("app", "cpus 2, memory 2G"),
    ("redis", "cpus 1, memory 512M"),
    ("postgres", "cpus 2, memory 4G"),
)

RULES = (
    *(
        GuideRule(
            f"infrastructure.redis.{name}",
            _REDIS,
            f"{name} {value}",
            Asked.REDIS,
            (f"redis.setting.{name}",),
        )
        for name, value in _SETTINGS
    ),
    *(
        GuideRule(
            f"infrastructure.postgres.{one.name}",
            _POSTGRES,
            f"{one.name} = {one.text}",
            Asked.POSTGRES,
            (f"postgres.setting.{one.name}",),
        )
        for one in GUIDE
    ),
    *(
        GuideRule(
            f"infrastructure.docker.{name}",
            _DOCKER,
            f"{name}: {said}",
            Asked.PROMETHEUS,
            ("docker.limits",),
            (("service", name),),
        )
        for name, said in _LIMITS
    ),
    GuideRule(
        "infrastructure.docker.reservations",
        _DOCKER,
        "app: cpus 1 and memory 1G are reserved",
        by_hand=True,
    ),
    GuideRule(
        "infrastructure.docker.volume",
        _DOCKER,
        "postgres keeps its data in a volume",
        by_hand=True,
    ),
)
