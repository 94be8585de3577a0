"""What this collector's own statements cost the server. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from collectors.postgres.entry import Change
from collectors.postgres.snapshot import Statements
from headroom.budgets import Unit
from headroom.cost import OWN_TIME
from headroom.evidence import Ratio
from headroom.observation import Observation, Part, Series
from headroom.span import Span, worst
from headroom.units import format_value


def observations(
    source: str, own: Sequence[Change], span: Span, old: Statements, new: Statements
) -> list[Observation]:
    """Return the execution time of the own statements as a share of the interval, of one core that is."""
    calls, took = sum(one.n for one in own), sum(one.total for one in own)
    detail = f"{calls} statements of Headroom's own took {format_value(took, Unit.SECONDS)}"
    if new.own is not None:
        held, blocks = new.own
        detail += f"; it holds {held} connection{'s' * (held != 1)}"
        if old.own is not None and blocks > old.own[1]:
            detail += f" and wrote {blocks - old.own[1]:,} temporary blocks since it last looked"
    part = Part(
        span.start,
        span.end,
        Ratio(took, span.seconds),
        worst(span.quality, *(one.quality for one in own)),
        detail=detail,
    )
    return [Observation(Series(source, OWN_TIME), (part,))]
