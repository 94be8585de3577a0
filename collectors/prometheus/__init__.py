"""Prometheus: class histograms from raw bucket counters, and machines from node_exporter.

The only package that knows prometheus-api-client.
"""

from collections.abc import Mapping

from collectors.prometheus.address import Address
from collectors.prometheus.asked import Asked
from collectors.prometheus.collector import PrometheusCollector
from headroom.budgets import Measure
from headroom.observation import Collector
from headroom.sources import EndpointRules, Source

__all__ = ["build"]


def build(source: Source, measures: Mapping[Measure, tuple[float, ...]], rules: EndpointRules) -> Collector:
    """Return the collector of one Prometheus-compatible API.

    Args:
        source: where it is, and how often it is polled.
        measures: what is asked of it, with the thresholds in seconds at which bounds are wanted.
        rules: how requests fall into classes, and what the metrics call method, path and status.

    Raises:
        SourceError: the source has no address, or none that could be asked.
    """
    address = Address.of(source)
    asked = Asked(source.name, address.place, source.every.total_seconds(), dict(measures), rules)
    return PrometheusCollector(address, asked)
