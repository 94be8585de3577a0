"""What a rule about Redis is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from headroom.audit.finding import Finding
from headroom.audit.redis.facts import RedisFacts
from headroom.budgets import Budget
from headroom.policies import NOTHING, Policies


@dataclass(frozen=True, slots=True)
class RedisCase:
    """One Redis, as its rules see it."""

    facts: RedisFacts
    policies: Policies = NOTHING
    budgets: tuple[Budget, ...] = ()


RedisRule = Callable[[RedisCase], Iterable[Finding]]
"""Pure: the same case gives the same findings."""
