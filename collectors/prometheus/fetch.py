"""All the I/O with one Prometheus: a handful of queries at one moment of its clock, made into one snapshot.

It blocks, and belongs in a thread. What it remembers between two readings is a cache: which window holds
three scrapes, and what each target gave when it was last scraped well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NoReturn, TypeVar

from prometheus_api_client.prometheus_connect import PrometheusConnect

from collectors.prometheus import query
from collectors.prometheus.asked import Asked, Target
from collectors.prometheus.buckets import counters_of
from collectors.prometheus.bulk import in_bulk
from collectors.prometheus.further import Further, only_this
from collectors.prometheus.levels import Levels
from collectors.prometheus.native.forms import NO_EDGES, Edges, edges_of
from collectors.prometheus.newest import newest
from collectors.prometheus.resources import Resources
from collectors.prometheus.samples import StrangeAnswerError, target_of
from collectors.prometheus.scrapes import completed, scrapes_of
from collectors.prometheus.slices import MOST_SERIES, Slices, TooManySeriesError
from collectors.prometheus.snapshot import Counters, PrometheusSnapshot, Scrape
from collectors.prometheus.spans import Span, span_of
from collectors.prometheus.stamps import Stamps
from collectors.prometheus.tally import Tally
from collectors.prometheus.wire.address import Address
from collectors.prometheus.wire.session import BoundedSession
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.span import GAP

MAX_SERIES = 20_000
"""Per answer. A histogram with more is read in slices by instance; of one instance, more are raw URLs."""
FIRST_WINDOW = 120.0
"""Seconds; holds two scrapes at the periods people use."""
WIDE_WINDOW = 660.0
"""Seconds; holds two scrapes at Prometheus' longest sensible period, 5 minutes."""
_MOST_SCRAPES = 1_000
"""How many scrapes a snapshot keeps while it is not known which of them matter."""
_MOST_EXPLAINED = 100
"""Of how many failing targets the server's words are read: no sentence names as many."""
_UNSETTLED = 30.0
"""Seconds that VictoriaMetrics takes at most to show a whole scrape (its -search.latencyOffset); Prometheus
shows a scrape at once or not at all."""
_YEARS = (946_684_800.0, 4_102_444_800.0)
"""2000 to 2100: a server's clock outside is no clock."""

Parsed = TypeVar("Parsed")


