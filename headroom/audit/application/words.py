"""The words by which health endpoints say how a part is: good, bad, in between, or none that tells."""

from __future__ import annotations

GOOD = frozenset({"up", "ok", "healthy", "pass", "passing", "alive", "live", "ready", "available", "true"})
GOOD |= {"connected", "reachable", "online", "running", "success"}
BAD = frozenset({"down", "error", "unhealthy", "fail", "failing", "failed", "critical", "dead", "false"})
BAD |= {"unavailable", "out_of_service", "not_ready", "unreachable", "disconnected", "offline"}
BETWEEN = frozenset({"warn", "warning", "degraded", "starting", "initializing", "pending"})
BETWEEN |= {"stopping", "terminating", "shutting_down", "draining"}
OTHER = "other"
"""Stands for a word that is not among the known ones: it may be anything, a secret as well."""
UNTOLD = frozenset({"unknown", "disabled", "skipped", OTHER})
"""What says neither that a part is well nor that it is not."""
WHOLE = "status"
"""The name of what a body says of the application as a whole."""
DATABASE = ("database", "db", "postgres", "pgbouncer", "typeorm", "sql")
CACHE = ("cache", "redis", "valkey")
"""Words in the names of parts."""
EXPECTED = "expected were status OK, or up for each part"
"""What a body has to say to be understood."""
