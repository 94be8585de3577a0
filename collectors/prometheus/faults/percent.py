"""Percentages read as ratios, ratios read as percentages, and shares that no share can be."""

from __future__ import annotations

import math
from collections.abc import Sequence

from collectors.prometheus.faults.fault import Fault, Remedy

CLEARLY = 2.0
"""Up to here a ratio may be of something that is overbooked, and is judged as that."""
FAR = 5.0
"""Above this no ratio was meant; between the two several label sets must be there."""
LONG = 40
"""Samples, all of them at most 1, before a percentage is taken for a ratio: 10 minutes at 15 seconds. A cache
that has just begun may well find less than one look-up in a hundred."""
_ROUNDING = 1e-9
WHOLE = {"percent": 100.0, "ratio": 1.0}
"""What each way of reading takes for all."""

REMEDY = Remedy(
    node="""
// a share of METRIC: part and whole of the same moment, and never a share of nothing
const setShare = (gauge: Gauge, labels: Record<string, string>, part: number, whole: number) => {
  if (whole > 0) gauge.set(labels, WHOLEpart / whole);
};
""",
    python='''
def set_share(gauge, part, whole):
    """Set METRIC: part and whole of the same moment, and never a share of nothing."""
    if whole > 0:
        gauge.set(WHOLEpart / whole)
''',
)
YAML = "# budgets.yaml, in the measure of this gauge\nreads: {}\n"
_PERCENT = ("percent", "pct")


def misread(
    name: str,
    metric: str,
    reads: str,
    values: Sequence[float],
    known: Sequence[float],
    *,
    low: bool = True,
    others: Sequence[float] = (),
) -> Fault | None:
    """Return why a gauge's numbers are not what they are read as; None where they can be.

    Args:
        name: the gauge and its target in a sentence.
        metric: its name alone.
        reads: "percent" or "ratio".
        values: the samples since the last poll, as the gauge gives them.
        known: all samples at hand, of all label sets.
        low: a low value is what is bad. Otherwise more than all is no error, but an overload that is judged.
        others: the largest sample of each label set.
    """
    largest = WHOLE[reads]
    several = sum(each > CLEARLY for each in others) > 1
    for value in values:
        if math.isnan(value):
            why = "NaN, the share of nothing; fix: set it only when there was something to count"
        elif value < 0:
            why = f"{value:g}, and no share is negative; fix: see what is subtracted from what"
        elif reads == "ratio" and (value > FAR or (several and value > CLEARLY)) and math.isfinite(value):
            detail = (
                f"{name} reads {value:g} where a ratio is at most 1: it looks like a percentage; if it is "
                "one, write reads: percent"
            )
            return Fault.blinds("percent as ratio", detail, YAML.format("percent"))
        elif math.isinf(value) or (low and value > largest * (1 + _ROUNDING)):
            why = f"{value:.9g}, which is more than all; fix: take part and whole at the same moment"
        else:
            continue
        scale = "100 * " if reads == "percent" else ""
        fix = REMEDY.of(metric).replace("WHOLE", scale)
        return Fault.blinds("impossible share", f"{name} reads {why}", fix)
    meant = any(word in metric.lower() for word in _PERCENT)
    if (
        reads == "percent"
        and not meant
        and len(known) >= LONG
        and values
        and all(0 < value <= 1 for value in known)
    ):
        detail = (
            f"all {len(known):,} samples of {name} lie between {min(known):.3g} and {max(known):.3g} where a "
            "percentage runs to 100; if it is a ratio, write reads: ratio"
        )
        return Fault.warns("ratio as percent", detail, YAML.format("ratio"))
    return None
