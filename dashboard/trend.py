"""Whether a mean rose or fell over a period, and the little chart of it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from statistics import median

from headroom.budgets import Unit
from headroom.units import format_value

FEWEST = 8  # columns with calls: with fewer no order of them would be rare enough
_RARE = 2.576  # standard deviations: by chance in one series of a hundred
_LEAST = 0.1  # of the median: what is smaller is true perhaps, and of no use


@dataclass(frozen=True, slots=True)
class Trend:
    """What can be said of a series of means.

    Attributes:
        words: "rising", "falling", "no clear trend" or "too little to tell".
        change: by how much over the whole period, as a share of the median; None where nothing is claimed.
    """

    words: str
    change: float | None = None

    @property
    def said(self) -> str:
        """The words with the figure: "rising, +34%"."""
        return self.words if self.change is None else f"{self.words}, {self.change:+.0%}"


@lru_cache(maxsize=4_096)  # a page draws the same ones again every few seconds
def trend(means: tuple[float | None, ...]) -> Trend:
    """Return the trend of the means of equal stretches of time, oldest first; None where nothing was called.

    A direction is claimed where Kendall's test says that chance orders the means so in at most 1 case of 100,
    whatever their distribution is, and where the slope of Theil and Sen (the median of all slopes between two
    of them) makes a difference of a tenth over the period.
    """
    known = [(place, mean) for place, mean in enumerate(means) if mean is not None]
    n = len(known)
    if n < FEWEST:
        return Trend("too little to tell")
    pairs = [(after[0] - before[0], after[1] - before[1]) for before, after in combinations(known, 2)]
    score = sum((rise > 0) - (rise < 0) for _, rise in pairs)
    deviation = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    middle = median(mean for _, mean in known)
    change = median(rise / run for run, rise in pairs) * (len(means) - 1) / middle if middle > 0 else 0.0
    clear = abs(score) - 1 > _RARE * deviation
    if not clear or abs(change) < _LEAST or (change > 0) != (score > 0):
        return Trend("no clear trend")
    return Trend("rising" if change > 0 else "falling", change)


def spark(means: Sequence[float | None], limit: float | None) -> str:
    """Return the means as a row of little columns, each a box; a stretch without calls stays empty.

    `st.html` strips `<svg>`. The limit is a line across where the columns come near it.
    """
    highest = max((mean for mean in means if mean is not None), default=0.0)
    if highest <= 0:
        return ""
    near = limit is not None and limit <= 2 * highest
    top = max(highest, limit if near and limit is not None else 0.0)
    boxes = "".join(
        "<i></i>" if mean is None else f'<i style="height:{max(100 * mean / top, 3):.0f}%"></i>'
        for mean in means
    )
    line = f'<b style="bottom:{100 * limit / top:.0f}%"></b>' if near and limit is not None else ""
    lowest = min(mean for mean in means if mean is not None)
    empty = sum(mean is None for mean in means)
    said = f"means from {format_value(lowest, Unit.SECONDS)} to {format_value(highest, Unit.SECONDS)}"
    said += f" in {len(means)} stretches of time" + (f", {empty} of them without calls" if empty else "")
    return f'<span class="hr-spark" role="img" aria-label="{said}" title="{said}">{boxes}{line}</span>'
