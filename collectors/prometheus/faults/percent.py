"""Percentages read as ratios, ratios read as percentages, and shares that no share can be."""

from __future__ import annotations

import math
from collections.abc import Sequence

from collectors.prometheus.faults.fault import Fault, Remedy

CLEARLY = 1.5
"""Above this nothing was meant as a ratio; up to it two counts may be of different moments."""
LONG = 40
"""Samples, all of them at most 1, before a percentage is taken for a ratio: 10 minutes at 15 seconds. A cache
that has just begun may well find less than one look-up in a hundred."""
_ROUNDING = 1e-9
WHOLE = {"percent": 100.0, "ratio": 1.0}
"""What each way of reading takes for all."""

REMEDY = Remedy(
    node="""
// say which it is in the name: METRIC as a ratio from 0 to 1, and never a share of nothing
if (hits + misses > 0) this.hitRatio.set({ cache_type: 'redis' }, hits / (hits + misses));
""",
    python='''
def set_ratio(gauge, hits, misses):
    """Set METRIC as a ratio from 0 to 1, and never a share of nothing."""
    if hits + misses > 0:
        gauge.set(hits / (hits + misses))
''',
)
YAML = "# budgets.yaml\nmeasure: {{gauge: METRIC, source: ..., reads: {}}}\n"


def misread(
    name: str, metric: str, reads: str, values: Sequence[float], known: Sequence[float]
) -> Fault | None:
    """Return why a gauge's numbers are not what they are read as; None where they can be.

    Args:
        name: the gauge and its target in a sentence.
        metric: its name alone.
        reads: "percent" or "ratio".
        values: the samples since the last poll, as the gauge gives them.
        known: all samples at hand, of all label sets.
    """
    largest = WHOLE[reads]
    for value in values:
        if math.isnan(value):
            why = "NaN, the share of nothing; fix: set it only when there was something to count"
        elif value < 0:
            why = f"{value:g}, and no share is negative; fix: see what is subtracted from what"
        elif reads == "ratio" and value > CLEARLY:
            detail = (
                f"{name} reads {value:g} where a ratio is at most 1: it is a percentage; write reads: percent"
            )
            return Fault.blinds("percent as ratio", detail, YAML.format("percent").replace("METRIC", metric))
        elif value > largest * (1 + _ROUNDING):
            why = f"{value:.9g}, which is more than all; fix: take part and whole at the same moment"
        else:
            continue
        return Fault.blinds("impossible share", f"{name} reads {why}", REMEDY.of(metric))
    if reads == "percent" and len(known) >= LONG and values and all(0 < value <= 1 for value in known):
        detail = (
            f"all {len(known):,} samples of {name} lie between {min(known):.3g} and {max(known):.3g} where a "
            "percentage runs to 100: it is a ratio; write reads: ratio"
        )
        return Fault.blinds("ratio as percent", detail, YAML.format("ratio").replace("METRIC", metric))
    return None
