"""How far back the samples of a histogram are asked for: as little as loses nothing.

Of each series one sample counts, the newest. The whole span of a reading is there for targets that were not
scraped well for a while, so that their last samples stay the start of an interval until it is a gap; asked of
all, it would bring the same series ten times over where scrapes are frequent and polls are seldom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collectors.prometheus.asked import Target
from collectors.prometheus.snapshot import Scrape

PERIODS = 2
"""Scrape periods that surely hold the newest scrape of a target that is well: its samples are shown when it
ends, at most one period after their time stamp, and are the newest for one period more."""
MOST_LATE = 20
"""Targets that are asked over the whole span beside the others; of more than these, or of half of all, in a
rollout say, one question over the whole span is the cheaper."""
_ROUNDED = 0.01
"""Seconds; more than the ends of a span are rounded by on their way, and whoever leaves its edge out."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is asked for.

    Attributes:
        near: seconds, for all targets.
        late: the targets of which older samples count too, over the whole span of the reading.
    """

    near: float
    late: tuple[Target, ...] = ()


def span_of(
    metric: str,
    scrapes: Mapping[Target, Scrape],
    gave: Mapping[Target, frozenset[str]],
    now: float,
    window: float,
) -> Span:
    """Return what to ask of a histogram so that nothing is missed of what `window` seconds would show.

    Late are targets whose newest good scrape is older than the others', and those that restarted within the
    window, or do not tell: what a process counted at its end stands in older samples only. `gave` is what
    each target gave in earlier readings.
    """
    giving = [target for target, names in gave.items() if metric in names and target in scrapes]
    periods = [period for target in giving if (period := scrapes[target].every)]
    if not periods or len(periods) < len(giving):
        return Span(window)
    near = PERIODS * max(periods)
    jobs = {job for job, _ in giving}
    late = tuple(
        target
        for target, scrape in scrapes.items()
        if (target[0] in jobs or target not in gave)
        and scrape.ok_at is not None
        and (scrape.ok_at < now - near + _ROUNDED or not scrape.steady)
    )
    if near >= window or len(late) > MOST_LATE or 2 * len(late) >= len(giving):
        return Span(window)
    return Span(near, late)
