"""What a PostgreSQL cluster tells of its statements and connections, read without hurting it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collectors.postgres.collector import PostgresCollector
    from headroom.budgets import Measure
    from headroom.sources import QueryRules, Source


def build(
    source: Source, measures: Mapping[Measure, tuple[float, ...]], rules: QueryRules
) -> PostgresCollector:
    """Return the collector of a cluster; see `collectors.postgres.collector.build`."""
    # The process that parses statements is in this package, and has no need of the driver.
    from collectors.postgres import collector  # noqa: PLC0415

    return collector.build(source, measures, rules)


__all__ = ["build"]
