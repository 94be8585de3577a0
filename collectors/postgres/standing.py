"""From when the evidence of an interval counts, and how far it can be trusted. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from collectors.postgres.entry import Change
from headroom.observation import Quality
from headroom.span import Span, worst


def standing(
    changes: Iterable[Change], span: Span, reset: datetime | None, *, lost: int
) -> tuple[datetime, Quality]:
    """Return the start and the quality of what statements did, some of which may be `lost`."""
    quality = worst(span.quality, *{change.quality for change in changes})
    if reset is not None or lost:
        quality = worst(quality, Quality.RESET)
    return max(span.start, min(reset or span.start, span.end)), quality
