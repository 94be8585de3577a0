"""The parts `caching:`, `invalidation:` and `application:` of budgets.yaml as the file spells them."""

from __future__ import annotations

from pydantic import Field

from headroom.config.scalars import Address, Metric, Name, Span, Text, Timeout
from headroom.config.scalars_policies import Door, Keys, Life, Payloads
from headroom.config.spec_base import Spec


class LifeSpec(Spec):
    """How long something may be kept; min, max or both."""

    min: Life = ""
    """It must not be set to less."""
    max: Life = ""
    """It must not be set to more, nor to no end at all."""


class CachingSpec(Spec):
    """How long one part of a cache is kept: keys of a Redis, or a gauge of the application's own memory."""

    name: Name
    """What findings call it; keys themselves are never named."""
    source: Name
    """For keys a source of kind redis, for a gauge one of kind prometheus."""
    keys: Keys = ""
    """What the keys begin with, and one * after it, e.g. finance:report:*; "*" for all. The first entry of
    a source that fits takes a key. Any byte may stand as \\xNN, and a backslash stands as \\\\."""
    gauge: Metric = ""
    """A metric of the application, in seconds, that tells how long its own memory keeps things."""
    ttl: LifeSpec
    """How long they may be kept, from the moment they are set."""
    guide: Text = ""
    """The place in the guide that the figures come from."""


class InvalidationSpec(Spec):
    """What a change of data must do to the cache. It cannot be seen from outside: somebody confirms it."""

    data: Text
    """The data that is cached."""
    trigger: Text
    """What changes it."""
    strategy: Text
    """What then happens to what is cached."""


class ApplicationSpec(Spec):
    """Where the application answers by HTTP. Only `headroom audit` asks it, by GET."""

    url: Address
    """Its address. One unset ${NAME} means: not configured. Passwords belong into ${NAME} or ${file:PATH}."""
    live: Door = "/health/live"
    """The path that tells whether the process lives; "" where there is none."""
    ready: Door = "/health/ready"
    """The path that tells whether it can serve, with its database and cache; "" where there is none."""
    payloads: Payloads = Field(default_factory=list)
    """One path or a list of them, whose answers are large enough to be compressed. They are asked as they
    stand and only read, so name none that changes anything."""
    slow_requests: Span = ""
    """From which duration the application logs a request as slow; left out: it is not known."""
    timeout: Timeout = "5s"
    """How long one answer may take."""
