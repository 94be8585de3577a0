"""What a Redis server tells of its memory and its look-ups; sees neither keys nor values."""

from collectors.redis.collector import build

__all__ = ["build"]
