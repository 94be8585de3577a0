"""The PromQL that is sent: raw samples only, never rate() or a quantile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

NO_DISKS = r"(loop|ram|zram|sr|fd|dm-).*"
"""Devices that are no disk of their own: what they do is done by, or hidden behind, another device."""

NOW = "time()"
HEALTH = ("up", "process_start_time_seconds")


def histogram(metric: str, window: float) -> str:
    """Return the query for all counters of a histogram within the last `window` seconds."""
    return _raw(f"__name__=~{_quoted(f'{re.escape(metric)}_(bucket|sum|count)')}", window)


def health(window: float) -> str:
    """Return the query for the scrapes of all targets within the last `window` seconds."""
    return _raw(f"__name__=~{_quoted('|'.join(HEALTH))}", window)


def machines(series: Iterable[str], window: float) -> str:
    """Return the query for the counters of node_exporter within the last `window` seconds.

    Series without a device pass the filter of devices: an absent label is empty.
    """
    return _raw(f"__name__=~{_quoted('|'.join(series))},device!~{_quoted(NO_DISKS)}", window)


def _raw(matchers: str, window: float) -> str:
    return f"{{{matchers}}}[{round(window * 1000)}ms]"


def _quoted(text: str) -> str:
    # PromQL reads strings as Go does; JSON's escapes will do, as long as nothing becomes a surrogate pair.
    return json.dumps(text, ensure_ascii=False)
