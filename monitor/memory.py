"""The evidence that the windows still need, as a cache of the history that a restart rebuilds."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from headroom import evicting
from headroom.budgets import Budget, Subject
from headroom.observation import Observation, Part, Series
from headroom.window import Held

_MOST = 20_000  # parts of one series: a window of days polled every second would otherwise grow without bound
_LOOKING = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Kept:
    """A part of this process's own polls, and when it was recorded, by our clock."""

    at: datetime
    part: Part


class Memory:
    """The newest parts of every series, newest first."""

    def __init__(self, longest: Mapping[str, timedelta]) -> None:
        """`longest` is the longest window for each measure, by `Series.measure`."""
        self._longest = longest
        self._parts: dict[Series, deque[Held]] = {}
        self._series: dict[tuple[str, str], set[Series]] = {}
        self._looked: datetime | None = None

    def window_of(self, series: Series) -> timedelta:
        """Return how long a series is kept; zero for one that no budget asks for."""
        return self._longest.get(series.measure, timedelta(0))

    def add(self, observations: Sequence[Observation], at: datetime) -> None:
        """Add what one poll gave and drop what no window can reach any more."""
        for observation in observations:
            series = observation.series
            length = self.window_of(series)
            if not length or not observation.parts:
                continue
            parts = self._parts.get(series)
            if parts is None:
                parts = self._begin(series, ())
            parts.extendleft(Kept(at, part) for part in observation.parts)
            # After a step back of the clock older parts lie ahead of it; they leave when it gets there.
            while parts and parts[-1].at <= at - length:
                parts.pop()
        self._forget(at)

    def _forget(self, at: datetime) -> None:
        """Drop the series of which nothing new came for a window: their subjects are gone, or silent."""
        # Looking through all of them at each poll grows with the square of the sources.
        if self._looked is not None and timedelta(0) <= at - self._looked < _LOOKING:
            return
        self._looked = at
        gone = [series for series, parts in self._parts.items() if parts[0].at <= at - self.window_of(series)]
        for series in gone:
            del self._parts[series]
            self._series[series.source, series.measure].discard(series)

    def restore(self, series: Series, parts: Sequence[Held]) -> None:
        """Put back what the history kept of a series, newest first."""
        if parts and self.window_of(series):
            self._begin(series, parts)

    def _begin(self, series: Series, parts: Sequence[Held]) -> deque[Held]:
        self._series.setdefault((series.source, series.measure), set()).add(series)
        self._parts[series] = deque(parts, maxlen=_MOST)
        return self._parts[series]

    def seen_with(self, observations: Sequence[Observation], at: datetime) -> View:
        """Return what is held together with what a poll just gave, kept only once it is committed."""
        fresh: dict[Series, list[Held]] = {}
        for observation in observations:
            if self.window_of(observation.series):
                fresh[observation.series] = [Kept(at, part) for part in reversed(observation.parts)]
        return View(self._parts, fresh, self._series)


@dataclass(frozen=True, slots=True)
class View:
    """What a window may hold at one moment.

    Attributes:
        held: what was committed, by series.
        fresh: what a poll just gave.
        series: those of `held` by source and measure, where somebody keeps them: to look through all of them
            at each poll would grow with the square of the sources.
    """

    held: Mapping[Series, Sequence[Held]]
    fresh: Mapping[Series, Sequence[Held]]
    series: Mapping[tuple[str, str], Collection[Series]] | None = None

    def parts(self, series: Series) -> Sequence[Held]:
        """Return the parts of a series, newest first."""
        return (*self.fresh.get(series, ()), *self.held.get(series, ()))

    def knows(self, budget: Budget, subject: Subject) -> bool:
        """Tell whether there is anything of a subject at all."""
        return any(self.parts(Series.of(measure, subject)) for measure in budget.measures)

    def subjects(self, budget: Budget, since: datetime) -> set[Subject]:
        """Return the subjects of a budget that have parts, and {} in any case.

        An instance of a latency whose newest part is from before `since` is left out: after a rollout the old
        ones would else stand there, blind, for as long as the window is.
        """
        seen: set[Subject] = {()}
        for measure in budget.measures:
            source, key = measure.source, measure.key
            held = self.held if self.series is None else self.series.get((source, key), ())
            for series in chain(held, self.fresh):
                if series.source != source or series.measure != key:
                    continue
                if not measure.latency or self.parts(series)[0].at > since:
                    seen.add(series.subject)
        return seen


def longest_windows(budgets: Iterable[Budget]) -> dict[str, timedelta]:
    """Return the longest window in which each measure is judged, by `Series.measure`."""
    longest: dict[str, timedelta] = {}
    for budget in budgets:
        keys = [measure.key for measure in budget.measures]
        keys += [measure.key for measure in evicting.beside(budget)]
        for key in keys:
            longest[key] = max(budget.window, longest.get(key, timedelta(0)))
    return longest
