"""Single instances beside the whole: their names, and how many are told one by one; of more, the slowest."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from collectors.prometheus.asked import Target, named
from collectors.prometheus.change import Change
from collectors.prometheus.parts import over
from collectors.prometheus.words import printable
from headroom.budgets import Subject, Unit
from headroom.units import format_value

MOST = 20
"""Instances told one by one. Each is a stored row for every class at every poll: twenty of them with nine
classes, polled every 15 s, are a million rows a day already."""

_FEWEST = 20
"""Events of an instance in one interval that make it worth a name."""
_TIMES = 10
"""How many times as often as at all others together the slow ones of an instance stand out."""


def subjects(targets: Collection[Target]) -> dict[Target, Subject]:
    """Return the instance as subject, and the job too where two jobs scrape one instance."""
    instances = [instance for _, instance in targets]
    return {
        (job, instance): (
            (("instance", instance),)
            if instances.count(instance) == 1
            else (("instance", instance), ("job", job))
        )
        for job, instance in targets
    }


def slowest(changes: Iterable[Change], threshold: float, among: Collection[Target]) -> str:
    """Return a sentence that names the slowest of the instances `among` in one interval; "" for none.

    What a limit allows is not known here, so the slowest is named where it stands out: of at least 20 events
    of its own, the highest share was over `threshold` seconds for certain, and more than half of all that
    were so are its, or its share is at least ten times that of all others together. Nothing is named where
    all are alike: the whole says that.
    """
    events: dict[Target, int] = {}
    slow: dict[Target, int] = {}
    sure = True
    for change in changes:
        target, bounds = change.series.target, over(change, threshold)
        events[target] = events.get(target, 0) + bounds.n
        slow[target] = slow.get(target, 0) + bounds.k_low
        sure = sure and bounds.k_low == bounds.k_high
    worth = [target for target, n in events.items() if n >= _FEWEST and slow[target]]
    if not worth:
        return ""
    worst = min(worth, key=lambda target: (-slow[target] / events[target], -slow[target], target))
    n, k = events[worst], slow[worst]
    rest, slow_rest = sum(events.values()) - n, sum(slow.values()) - k
    # Multiplied out: of the others, none may have had any events.
    if not (k > slow_rest or k * rest >= _TIMES * slow_rest * n):
        return ""
    unique = [instance for _, instance in among].count(worst[1]) == 1
    name = printable(worst[1], 80) if unique else named(worst)
    told = f"{k:,}" if sure else f"at least {k:,}"
    limit = format_value(threshold, Unit.SECONDS)
    return f"the slowest of {len(among)} instances: {name}, {told} of {n:,} over {limit}"
