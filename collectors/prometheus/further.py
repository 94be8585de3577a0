"""The I/O with one Prometheus beyond counters and machines: gauges, failures counted elsewhere, declarations.

What is dear or seldom of use is asked only where something is missing, or once in many polls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar

from collectors.prometheus import query
from collectors.prometheus.asked import Asked, Target
from collectors.prometheus.faults.declared import GAVE, NOWHERE, Elsewhere, silenced
from collectors.prometheus.faults.lifetime import STEPS, is_lifetime
from collectors.prometheus.faults.percent import LONG
from collectors.prometheus.faults.raw_paths import too_many
from collectors.prometheus.levels import Levels, Past, levels_of, past_of
from collectors.prometheus.samples import target_of
from collectors.prometheus.snapshot import Counters, Scrape
from collectors.prometheus.tally import Tally, groups_of, tally_of, targets_of
from collectors.prometheus.words import printable
from headroom.budgets import Reason
from headroom.observation import SourceError

MOST_POINTS = 1_000
"""Of one gauge's past."""
DAY = 86_400.0
"""How much of a life is looked at: its first day tells, and is kept nearly everywhere."""
POLLS = 20
"""Between two looks at the past of a gauge whose first day is not over."""
MOST_PATHS = 5_000
"""Of a histogram with too many series, to see what they are."""
MOST_TARGETS = 3
"""How many targets that declare a silent histogram are asked what else they counted."""

Parsed = TypeVar("Parsed")


class Range(Protocol):
    """Asks one query at one moment, and parses its checked answer."""

    def __call__(self, text: str, now: float, parse: Callable[[Any], Parsed]) -> Parsed:
        """Return the parsed answer, or raise SourceError."""
        ...


@dataclass(frozen=True, slots=True)
class _Life:
    """One life of a process.

    Attributes:
        period: seconds between two scrapes; not part of what it is, for it wobbles.
    """

    target: Target
    started: float
    period: float = field(compare=False)


