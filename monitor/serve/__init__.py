"""What Headroom tells of itself: /metrics for a Prometheus, /livez and /readyz for whoever starts it."""

from monitor.serve.own import Own
from monitor.serve.server import ServeError, Server

__all__ = ["Own", "ServeError", "Server"]
