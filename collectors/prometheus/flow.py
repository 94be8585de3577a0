"""What all label sets of one histogram did between two snapshots, each on its own; no class is asked here."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.prometheus.asked import Target
from collectors.prometheus.change import Change, born, fell, grown, restarted
from collectors.prometheus.health import Health
from collectors.prometheus.snapshot import Buckets, Counters


@dataclass(frozen=True, slots=True)
class Flow:
    """The label sets of one histogram, each in exactly one place.

    Attributes:
        changes: with a newer sample than before.
        broken: unfit in their newest scrape.
        fresh: seen for the first time, or for the first time as a native histogram or no longer as one, and
            it is not known since when they count: a baseline for later.
        waiting: not scraped since.
        gone: no longer given by their target, whose later scrapes went well.
        just_gone: the part of those that was still given before, so that an unknown number is lost.
    """

    changes: tuple[Change, ...] = ()
    broken: tuple[Buckets, ...] = ()
    fresh: tuple[Buckets, ...] = ()
    waiting: tuple[Buckets, ...] = ()
    gone: tuple[Buckets, ...] = ()
    just_gone: tuple[Buckets, ...] = ()


def flow(before: Counters | None, after: Counters, health: Health) -> Flow:
    """Return what each label set did; `before` is None where the metric was not read then."""
    then = {} if before is None else {one.key: one for one in before.sets}
    known = before is not None and before.refused is None
    # Of one scrape: what a later process counts says nothing of the samples of the one before it.
    reset = {
        (one.target, one.at)
        for one in after.sets
        if _newer(then.get(one.key), one) and fell(then[one.key], one)
    }
    places: dict[str, list[Buckets]] = {"broken": [], "fresh": [], "waiting": [], "gone": [], "just_gone": []}
    changes = []
    for one in after.sets:
        earlier = then.get(one.key)
        gone = health.gone(one.target, one.at)
        if gone and earlier is not None and one.at <= earlier.at:
            places["gone"].append(one)
            if not health.was_gone(earlier.target, earlier.at):
                places["just_gone"].append(one)
        elif one.broken and not (gone and earlier is None):
            places["broken"].append(one)
        elif earlier is not None and not earlier.broken and one.at <= earlier.at:
            places["waiting"].append(one)
        else:
            change = _change(earlier, one, health, reset, known=known)
            if change is None:
                places["gone" if gone else "fresh"].append(one)
            else:
                changes.append(change)
    places["just_gone"] += _vanished(then, after, health)
    return Flow(tuple(changes), **{place: tuple(sets) for place, sets in places.items()})


def _change(
    earlier: Buckets | None,
    one: Buckets,
    health: Health,
    reset: set[tuple[Target, float]],
    *,
    known: bool,
) -> Change | None:
    patience = health.patience(one.target)
    scrape, now = health.before.scrapes.get(one.target), health.after.scrapes.get(one.target)
    if earlier is not None:
        if earlier.broken or earlier.native != one.native:
            return None
        # Of a process that is gone: the newest one's start says nothing of how this one came to its counts.
        # Only of samples that a later scrape left behind, for a start is told by another clock.
        left = health.gone(one.target, one.at)
        older = left and now is not None and now.started is not None and one.at < now.started
        return grown(
            earlier,
            one,
            restart=None if older else restarted(scrape, now),
            neighbour_fell=(one.target, one.at) in reset,
            patience=patience,
        )
    if one.broken or not known or scrape is None or scrape.ok_at is None or one.at <= scrape.ok_at:
        return None
    return born(one, scrape.ok_at, patience=patience)


def _vanished(then: dict[str, Buckets], after: Counters, health: Health) -> list[Buckets]:
    """Return label sets that are not even among the older samples any more, and were given until now."""
    if after.refused is not None:
        return []
    now = {one.key for one in after.sets}
    return [
        one
        for key, one in then.items()
        if key not in now and health.gone(one.target, one.at) and not health.was_gone(one.target, one.at)
    ]


def _newer(earlier: Buckets | None, one: Buckets) -> bool:
    if earlier is None or earlier.broken or one.broken or earlier.native != one.native:
        return False
    return one.at > earlier.at
