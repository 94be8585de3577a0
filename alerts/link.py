"""Links into the dashboard, with the time of what they are about, and what may be a link at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from headroom.incidents import Incident

_BEFORE = timedelta(minutes=10)  # what was before is half of what is to be seen
_PERIODS = (
    (timedelta(minutes=15), "15m"),
    (timedelta(hours=1), "1h"),
    (timedelta(hours=6), "6h"),
    (timedelta(hours=24), "24h"),
)
_LONGEST = 2000


def budget_link(base: str, incident: Incident, window: timedelta, at: datetime) -> str:
    """Return the page of an incident's row at the time of the incident; empty without a base.

    Args:
        base: the dashboard's address, without a slash at its end.
        incident: names the row.
        window: of its budget: evidence from before it began is part of the story.
        at: the end of the story, UTC.
    """
    if not web_address(base):
        return ""
    start = min(incident.opened, at) - max(window, _BEFORE)
    period = next((name for length, name in _PERIODS if at - start <= length), _PERIODS[-1][1])
    asked = {
        "b": incident.budget,
        "s": incident.statistic.value,
        "w": period,
        "from": _stamp(start),
        "to": _stamp(at),
    }
    return web_address(f"{base}/budget?{urlencode(asked, safe=':')}")


def web_address(text: str) -> str:
    """Return an address that may be made a link, or nothing: http and https only, in plain ASCII."""
    if (
        not text.isascii()
        or not text.isprintable()
        or len(text) > _LONGEST
        or set(text) & set(" \"'<>\\^`{|}")
    ):
        return ""
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and host and parts.username is None else ""


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
