"""A histogram that is declared, and yet has never counted anything: broken, or simply not used so far.

What its process has counted elsewhere tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from collectors.prometheus.asked import Target, named
from collectors.prometheus.faults.fault import Fault, Remedy
from collectors.prometheus.words import listed, printable

ID = "never counted"

ENOUGH = 20
"""Events of the same process elsewhere before this one's silence contradicts them."""

REMEDY = Remedy(
    node="""
// the labels of observe() must be those of labelNames, letter by letter: any other name makes it throw
readonly duration = new Histogram({
  name: 'METRIC',
  help: 'Duration of database queries in seconds',
  labelNames: ['query_type', 'table'],
  buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
});

recordDbQuery(table: string, queryType: string, seconds: number): void {
  this.duration.observe({ query_type: queryType, table }, seconds);
}
""",
    python='''
from prometheus_client import Histogram

DURATION = Histogram(
    "METRIC",
    "Duration of database queries in seconds.",
    ["query_type", "table"],
    buckets=(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5),
)


def record_query(table, query_type, seconds):
    """Count one query; the names in labels() must be those declared, letter by letter, or it raises."""
    DURATION.labels(query_type=query_type, table=table).observe(seconds)
''',
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a process counted in another metric since it began."""

    target: Target
    metric: str
    events: int


def never_counted(
    metric: str, declared: Iterable[Target], elsewhere: Iterable[Elsewhere], place: str
) -> Fault | None:
    """Return what the silence of a declared histogram means; None where no target declares it.

    Without a contradiction the fault is not `blinding`: nothing is known to be broken, there is just no data.
    `declared` are the targets whose newest scrape declares the metric a histogram while it has no series;
    their job is "" where the server does not tell which.
    """
    targets = sorted(set(declared))
    if not targets:
        return None
    loud = [
        one
        for one in elsewhere
        if one.events >= ENOUGH and one.metric != metric and (one.target in targets or targets == [NOWHERE])
    ]
    name = printable(metric)
    if loud:
        most = max(loud, key=lambda one: one.events)
        return Fault.blinds(
            ID,
            f"{name} is declared by {named(most.target)} but has never counted anything, while "
            f"{printable(most.metric)} of it counted {most.events:,}: a label name that was not declared "
            "makes observe() throw; fix: use the declared names, letter by letter",
            REMEDY.of(metric),
        )
    who = "a target" if targets == [NOWHERE] else listed([named(target) for target in targets])
    return Fault.warns(
        ID,
        f"{name} is declared by {who} of {place}, and has no series: it has counted nothing yet, or "
        "observe() throws, as it does for a label name that was not declared",
        REMEDY.of(metric),
    )


NOWHERE: Target = ("", "")
"""The target of a declaration of which the server does not tell whose it is."""
