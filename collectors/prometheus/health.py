"""Whether what is silent is well: a scrape that fails, a sample that is old, or simply nothing new yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from collectors.prometheus.asked import Target, named
from collectors.prometheus.snapshot import PrometheusSnapshot, Scrape
from collectors.prometheus.words import clock, listed
from headroom.span import GAP

ONE_READING = "one reading so far; a difference needs two"


@dataclass(frozen=True, slots=True)
class Health:
    """The scrapes behind two snapshots, asked about one series at a time.

    Attributes:
        every: seconds between two polls.
    """

    before: PrometheusSnapshot
    after: PrometheusSnapshot
    every: float
    _heard: Mapping[Target, float] = field(init=False, repr=False)
    _heard_before: Mapping[Target, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_heard", _heard(self.after))
        object.__setattr__(self, "_heard_before", _heard(self.before))

    def patience(self, target: Target) -> float:
        """Return after how many seconds an interval of this target is a gap, and a sample of it stale."""
        scrape = self.after.scrapes.get(target)
        return GAP * max(self.every, scrape.period if scrape else 0.0)

    def gone(self, target: Target, at: float) -> bool:
        """Tell whether a later scrape of the target went well without the series sampled at `at`.

        Never of one that stamps its samples itself: those may be older than the scrape that brought them.
        """
        return not _stamping(self.after, target) and at < self._heard.get(target, at)

    def was_gone(self, target: Target, at: float) -> bool:
        """Tell the same of the snapshot before."""
        return not _stamping(self.before, target) and at < self._heard_before.get(target, at)

    def progress(self, targets: Collection[Target]) -> tuple[float, float] | None:
        """Return from when to when any of the targets was heard of anew; None where none was.

        Nor where one of them stamps its samples itself: that it gives newer ones of one series does not tell
        that it would of another, since an origin behind it may be gone.
        """
        if any(_stamping(self.after, target) for target in targets):
            return None
        spans = [
            (self._heard_before[target], self._heard[target])
            for target in targets
            if target in self._heard_before and self._heard_before[target] < self._heard.get(target, 0.0)
        ]
        return (max(start for start, _ in spans), max(end for _, end in spans)) if spans else None

    def giving(self, metric: str) -> set[Target]:
        """Return the targets that are known to give a histogram when they are well."""
        found = {one.target for one in self.after.histograms[metric].sets}
        known = self.after.scrapes.values()
        return found | {scrape.target for scrape in known if scrape.gives and metric in scrape.gives}

    def failing(self, series: str, *, known: bool = False) -> list[Scrape]:
        """Return the failing scrapes of targets that give a series, or may give it for all that is known.

        A job is one software: what one of its targets gives, each may give, even if it has counted nothing
        yet. Of a job that was never seen well anything must be expected; `known` leaves those out.
        """
        jobs: dict[str, bool] = {}
        for scrape in self.after.scrapes.values():
            if scrape.gives is not None:
                job = scrape.target[0]
                jobs[job] = jobs.get(job, False) or series in scrape.gives
        scrapes = self.after.scrapes.values()
        return [scrape for scrape in scrapes if not scrape.up and jobs.get(scrape.target[0], not known)]

    def old(self, targets: Collection[Target]) -> str:
        """Return a sentence where none of the targets was heard of for too long; "" otherwise."""
        heard = [(self._heard[target], target) for target in targets if target in self._heard]
        if not heard:
            return ""
        at, target = max(heard)
        age = self.after.now - at
        if age <= self.patience(target):
            return ""
        return (
            f"the newest sample of {named(target)} is {age:.0f} s old, of {clock(at)}; "
            "does Prometheus still scrape it?"
        )


def failure(scrapes: list[Scrape], place: str) -> str:
    """Return the sentence about scrapes that fail, with what Prometheus says of the first."""
    names = listed([named(scrape.target) for scrape in scrapes])
    verb = "the scrape of {} fails" if len(scrapes) == 1 else "the scrapes of {} fail"
    reason = next((scrape.error for scrape in scrapes if scrape.error), "")
    return f"{verb.format(names)}: {reason or f'see Status > Targets of Prometheus at {place}'}"


def _stamping(snapshot: PrometheusSnapshot, target: Target) -> bool:
    scrape = snapshot.scrapes.get(target)
    return scrape is not None and scrape.own is not None


def _heard(snapshot: PrometheusSnapshot) -> dict[Target, float]:
    """Return when each target was last scraped well; by its samples where it has no `up`, or stamps them."""
    heard: dict[Target, float] = {}
    sampled = [(one.target, one.at) for counters in snapshot.histograms.values() for one in counters.sets]
    for some in (snapshot.machines.seen, snapshot.processes.seen, snapshot.containers.seen):
        sampled += [(one.target, one.at) for one in some]
    sampled += [(one.target, one.at) for levels in snapshot.gauges.values() for one in levels.sets]
    for target, at in sampled:
        if target not in snapshot.scrapes or _stamping(snapshot, target):
            heard[target] = max(heard.get(target, at), at)
    for target, scrape in snapshot.scrapes.items():
        if scrape.ok_at is not None and scrape.own is None:
            heard[target] = scrape.ok_at
    return heard
