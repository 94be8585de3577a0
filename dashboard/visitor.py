"""What differs from visitor to visitor: time zone and path; and how foreign text is shown to all of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def zone() -> tzinfo:
    """Return the browser's time zone; UTC where it tells none, or one that does not exist here."""
    return zone_named(st.context.timezone)


def zone_named(name: str | None) -> tzinfo:
    """Return a time zone by its name, which comes from the browser and may be anything; UTC in doubt."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return UTC


def base() -> str:
    """Return the path that the server is reached under, without a slash at its end; empty at the root."""
    path = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{path}" if path else ""


def clock(moment: datetime, now: datetime, zone: tzinfo, *, seconds: bool = False) -> str:
    """Return a moment as the visitor's clock shows it, with the day where it is not today: "21 Nov 14:02"."""
    local = moment.astimezone(zone)
    time = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    return time if local.date() == now.astimezone(zone).date() else f"{local.day} {local:%b} {time}"


def plain(text: str) -> str:
    """Return a text that Streamlit's Markdown shows as it is, whatever a source put into it."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])", r"\\\1", " ".join(text.split()))
