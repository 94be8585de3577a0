"""Prometheus: class histograms from raw bucket counters, and machines from node_exporter.

The only package that knows prometheus-api-client.
"""

from collections.abc import Mapping

from collectors.prometheus.asked import NO_QUERIES, Asked
from collectors.prometheus.collector import PrometheusCollector
from collectors.prometheus.wire.address import Address
from headroom.budgets import Measure
from headroom.observation import Collector
from headroom.sources import EndpointRules, QueryRules, Source

__all__ = ["build"]


def build(
    source: Source,
    measures: Mapping[Measure, tuple[float, ...]],
    endpoints: EndpointRules,
    queries: QueryRules = NO_QUERIES,
) -> Collector:
    """Return the collector of one Prometheus-compatible API.

    Args:
        source: where it is, and how often it is polled.
        measures: what is asked of it, with the thresholds in seconds at which bounds are wanted.
        endpoints: how requests fall into classes, and what the metrics call method, path and status.
        queries: how the queries of an application's own histogram fall into classes.

    Raises:
        SourceError: the source has no address, or none that could be asked.
    """
    address = Address.of(source)
    every = source.every.total_seconds()
    asked = Asked(source.name, address.place, every, dict(measures), endpoints, queries)
    return PrometheusCollector(address, asked)
