"""A ratio of everything since the process began, which poses as the ratio of the last minutes.

Each look-up moves such a ratio by one part in all look-ups so far: what it changes halves whenever its age
doubles, whatever the traffic does. A ratio over a window keeps moving as much as it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from collectors.prometheus.faults.fault import Fault, Remedy
from collectors.prometheus.words import listed, printable

ID = "lifetime ratio"

FIRST = 16
"""Steps of age at which the first octave begins: before, it jumps about."""
OCTAVES = 5
"""Doublings of the age that must all agree. Five need FIRST * 2 ** 5 = 512 steps: by then, a window would
have to be half as long as the process is old in order to look like its whole life."""
STEPS = FIRST * 2**OCTAVES
HALF = (0.3, 0.75)
"""What may remain of the movement from one octave to the next, where a half is expected: the mean of 16
movements varies by a quarter. A curve that settles smoothly falls to a quarter or less."""
EACH = (0.4, 0.62)
"""What may remain of it on average over all octaves."""
TOGETHER = -0.25
"""The least correlation of successive movements, each times its age. Windows share no look-up with the next
one, so their ratios jump back and forth at -0.5, also where rising traffic makes them ever steadier."""

REMEDY = Remedy(
    node="""
// count, and leave the ratio to whoever reads: over a window it is
//   sum(rate(cache_hits_total[5m]))
//     / (sum(rate(cache_hits_total[5m])) + sum(rate(cache_misses_total[5m])))
readonly hits = new Counter({
  name: 'cache_hits_total',
  help: 'Look-ups that found something',
  labelNames: ['cache_type'],
});
readonly misses = new Counter({
  name: 'cache_misses_total',
  help: 'Look-ups that found nothing',
  labelNames: ['cache_type'],
});

recordLookup(cacheType: string, found: boolean): void {
  (found ? this.hits : this.misses).inc({ cache_type: cacheType });
}

// where METRIC must stay: set it from the look-ups since the last time, and only if there were any
private last = { hits: 0, misses: 0 };

setHitRate(hits: number, misses: number): void {
  const found = hits - this.last.hits;
  const lookups = found + misses - this.last.misses;
  this.last = { hits, misses };
  if (lookups > 0) this.cacheHitRate.set({ cache_type: 'redis' }, (found / lookups) * 100);
}
""",
    python='''
# count, and leave the ratio to whoever reads: over a window it is
#   sum(rate(cache_hits_total[5m]))
#     / (sum(rate(cache_hits_total[5m])) + sum(rate(cache_misses_total[5m])))
from prometheus_client import Counter, Gauge

HITS = Counter("cache_hits_total", "Look-ups that found something.", ["cache_type"])
MISSES = Counter("cache_misses_total", "Look-ups that found nothing.", ["cache_type"])


def record_lookup(cache_type, found):
    """Count one look-up."""
    (HITS if found else MISSES).labels(cache_type).inc()


# where METRIC must stay: set it from the look-ups since the last time, and only if there were any
HIT_RATE = Gauge("METRIC", "Hits of the latest look-ups, as a percentage.", ["cache_type"])
_last = {}


def set_hit_rate(cache_type, hits, misses):
    """Set the gauge, given all hits and misses since the start."""
    hits_then, misses_then = _last.get(cache_type, (0, 0))
    _last[cache_type] = hits, misses
    found, lookups = hits - hits_then, hits - hits_then + misses - misses_then
    if lookups > 0:
        HIT_RATE.labels(cache_type).set(100 * found / lookups)
''',
)


@dataclass(frozen=True, slots=True)
class Movement:
    """How much a value moved on average within one octave of its age.

    Attributes:
        age: seconds at which the octave begins; it ends at twice that.
        mean: mean absolute change of the change from one step to the next, which leaves out steady climbs.
    """

    age: float
    mean: float


def movements(points: Sequence[tuple[float, float]], step: float) -> tuple[Movement, ...]:
    """Return the movement of each whole octave of age; `points` are ages and values, `step` seconds apart."""
    changes = [
        (age, abs(after - 2 * value + before))
        for (_, before), (_, value), (age, after) in zip(points, points[1:], points[2:], strict=False)
    ]
    found = []
    age = FIRST * step
    while changes and 2 * age <= changes[-1][0] + step / 2:
        octave = [moved for when, moved in changes if age <= when < 2 * age]
        # Gaps in what was kept: half of the steps must be there.
        enough = 2 * len(octave) >= age / step
        found.append(Movement(age, sum(octave) / len(octave) if enough else 0.0))
        age *= 2
    return tuple(found)


def is_lifetime(points: Sequence[tuple[float, float]], step: float) -> bool:
    """Tell whether the values at these ages are those of a ratio since the start.

    False where the life is too short, where nothing moved for an octave, and where anything speaks against.
    """
    octaves = [one.mean for one in movements(points, step)]
    if len(octaves) < OCTAVES or not all(octaves):
        return False
    left = [later / earlier for earlier, later in pairwise(octaves)]
    if not all(HALF[0] <= one <= HALF[1] for one in left):
        return False
    if not EACH[0] <= (octaves[-1] / octaves[0]) ** (1 / len(left)) <= EACH[1]:
        return False
    steps = [(after - before) * age for (_, before), (age, after) in pairwise(points) if age >= FIRST * step]
    squares = sum(one * one for one in steps)
    return sum(one * other for one, other in pairwise(steps)) >= TOGETHER * squares


def lifetime(name: str, metric: str, points: Sequence[tuple[float, float]], step: float) -> Fault | None:
    """Return the fault that a gauge tells its whole life; `name` is gauge and target in a sentence."""
    if not is_lifetime(points, step):
        return None
    octaves = movements(points, step)
    shown = [
        f"{one.mean:.2g} after {_age(one.age)}"
        for one in (octaves[0], octaves[len(octaves) // 2], octaves[-1])
    ]
    return Fault.blinds(
        ID,
        f"{printable(name, 300)} is a ratio since the process began: from one reading to the next it moved "
        f"by {listed(shown)}, half as much whenever its age doubled, so it hides what happens now; "
        "fix: count hits and misses, and take the ratio over a window",
        REMEDY.of(metric),
    )


def _age(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
