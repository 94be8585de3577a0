"""All rules about the application, in the order in which they are printed."""

from __future__ import annotations

from headroom.audit.application.breaker import breaker
from headroom.audit.application.case import ApplicationRule
from headroom.audit.application.docker import limits, throttling
from headroom.audit.application.health import live, ready
from headroom.audit.application.layers import layers
from headroom.audit.application.leak import leak
from headroom.audit.application.rate_limits import rate_limits
from headroom.audit.application.responses import compression, payload
from headroom.audit.application.slow_requests import slow_requests

APPLICATION: tuple[ApplicationRule, ...] = (
    layers,
    leak,
    breaker,
    compression,
    payload,
    rate_limits,
    limits,
    throttling,
    slow_requests,
    live,
    ready,
)
"""For the application, its containers and its processes."""
