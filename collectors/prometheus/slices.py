"""A histogram with more series than one answer may hold, read instance by instance at one moment.

Never summed over instances on the server: each has resets and births of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from collectors.prometheus import query
from collectors.prometheus.asked import Target, named
from collectors.prometheus.further import Range
from collectors.prometheus.samples import StrangeAnswerError
from collectors.prometheus.snapshot import Counters
from collectors.prometheus.wire.session import TooLargeError
from collectors.prometheus.words import printable
from headroom.budgets import Reason
from headroom.observation import SourceError

MOST_SERIES = 200_000
"""Of one histogram. They take some three seconds of our CPU and 200 MB of memory at every poll; more of them
are URLs in a label, and no bigger application."""
MOST_BYTES = 160 * 2**20
"""Of all slices of one histogram: what 200,000 series with 16 samples each weigh, so that a server which
sends more than was asked for does not fill the memory."""
_LONGEST_LIST = 3_000
"""Signs of names in one query, which stands in a URL; proxies take 8,000 at most."""
_SMALLER = 8
"""How many times smaller the slices are of a histogram with few series and too many samples."""
_TRIES = 20
"""Polls after which an answer that was too large is asked for as a whole again."""


class TooManySeriesError(SourceError):
    """A histogram has more series than are read."""


@dataclass(slots=True)
class _Cut:
    """How a histogram is cut.

    Attributes:
        size: series in one slice.
        polls: so many more before it is tried as a whole; None where its number of series decides.
    """

    size: int
    polls: int | None


class Slices:
    """Reads histograms, as a whole where that goes; what it remembers is which had to be cut."""

    def __init__(
        self, place: str, most: int, ask: Range, received: Callable[[], int], *, most_in_all: int
    ) -> None:
        """`most` series are in one answer; `received` tells the bytes of all answers of this reading."""
        self._place = place
        self._most = most
        self._most_in_all = most_in_all
        self._ask = ask
        self._received = received
        self._cuts: dict[str, _Cut] = {}

    def read(self, metric: str, now: float, window: float, parse: Callable[[Any], Counters]) -> Counters:
        """Return all label sets of a histogram at one moment, or raise SourceError; never some of them."""
        first: SourceError | None = None
        if metric not in self._cuts:
            try:
                return self._ask(query.histogram(metric, window), now, parse)
            except TooManySeriesError as error:
                first, self._cuts[metric] = error, _Cut(self._most, None)
            except TooLargeError as error:
                first, self._cuts[metric] = error, _Cut(self._most, _TRIES)
        cut = self._cuts[metric]
        try:
            return self._cut(metric, cut, now, window, parse)
        except TooManySeriesError:
            raise
        except TooLargeError:
            cut.size = max(1, cut.size // 2)
            raise
        except SourceError as error:
            if error.reason is Reason.NO_DATA:
                del self._cuts[
                    metric
                ]  # perhaps this server cannot count: the next poll begins from the start
                raise first or error from None
            raise

    def _cut(
        self, metric: str, cut: _Cut, now: float, window: float, parse: Callable[[Any], Counters]
    ) -> Counters:
        counts = self._ask(query.series_by_target(metric, window), now, _counts_of)
        self._refuse(metric, counts)
        if sum(counts.values()) > self._most:
            cut.polls = None
        else:
            if not cut.polls:
                try:
                    whole = self._ask(query.histogram(metric, window), now, parse)
                except TooLargeError:
                    cut.polls = _TRIES
                else:
                    del self._cuts[metric]
                    return whole
            cut.size = min(cut.size, max(1, self._most // _SMALLER))
            cut.polls = (cut.polls or 0) - 1
        before = self._received()
        found = []
        for jobs, instances in _packed(counts, cut.size):
            found.append(self._ask(query.histogram(metric, window, jobs, instances), now, parse))
            if self._received() - before > MOST_BYTES:
                raise TooManySeriesError(
                    Reason.NO_DATA,
                    f"the series of {printable(metric)} at {self._place} are larger than "
                    f"{MOST_BYTES >> 20} MiB together; drop labels with many values, or split the metric "
                    "over several sources",
                )
        return _joined(found)

    def _refuse(self, metric: str, counts: Mapping[Target, int]) -> None:
        """Raise where the series are too many even one instance at a time."""
        total = sum(counts.values())
        largest = max(counts, key=lambda target: counts[target], default=("", ""))
        advice = "drop labels with many values, such as raw URLs as path"
        if counts and counts[largest] > self._most:
            why = (
                f"too many series: {named(largest)} alone has {counts[largest]:,} of {printable(metric)}, "
                f"and {self._most:,} of one instance are read at most; {advice}"
            )
        elif total > self._most_in_all:
            why = (
                f"too many series: {len(counts):,} instances at {self._place} have {total:,} of "
                f"{printable(metric)}, the most {named(largest)} with {counts[largest]:,}, and "
                f"{self._most_in_all:,} are read at most; {advice}, or split the metric over several sources"
            )
        else:
            return
        raise TooManySeriesError(Reason.NO_DATA, why)


def _counts_of(result: object) -> dict[Target, int]:
    counts: dict[Target, int] = {}
    if not isinstance(result, list):
        raise StrangeAnswerError(f"a {type(result).__name__} instead of a list of counts")
    for one in result:
        try:
            labels, number = one["metric"], int(one["value"][1])
            target = labels.get("job", ""), labels.get("instance", "")
            for name in target:
                name.encode()  # half a surrogate pair cannot be asked for
        except (TypeError, ValueError, OverflowError, LookupError, AttributeError) as error:
            raise StrangeAnswerError(f"a count of another form ({type(error).__name__})") from None
        counts[target] = counts.get(target, 0) + max(0, number)
    return counts


def _packed(counts: Mapping[Target, int], size: int) -> Iterator[tuple[list[str], list[str]]]:
    """Yield jobs and instances of slices of at most `size` series; no instances where the jobs are whole.

    An instance alone may be larger. A slice holds whole jobs or instances of one, since lists of both would
    also match what stands in neither pair.
    """
    jobs: dict[str, dict[str, int]] = {}
    for (job, instance), number in sorted(counts.items()):
        jobs.setdefault(job, {})[instance] = number
    small = {job: sum(each.values()) for job, each in jobs.items() if sum(each.values()) <= size}
    for names in _filled(small, size):
        yield names, []
    for job, instances in jobs.items():
        if job not in small:
            for names in _filled(instances, size):
                yield [job], names


def _filled(numbers: Mapping[str, int], size: int) -> Iterator[list[str]]:
    names: list[str] = []
    filled = signs = 0
    for name, number in numbers.items():
        if names and (filled + number > size or signs + len(name) > _LONGEST_LIST):
            yield names
            names, filled, signs = [], 0, 0
        names.append(name)
        filled, signs = filled + number, signs + len(name)
    if names:
        yield names


def _joined(found: list[Counters]) -> Counters:
    sets = tuple(one for counters in found for one in counters.sets)
    refused = next((counters.refused for counters in found if counters.refused is not None), None)
    # A slice without buckets is no fault as long as another has some, as in the answer as a whole.
    return Counters(sets, None if sets else refused)
