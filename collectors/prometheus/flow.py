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
        fresh: seen for the first time, and it is not known since when they count: a baseline for later.
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
    reset = {one.target for one in after.sets if _newer(then.get(one.key), one) and fell(then[one.key], one)}
    places: dict[str, list[Buckets]] = {"broken": [], "fresh": [], "waiting": [], "gone": [], "just_gone": []}
    changes = []
    for one in after.sets:
        earlier = then.get(one.key)
        if health.gone(one.target, one.at) and (earlier is None or one.at <= earlier.at):
            places["gone"].append(one)
            if earlier is not None and not health.was_gone(earlier.target, earlier.at):
                places["just_gone"].append(one)
        elif one.broken:
            places["broken"].append(one)
        elif earlier is not None and not earlier.broken and one.at <= earlier.at:
            places["waiting"].append(one)
        else:
            change = _change(earlier, one, health, reset, known=known)
            if change is None:
                places["fresh"].append(one)
            else:
                changes.append(change)
    return Flow(tuple(changes), **{place: tuple(sets) for place, sets in places.items()})


def _change(
    earlier: Buckets | None, one: Buckets, health: Health, reset: set[Target], *, known: bool
) -> Change | None:
    patience = health.patience(one.target)
    if earlier is not None:
        if earlier.broken:
            return None
        return grown(
            earlier,
            one,
            restart=restarted(health.before.scrapes.get(one.target), health.after.scrapes.get(one.target)),
            neighbour_fell=one.target in reset,
            patience=patience,
        )
    scrape = health.before.scrapes.get(one.target)
    if not known or scrape is None or scrape.ok_at is None or one.at <= scrape.ok_at:
        return None
    return born(one, scrape.ok_at, patience=patience)


def _newer(earlier: Buckets | None, one: Buckets) -> bool:
    return earlier is not None and not earlier.broken and not one.broken and one.at > earlier.at
