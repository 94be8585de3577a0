"""What a PostgreSQL cluster tells of its statements and connections, read without hurting it."""

from collectors.postgres.collector import build

__all__ = ["build"]