class Reader:
    """Reads one Prometheus; `seconds` bounds each reading as a whole."""

    def __init__(
        self,
        address: Address,
        asked: Asked,
        seconds: float,
        *,
        most_series: int = MAX_SERIES,
        most_in_all: int = MOST_SERIES,
    ) -> None:
        self._address = address
        self._asked = asked
        self._seconds = seconds
        self._session = BoundedSession(address)
        self._prometheus = PrometheusConnect(url=address.base, session=self._session)
        self._most = most_series
        self._slices = Slices(
            address.place,
            most_series,
            self._range,
            lambda: self._session.received,
            most_in_all=most_in_all,
        )
        self._further = Further(asked, self._range, self._page)
        self._resources = Resources(asked, self._range, self._see)
        self._window = FIRST_WINDOW
        self._gave: dict[Target, frozenset[str]] = {}
        self._unscraped: set[str] = set()
        self._edges: dict[str, Edges] = {}
        self._remarks: tuple[str, ...] = ()
        self._stamps = Stamps()
        self._scrapes: dict[Target, Scrape] = {}
        self._last: PrometheusSnapshot | None = None

    def close(self) -> None:
        """Give back the connection."""
        self._session.close()

    def remember(self, snapshot: PrometheusSnapshot) -> None:
        """Take over what an earlier run knew of the targets."""
        for scrape in snapshot.scrapes.values():
            if scrape.gives is not None:
                self._gave[scrape.target] = self._gave.get(scrape.target, frozenset()) | scrape.gives
        self._edges = {metric: edges_of(counters.sets) for metric, counters in snapshot.histograms.items()}
        self._stamps.remember(snapshot)
        self._last = snapshot

    def read(self) -> PrometheusSnapshot:
        """Return a snapshot, or raise SourceError.

        The scrapes are read first: a label set that is not among the counters read after them was not born
        when its target was last scraped, and so counts from zero when it appears.
        """
        self._remarks = ()
        with self._session.within(self._seconds):
            now, window = self._now(), self._window
            self._stamps.begin()
            self._scrapes = self._health(now, window)
            histograms = {
                metric: self._histogram(metric, now, window, self._span(metric, now, window))
                for metric in self._asked.metrics
            }
            machines, processes = self._resources.read(now, window)
            containers = self._resources.containers(now, window)
            gauges = self._further.gauges(now, window)
            failures = self._further.failures(now, window)
            if window < WIDE_WINDOW:
                histograms, found = self._wider(now, histograms)
                machines, processes, containers, more = self._resources.wider(
                    machines, processes, containers, now, WIDE_WINDOW
                )
                found = found or more
                wide = self._further.wider(gauges, now, WIDE_WINDOW)
                found, gauges = found or bool(wide), {**gauges, **wide}
                if found:
                    self._scrapes = completed(self._scrapes, self._health(now, WIDE_WINDOW))
            for levels in gauges.values():
                self._stamps.see_levels(levels)
            scrapes = self._stamps.marked(self._scrapes)
            given = self._resources.given(machines, processes, containers)
            nowhere = self._resources.nowhere(machines, processes, containers)
            scrapes = self._relevant(scrapes, histograms, given, gauges, failures, nowhere=nowhere)
            scrapes = self._explained(scrapes)
            gauges = self._further.with_pasts(gauges, scrapes, now)
            declared, others = self._further.declared(histograms, scrapes, now)
        self._window = self._next_window(scrapes)
        remarks: tuple[str, ...] = tuple(dict.fromkeys(self._remarks))
        answer = PrometheusSnapshot(
            self._address.epoch,
            now,
            scrapes,
            histograms,
            machines,
            remarks,
            gauges=gauges,
            failures=failures,
            declared=declared,
            others=others,
            processes=processes,
            containers=containers,
        )
        self._last = newest(self._last, answer)
        return self._last

    def _now(self) -> float:
        result = self._ask(query.NOW, {})
        try:
            if isinstance(result[0], dict):  # VictoriaMetrics makes a vector of a scalar
                now = float(result[0]["value"][1]) - _UNSETTLED
            else:
                now = float(result[1])
        except (TypeError, ValueError, OverflowError, IndexError, KeyError):
            now = 0.0
        if not _YEARS[0] < now < _YEARS[1]:
            self._strange("no time in answer to time()")
        return now

    def _health(self, now: float, window: float) -> dict[Target, Scrape]:
        return self._range(query.health(window), now, lambda result: scrapes_of(result, now, window))

    def _span(self, metric: str, now: float, window: float) -> Span:
        stamping = (metric in names and self._stamps.own(target) for target, names in self._gave.items())
        if metric in self._unscraped or any(stamping):
            return Span(window)
        return span_of(metric, self._scrapes, self._gave, now, window)

    def _histogram(self, metric: str, now: float, window: float, span: Span) -> Counters:
        known = self._edges.get(metric, NO_EDGES)

        def parsed(result: Any) -> Counters:
            counters = counters_of(metric, result, self._asked, now, window, known)
            self._stamps.see(result, [(one.target, one.at) for one in counters.sets], self._scrapes)
            return counters

        try:
            counters = self._slices.read(metric, now, span.near, parsed)
            if span.late and counters.refused is None:
                jobs, instances = (tuple(dict.fromkeys(names)) for names in zip(*span.late, strict=True))
                late = self._range(query.histogram(metric, window, jobs, instances), now, parsed)
                both = {one.key: one for one in (*counters.sets, *late.sets)}
                counters = Counters(tuple(both.values()), None if both else late.refused)
        except TooManySeriesError as error:
            why = self._further.why_many(metric, now, window)
            return Counters(refused=(error.reason, f"{error.message}; {why}" if why else error.message))
        except SourceError as error:
            return Counters(refused=only_this(error))
        self._edges[metric] = {**known, **edges_of(counters.sets)}
        return counters

    def _see(self, result: Any, sampled: list[tuple[Target, float]]) -> None:
        self._stamps.see(result, sampled, self._scrapes)

    def _wider(self, now: float, histograms: dict[str, Counters]) -> tuple[dict[str, Counters], bool]:
        """Ask again for what was nowhere: it may be scraped more seldom than the window is long."""
        found = False
        for metric, counters in histograms.items():
            if not counters.sets and counters.refused is None:
                histograms[metric] = self._histogram(metric, now, WIDE_WINDOW, Span(WIDE_WINDOW))
                found = found or bool(histograms[metric].sets)
        return histograms, found

    def _relevant(
        self,
        scrapes: dict[Target, Scrape],
        histograms: dict[str, Counters],
        given: Mapping[Target, set[str]],
        gauges: dict[str, Levels],
        failures: Tally | None,
        *,
        nowhere: bool,
    ) -> dict[Target, Scrape]:
        """Keep what bears on the measures, and say of each target what it gives when it is well."""
        gave: dict[Target, set[str]] = {}
        for metric, counters in histograms.items():
            for one in counters.sets:
                gave.setdefault(one.target, set()).add(metric)
        self._unscraped = {name for target, names in gave.items() if target not in scrapes for name in names}
        for target, names in given.items():
            gave.setdefault(target, set()).update(names)
        for selector, levels in gauges.items():
            for level in levels.sets:
                gave.setdefault(level.target, set()).add(selector)
        for target in failures.targets if failures is not None else ():
            gave.setdefault(target, set()).add("failures")
        known = {
            target: self._gave.get(target, frozenset()) | gave.get(target, set())
            for target, scrape in scrapes.items()
            if scrape.up or target in gave or target in self._gave
        }
        self._gave = known
        jobs = {job for (job, _), names in known.items() if names}
        nowhere = nowhere or any(not counters.sets for counters in histograms.values())
        nowhere = nowhere or any(not levels.sets for levels in gauges.values())
        kept = [
            replace(scrape, gives=known.get(target))
            for target, scrape in scrapes.items()
            if target[0] in jobs or nowhere or not scrape.up
        ]
        kept.sort(key=lambda scrape: (not scrape.gives, scrape.up))
        return {scrape.target: scrape for scrape in kept[: None if jobs and not nowhere else _MOST_SCRAPES]}

    def _explained(self, scrapes: dict[Target, Scrape]) -> dict[Target, Scrape]:
        """Add the server's words to the scrapes that fail."""
        failing = [target for target, scrape in scrapes.items() if not scrape.up][:_MOST_EXPLAINED]
        if not failing:
            return scrapes
        try:
            targets = self._prometheus.get_targets(state="active")
            errors = {target_of(one["labels"]): one["lastError"] for one in targets["activeTargets"]}
        except (SourceError, TypeError, KeyError, AttributeError):
            # Not every compatible server has this page; that a scrape fails is known without it.
            return scrapes
        said = {target: self._session.quotable(str(errors.get(target, ""))) for target in failing}
        return {
            target: scrape if scrape.up else replace(scrape, error=said.get(target, ""))
            for target, scrape in scrapes.items()
        }

    def _next_window(self, scrapes: dict[Target, Scrape]) -> float:
        """Return how many seconds hold every sample that an interval fit to be judged could start from.

        GAP polls or scrapes, whichever are longer: one that lies further back is the start of a gap. One
        scrape more, since the newest may be that old already. `span_of` tells of whom all of it is asked.
        """
        periods = [scrape.every and scrape.period for scrape in scrapes.values() if scrape.gives]
        seen = [period for period in periods if period]
        if not seen or len(seen) < len(periods):
            return FIRST_WINDOW
        return min(GAP * max(self._asked.every, *seen) + max(seen), max(WIDE_WINDOW, 3 * self._asked.every))

    def _range(self, text: str, now: float, parse: Callable[[Any], Parsed]) -> Parsed:
        result = self._ask(text, {"time": f"{now:.3f}"})
        self._remarks += self._session.remarks
        if isinstance(result, list) and len(result) > self._most:
            raise TooManySeriesError(
                Reason.NO_DATA,
                f"too many series: {len(result)} or more at {self._address.place}, and {self._most} are read "
                "at most; drop labels with many values, such as raw URLs as path",
            )
        if self._session.complaints:
            raise SourceError(
                Reason.NO_DATA,
                f"the answer of Prometheus at {self._address.place} is incomplete: "
                f"{'; '.join(self._session.complaints)}; see the stores behind it",
            )
        try:
            with in_bulk():
                return parse(result)
        except StrangeAnswerError as error:
            self._strange(str(error))

    def _ask(self, text: str, params: dict[str, str]) -> Any:
        bounds = {
            "timeout": f"{round(self._session.left * 1000)}ms",
            # Not every server knows these, and those that do not ignore them.
            "limit": str(self._most + 1),
            "partial_response": "false",
            "deny_partial_response": "1",
            "nocache": "1",
        }
        try:
            return self._prometheus.custom_query(text, params={**params, **bounds})
        except (TypeError, KeyError):
            self._strange("an answer without data.result")

    def _page(self, path: str, params: Mapping[str, str]) -> Any:
        answer = self._session.get(f"{self._address.base}{path}", params=dict(params))
        return answer.json()["data"]

    def _strange(self, what: str) -> NoReturn:
        raise SourceError(
            Reason.UNREACHABLE,
            f"what answers at {self._address.place} is no Prometheus: {what}; is the address right?",
        ) from None
