"""Servers of the PostgreSQL tests."""

from __future__ import annotations

from tests.collectors_postgres.conftest import start, template_of

__all__ = ["start", "template_of"]
