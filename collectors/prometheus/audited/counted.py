"""How far counters moved within a period: differences of raw samples, never rate().

A series that was born inside counts from zero, one that was reset from there on. What a target had counted
before it was first scraped is not known, and not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from collectors.prometheus.asked import Target
from collectors.prometheus.audited.asking import Asking

_HALVES = 7
"""How often the period is halved where the server knows less; of an hour, half a minute is left."""
Key = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Counted:
    """The counters of one Prometheus over one period that ends now.

    Attributes:
        seconds: the period; 0 where the server knows nothing of what was before.
        newcomers: targets of which it is not known what they counted within the period.
    """

    asking: Asking
    seconds: float = 0.0
    newcomers: set[Target] = field(default_factory=set)
    _known: set[Target] = field(default_factory=set)
    _started: dict[Target, float] = field(default_factory=dict)

    def begin(self, period: float) -> None:
        """Find out how far back the server knows its targets: `period` seconds, or half of it, and so on."""
        for halves in range(_HALVES + 1):
            seconds = period / 2**halves
            known = self.asking.vector(f"up offset {_ms(seconds)} == 1")
            if known:
                self.seconds = seconds
                self._known = {_target(labels) for labels, _ in known}
                starts = self.asking.vector(f"last_over_time(process_start_time_seconds[{_ms(seconds)}])")
                self._started = {_target(labels): value for labels, value in starts}
                return

    def moved(self, selector: str) -> Iterator[tuple[dict[str, str], int]]:
        """Yield the labels of each series of one metric and by how much it moved.

        Raises SourceError as `Asking.vector` does.
        """
        if not self.seconds:
            return
        span = _ms(self.seconds)
        newest = self.asking.vector(f"last_over_time({selector}[{span}])")
        before = {_key(labels): value for labels, value in self.asking.vector(f"{selector} offset {span}")}
        reset = {_key(labels) for labels, _ in self.asking.vector(f"resets({selector}[{span}]) > 0")}
        for labels, value in newest:
            key, target = _key(labels), _target(labels)
            start = before.get(key)
            if start is not None and key not in reset and value >= start:
                yield labels, round(value - start)
            elif start is not None or key in reset or self._born_inside(target):
                yield labels, max(0, round(value))
            else:
                self.newcomers.add(target)

    def _born_inside(self, target: Target) -> bool:
        started = self._started.get(target, 0.0)
        return target in self._known or started > self.asking.now - self.seconds


def _key(labels: dict[str, str]) -> Key:
    return frozenset(item for item in labels.items() if item[0] != "__name__")


def _target(labels: dict[str, str]) -> Target:
    return labels.get("job", ""), labels.get("instance", "")


def _ms(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"
