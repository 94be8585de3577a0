"""What this collector's own statements cost the server. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from collectors.postgres.entry import Change
from headroom.budgets import Unit
from headroom.cost import OWN_TIME
from headroom.evidence import Ratio
from headroom.observation import Observation, Part, Series
from headroom.span import Span, worst
from headroom.units import format_value


def observations(source: str, own: Sequence[Change], span: Span) -> list[Observation]:
    """Return the execution time of the own statements as a share of the interval, of one core that is."""
    calls, took = sum(one.n for one in own), sum(one.total for one in own)
    part = Part(
        span.start,
        span.end,
        Ratio(took, span.seconds),
        worst(span.quality, *(one.quality for one in own)),
        detail=f"{calls} statements of Headroom's own took {format_value(took, Unit.SECONDS)}",
    )
    return [Observation(Series(source, OWN_TIME), (part,))]
