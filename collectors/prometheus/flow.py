"""What all label sets of one histogram did between two snapshots, each on its own; no class is asked here."""

from __future__ import annotations

from dataclasses import dataclass

from collectors.prometheus.asked import Target
from collectors.prometheus.change import Change, began, born, fell, grown, replaced, restarted
from collectors.prometheus.health import Health
from collectors.prometheus.lives import began_within, stranger
from collectors.prometheus.snapshot import Buckets, Counters

_RELABELLED = (
    "label sets vanished and others appeared at once: relabelled? what the new ones counted before is among "
    "their counts"
)


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
        silent: of targets that are not scraped any more for longer than a gap, and were until before.
    """

    changes: tuple[Change, ...] = ()
    broken: tuple[Buckets, ...] = ()
    fresh: tuple[Buckets, ...] = ()
    waiting: tuple[Buckets, ...] = ()
    gone: tuple[Buckets, ...] = ()
    just_gone: tuple[Buckets, ...] = ()
    silent: tuple[Buckets, ...] = ()


def flow(before: Counters | None, after: Counters, health: Health) -> Flow:
    """Return what each label set did; `before` is None where the metric was not read then."""
    then = {} if before is None else {one.key: one for one in before.sets}
    known = before is not None and before.refused is None
    # Of one scrape: what a later process counts says nothing of the samples of the one before it.
    reset = {
        (one.target, one.at)
        for one in after.sets
        if (earlier := then.get(one.key)) is not None
        and _newer(earlier, one)
        and not _reborn(earlier, one, health)
        and fell(earlier, one)
    }
    vanished = _vanished(then, after, health)
    relabelled = _relabelled(then, after, health, vanished, reset)
    places: dict[str, list[Buckets]] = {"broken": [], "fresh": [], "waiting": [], "gone": []}
    just_gone = []
    changes = []
    for one in after.sets:
        earlier = then.get(one.key)
        gone = health.gone(one.target, one.at)
        if gone and earlier is not None and one.at <= earlier.at:
            places["gone"].append(one)
            if not health.was_gone(earlier.target, earlier.at):
                just_gone.append(one)
        elif one.broken and not (gone and earlier is None):
            places["broken"].append(one)
        elif earlier is not None and not earlier.broken and one.at <= earlier.at:
            places["waiting"].append(one)
        else:
            change = (
                _born(one, health, known=known, relabelled=one.target in relabelled)
                if earlier is None or _reborn(earlier, one, health)
                else _change(earlier, one, health, reset)
            )
            if change is None:
                places["gone" if gone else "fresh"].append(one)
            else:
                changes.append(change)
    return Flow(
        tuple(changes),
        **{place: tuple(sets) for place, sets in places.items()},
        just_gone=(*just_gone, *vanished),
        silent=_silent(then, after, places["waiting"], health),
    )


def _change(
    earlier: Buckets, one: Buckets, health: Health, reset: set[tuple[Target, float]]
) -> Change | None:
    patience = health.patience(one.target)
    scrape, now = health.before.scrapes.get(one.target), health.after.scrapes.get(one.target)
    restart, start = restarted(scrape, now), began(now)
    # Of a process that is gone: the newest one's start says nothing of how this one came to its counts.
    # Only of samples that a later scrape left behind, for a start is told by another clock.
    ended = restart is not False and health.gone(one.target, one.at) and start is not None and one.at < start
    if earlier.broken or earlier.native != one.native:
        anew = restart and not ended and began_within(now, earlier.at, one.at)
        return replaced(earlier, one, patience=patience) if anew else None
    return grown(
        earlier,
        one,
        restart=None if ended else restart,
        neighbour_fell=(one.target, one.at) in reset,
        patience=patience,
        stranger="" if ended else stranger(scrape, now, earlier.at),
        ended=ended,
    )


def _born(one: Buckets, health: Health, *, known: bool, relabelled: bool) -> Change | None:
    """Return what a new label set counted since it was not there; None where it is not known since when."""
    scrape, now = health.before.scrapes.get(one.target), health.after.scrapes.get(one.target)
    if one.broken or not known or any(told is not None and told.own is not None for told in (scrape, now)):
        return None  # what is passed on by another server may appear long after its birth
    patience = health.patience(one.target)
    if scrape is None or scrape.ok_at is None:
        since = min(health.before.now, one.at)
        return born(one, since, patience=patience) if began_within(now, since, one.at) else None
    if one.at <= scrape.ok_at:
        return None
    doubt = stranger(scrape, now, scrape.ok_at) or (_RELABELLED if relabelled else "")
    return born(one, scrape.ok_at, patience=patience, doubt=doubt)


def _reborn(earlier: Buckets, one: Buckets, health: Health) -> bool:
    """Tell whether a label set had ended with its process, and the next one only now has it again."""
    start = began(health.after.scrapes.get(one.target))
    return start is not None and health.was_gone(earlier.target, earlier.at) and earlier.at < start <= one.at


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


def _relabelled(
    then: dict[str, Buckets],
    after: Counters,
    health: Health,
    vanished: list[Buckets],
    reset: set[tuple[Target, float]],
) -> set[Target]:
    """Return the targets that lost label sets without a known restart: what appears there may be old."""
    lost = {one.target for one in vanished}
    for one in after.sets:
        earlier = then.get(one.key)
        if (
            earlier is not None
            and health.gone(one.target, one.at)
            and not health.was_gone(earlier.target, earlier.at)
        ):
            lost.add(one.target)
    anew = {target for target, _ in reset}
    before, now = health.before.scrapes, health.after.scrapes
    restarts = {target: restarted(before.get(target), now.get(target)) for target in lost}
    return {one for one, restart in restarts.items() if restart is False or not (restart or one in anew)}


def _silent(
    then: dict[str, Buckets], after: Counters, waiting: list[Buckets], health: Health
) -> tuple[Buckets, ...]:
    """Return what targets counted last that nobody scrapes any more; a scrape that fails says so itself."""
    now = {one.key for one in after.sets}
    scrapes = health.after.scrapes
    left = [
        one
        for key, one in then.items()
        if after.refused is None and key not in now and one.target not in scrapes
    ]
    quiet = [
        one
        for one in waiting
        if (scrape := scrapes.get(one.target)) is None
        or (scrape.up and health.after.now - scrape.at > health.patience(one.target))
    ]
    return tuple(one for one in (*left, *quiet) if health.before.now - one.at <= health.patience(one.target))


def _newer(earlier: Buckets, one: Buckets) -> bool:
    if earlier.broken or one.broken or earlier.native != one.native:
        return False
    return one.at > earlier.at
