"""All rules about a Redis, in the order in which they are printed."""

from __future__ import annotations

from headroom.audit.redis.case import RedisRule
from headroom.audit.redis.container import container
from headroom.audit.redis.expiry import expiry
from headroom.audit.redis.lives import lives
from headroom.audit.redis.settings import settings
from headroom.audit.redis.sizes import sizes
from headroom.audit.redis.traces import latency_tracking, slow_log

REDIS: tuple[RedisRule, ...] = (settings, container, expiry, lives, sizes, slow_log, latency_tracking)
"""For sources of kind redis."""
