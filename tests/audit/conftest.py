"""Real servers, those of the PostgreSQL collector's tests."""

from tests.collectors_postgres.conftest import cluster, cluster_of, start, template, template_of

__all__ = ["cluster", "cluster_of", "start", "template", "template_of"]
