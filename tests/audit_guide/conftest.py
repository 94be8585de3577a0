"""Real servers, those of the Redis collector's tests."""

from tests.collectors_redis.conftest import start

__all__ = ["start"]