class Further:
    """Asks one Prometheus; what it remembers of the past of gauges is a cache."""

    def __init__(self, asked: Asked, ask: Range, page: Callable[[str, Mapping[str, str]], Any]) -> None:
        """`ask` sends a query; `page` returns the data of another page of the API, or raises SourceError."""
        self._asked = asked
        self._ask = ask
        self._page = page
        self._pasts: dict[str, tuple[_Life, float, tuple[Past, ...]]] = {}

    def gauges(self, now: float, window: float) -> dict[str, Levels]:
        """Return the samples of all gauges within the window."""
        return {selector: self._levels(selector, now, window) for selector in self._asked.gauges}

    def wider(self, gauges: Mapping[str, Levels], now: float, window: float) -> dict[str, Levels]:
        """Ask again, in a wider window, for the gauges that were nowhere; return those that are somewhere."""
        nowhere = [selector for selector, one in gauges.items() if not one.sets and one.refused is None]
        wide = {selector: self._levels(selector, now, window) for selector in nowhere}
        return {selector: levels for selector, levels in wide.items() if levels.sets or levels.refused}

    def failures(self, now: float, window: float) -> Tally | None:
        """Return the counter of failures that is kept elsewhere; None where none is named."""
        named = self._asked.endpoints.failures
        if named is None:
            return None
        text = query.failures(named.counter, named.labels, window)
        try:
            targets = self._ask(query.giving(named.counter), now, targets_of)
            tally = self._ask(text, now, lambda result: tally_of(result, targets, now, window))
            others = {name: text for name, text in named.labels.items() if name not in query.STATUS}
            answered = self._ask(query.groups(named.counter, others), now, groups_of)
            failed = self._ask(query.groups(named.counter, named.labels), now, groups_of)
            groups = {key: (total, failed.get(key, 0.0)) for key, total in answered.items()}
            return replace(tally, groups=groups)
        except SourceError as error:
            return Tally(refused=only_this(error))

    def why_many(self, metric: str, now: float, window: float) -> str:
        """Return what makes the series of a histogram too many, as far as their paths tell; "" otherwise."""
        label = self._asked.endpoints.labels.get("path", "path")
        asked = {"match[]": f"{metric}_count", "limit": str(MOST_PATHS), "start": f"{now - window:.3f}"}
        try:
            found = self._page(f"/api/v1/label/{label}/values", asked)
        except (SourceError, TypeError, KeyError):
            return ""  # the series are too many all the same
        paths = found if isinstance(found, list) else []
        return too_many(metric, [path for path in paths if isinstance(path, str)])

    def with_pasts(
        self, gauges: Mapping[str, Levels], scrapes: Mapping[Target, Scrape], now: float
    ) -> dict[str, Levels]:
        """Add what one process of each gauge read since it began."""
        return {
            selector: replace(levels, past=self._past(selector, levels, scrapes, now))
            for selector, levels in gauges.items()
        }

    def declared(
        self, histograms: Mapping[str, Counters], scrapes: Mapping[Target, Scrape], now: float
    ) -> tuple[dict[str, tuple[Target, ...]], tuple[Elsewhere, ...]]:
        """Return which targets declare histograms that they do not give, and what else those counted."""
        declared: dict[str, tuple[Target, ...]] = {}
        for name, one in histograms.items():
            if one.refused is not None:
                continue
            without = silenced(name, one.sets, scrapes)
            found = self._declaring(name) if without or not one.sets else ()
            if one.sets:
                found = tuple(target for target in found if target in without)
            if found:
                declared[name] = found
        targets = dict.fromkeys(
            target for found in declared.values() for target in found if target != NOWHERE
        )
        counting = {
            one.target
            for counters in histograms.values()
            for one in counters.sets
            if one.target not in scrapes or one.at >= (scrapes[one.target].ok_at or 0.0)
        }
        others = [
            one
            for target in list(targets)[:MOST_TARGETS]
            if target not in counting
            for one in self._counted(target, now)
        ]
        return declared, tuple(others)

    def _levels(self, selector: str, now: float, window: float) -> Levels:
        try:
            return self._ask(
                query.gauge(selector, window), now, lambda result: levels_of(selector, result, now, window)
            )
        except SourceError as error:
            return Levels(refused=only_this(error))

    def _past(
        self, selector: str, levels: Levels, scrapes: Mapping[Target, Scrape], now: float
    ) -> tuple[Past, ...]:
        lives = list(_lives(levels, scrapes))
        kept = self._pasts.get(selector)
        if kept is not None and kept[0] in lives:
            life, at, pasts = kept
            over = at >= life.started + DAY
            # One look may miss what the look before has found; it is the same life.
            if (
                over
                or now - at < POLLS * self._asked.every
                or any(is_lifetime(p.values, p.step) for p in pasts)
            ):
                return pasts
        long_enough = [life for life in lives if now - life.started >= LONG * life.period]
        if not long_enough:
            return ()
        telling = [life for life in long_enough if now - life.started >= STEPS * life.period]
        life = max(telling or long_enough, key=lambda one: one.started)
        pasts = self._asked_past(selector, life, now)
        self._pasts[selector] = life, now, pasts
        return pasts

    def _asked_past(self, selector: str, life: _Life, now: float) -> tuple[Past, ...]:
        until = min(now, life.started + DAY)
        seconds = until - life.started
        step = max(life.period, seconds / MOST_POINTS)
        text = query.past(selector, life.target, seconds, step)
        try:
            return self._ask(text, until, lambda result: past_of(result, life.started, step, until, seconds))
        except SourceError as error:
            only_this(error)
            return ()  # too long, too much, or no longer kept: it would only have told more

    def _declaring(self, metric: str) -> tuple[Target, ...]:
        try:
            rows = self._page("/api/v1/targets/metadata", {"metric": metric, "limit": "100"})
            targets = [target_of(row["target"]) for row in rows if row["type"] == "histogram"]
            return tuple(dict.fromkeys(targets))
        except (SourceError, TypeError, KeyError, AttributeError):
            pass  # not every compatible server knows this page
        try:
            types = [row["type"] for row in self._page("/api/v1/metadata", {"metric": metric})[metric]]
        except (SourceError, TypeError, KeyError, AttributeError):
            return ()
        return (NOWHERE,) if "histogram" in types else ()

    def _counted(self, target: Target, now: float) -> list[Elsewhere]:
        try:
            result = self._ask(query.requests(target), now, lambda answer: answer)
            counted = [
                Elsewhere(target, printable(row["metric"]["__name__"]), int(float(row["value"][1])))
                for row in result
            ]
        except (SourceError, TypeError, KeyError, IndexError, ValueError, OverflowError):
            return []
        return [one for one in counted if one.events >= GAVE]


def only_this(error: SourceError) -> tuple[Reason, str]:
    """Return why one query gave nothing; raise where all others would fare alike."""
    if error.reason is not Reason.NO_DATA:
        raise error
    return error.reason, error.message


def _lives(levels: Levels, scrapes: Mapping[Target, Scrape]) -> Iterator[_Life]:
    for target in dict.fromkeys(one.target for one in levels.sets):
        scrape = scrapes.get(target)
        if scrape is not None and scrape.started and scrape.every:
            yield _Life(target, scrape.started, scrape.every)
