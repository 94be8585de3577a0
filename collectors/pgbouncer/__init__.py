"""What PgBouncer tells of its pools, over its admin console."""

from collectors.pgbouncer.collector import build

__all__ = ["build"]
