"""A histogram that is declared, and yet has never counted anything: broken, or simply not used so far.

What its process has counted elsewhere tells the two apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from collectors.prometheus.asked import Target, named
from collectors.prometheus.faults.fault import Fault, Remedy
from collectors.prometheus.words import listed, printable

ID = "never counted"

ENOUGH = 200
"""Events of the same process elsewhere before this one's silence contradicts them."""
GAVE = 20
"""The same where the target gave the histogram before: it is not one that nobody uses."""

REMEDY = Remedy(
    node="""
// METRIC stays declared as it is; the names of `labels` must be those of its
// labelNames, letter by letter, or observe() throws: where query_type is declared,
// it is { query_type: queryType, table }, never { queryType, table }
const record = <T extends string>(histogram: Histogram<T>, labels: LabelValues<T>, seconds: number) =>
  histogram.observe(labels, seconds);
""",
    python='''
def record(histogram, seconds, **labels):
    """Count one event; the names of labels must be those that METRIC declares, or it raises."""
    histogram.labels(**labels).observe(seconds)
''',
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a process counted in another metric since it began."""

    target: Target
    metric: str
    events: int


class Sampled(Protocol):
    """A label set at its newest sample."""

    @property
    def target(self) -> Target:
        """Whose it is."""

    @property
    def at(self) -> float:
        """When it was sampled, in Unix seconds."""


class Scraped(Protocol):
    """How the scrapes of a target went."""

    @property
    def up(self) -> bool:
        """Whether the newest went well."""

    @property
    def ok_at(self) -> float | None:
        """When one last went well."""

    @property
    def gives(self) -> frozenset[str] | None:
        """The series that the target gave at any time."""


def silenced(metric: str, sets: Iterable[Sampled], scrapes: Mapping[Target, Scraped]) -> tuple[Target, ...]:
    """Return the targets that gave a histogram before, and are well now without any of its series."""
    newest: dict[Target, float] = {}
    for one in sets:
        newest[one.target] = max(newest.get(one.target, one.at), one.at)
    return tuple(
        target
        for target, scrape in scrapes.items()
        if scrape.up
        and scrape.ok_at is not None
        and (target in newest or metric in (scrape.gives or ()))
        and newest.get(target, 0.0) < scrape.ok_at
    )


def never_counted(
    metric: str,
    declared: Iterable[Target],
    elsewhere: Iterable[Elsewhere],
    place: str,
    gave: Collection[Target] = (),
) -> Fault | None:
    """Return what the silence of a declared histogram means; None where no target declares it.

    Without a contradiction the fault is not `blinding`: nothing is known to be broken, there is just no data.
    `declared` are the targets whose newest scrape declares the metric a histogram while it has no series;
    their job is "" where the server does not tell which. `gave` are those of them that gave it before.
    """
    targets = sorted(set(declared))
    if not targets:
        return None
    loud = [
        one
        for one in elsewhere
        if one.target in targets
        and one.metric != metric
        and one.events >= (GAVE if one.target in gave else ENOUGH)
    ]
    name = printable(metric)
    if loud:
        most = max(loud, key=lambda one: one.events)
        return Fault.blinds(
            ID,
            f"{name} is declared by {named(most.target)} but has never counted anything, while "
            f"{printable(most.metric)} of it counted {most.events:,}: either nothing observes it, or "
            "observe() throws, as it does for a label name that was not declared; fix: use the declared "
            "names, letter by letter",
            REMEDY.of(metric),
        )
    who = "some target" if targets == [NOWHERE] else listed([named(target) for target in targets])
    return Fault.warns(
        ID,
        f"{name} is declared by {who} of {place}, and has no series: it has counted nothing yet, or "
        "observe() throws, as it does for a label name that was not declared",
        REMEDY.of(metric),
    )


NOWHERE: Target = ("", "")
"""The target of a declaration of which the server does not tell whose it is."""
