"""What the audit asks one Prometheus: containers, refused requests, circuit breakers, in-memory layers."""

from collectors.prometheus.audited.reading import read

__all__ = ["read"]
