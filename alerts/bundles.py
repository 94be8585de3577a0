"""What is told together when much waits for one channel, so that a storm is read and not muted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from headroom.delivery import Choice, Past
from headroom.incidents import Notice, NoticeStatus

MANY = 3
"""So many of one source, or else of one budget, are told together."""
MOST = 200
"""So many notices a message holds at most: a receiver takes no body without end."""

_ENDS = (NoticeStatus.RESOLVED, NoticeStatus.ACKNOWLEDGED)

Bundle = tuple[Notice, ...]
KeyT = TypeVar("KeyT", bound=Hashable)


def bundles(
    due: Sequence[Notice], at_once: int, *, known: Mapping[str, str] | None = None
) -> tuple[Bundle, ...]:
    """Return all that is due as messages, each notice in one of them, ordered by what is first in each.

    What was tried once goes again as it went: its receiver may have it. Notices of Headroom itself go alone.

    Args:
        due: at most one notice of each incident, in the outbox's order: so order within an incident is kept.
        at_once: where there would be more messages than this, all of one status are told together.
        known: the group by which the receiver knows an incident already, which it must be told in again;
            empty: its own. None: receivers of this kind know no groups.
    """
    tried = [notice for notice in due if notice.attempts]
    fresh = [notice for notice in due if not notice.attempts]
    fixed = [*_tried(tried), *_known(fresh, known)]
    taken = {notice.id for bundle in fixed for notice in bundle}
    free = [notice for notice in fresh if notice.id not in taken]
    loose = [bundle for same in _by(free, lambda one: one.status).values() for bundle in _together(same)]
    if len(fixed) + len(loose) > at_once:
        loose = list(_by(free, lambda one: one.status).values())
    parts = [_named(part) for bundle in loose for part in _parts(bundle)]
    return tuple(sorted([*fixed, *parts], key=lambda bundle: bundle[0].id or 0))


def choose(
    due: Sequence[Notice],
    past: Past,
    at_once: int,
    *,
    grouped: bool,
    failed: Mapping[int, datetime] | None = None,
) -> Choice:
    """Return what is sent next of that which is due, and what others of its group answer for.

    A receiver that knows several incidents by one key takes the end of that key for the end of all: it is
    told when the last of them ends, and the same with what is acknowledged.

    Args:
        due: as for `bundles`.
        past: what the channel was told.
        at_once: as for `bundles`.
        grouped: whether the receiver is of that kind.
        failed: when the message that begins with a notice last failed: one that fails for ever must not keep
            the others from their turn.
    """
    held: list[tuple[Notice, str]] = []
    if grouped:
        due, held = _without_held(due, past)
    messages = bundles(due, at_once, known=past.groups if grouped else None)
    times = failed or {}
    return Choice(
        min(messages, key=lambda one: (times.get(one[0].id or 0, one[0].created), one[0].id), default=()),
        tuple(held),
    )


def _without_held(due: Sequence[Notice], past: Past) -> tuple[list[Notice], list[tuple[Notice, str]]]:
    """Return what is told, and what need not be as the last of its group tells it, or will."""
    told: list[Notice] = []
    held: list[tuple[Notice, str]] = []
    last: dict[tuple[str, NoticeStatus], Notice] = {}
    for notice in due:
        key = past.groups.get(notice.incident, "")
        if notice.status not in _ENDS or not key:
            told.append(notice)
        elif left := _left(notice.status, key, due, past):
            held.append((notice, f"waits for {left} other{'' if left == 1 else 's'} of its group"))
        else:
            before = last.get((key, notice.status))
            if before is not None:
                held.append((before, "told with the last of its group"))
            last[key, notice.status] = replace(notice, bundle=key)
    return sorted([*told, *last.values()], key=lambda one: one.id or 0), held


def _left(status: NoticeStatus, key: str, due: Sequence[Notice], past: Past) -> int:
    """Return how many of a group are still open, or not acknowledged, when all that is due is told."""
    still = past.open_in if status is NoticeStatus.RESOLVED else past.unanswered_in
    ends = {status, NoticeStatus.RESOLVED}
    return len(still.get(key, frozenset()) - {one.incident for one in due if one.status in ends})


def _tried(tried: Sequence[Notice]) -> Iterable[Bundle]:
    for (key, _), bundle in _by(tried, lambda one: (one.bundle, one.status)).items():
        yield from [bundle] if key else _alone(bundle)


def _known(fresh: Sequence[Notice], known: Mapping[str, str] | None) -> Iterable[Bundle]:
    """Yield what may not be told with just anything: it goes alone, or with others of its group."""
    yield from _alone(one for one in fresh if one.status is NoticeStatus.SYSTEM)
    if known is None:
        return
    yield from _alone(one for one in fresh if one.status in _ENDS)
    again = [
        replace(one, bundle=known[one.incident])
        for one in fresh
        if one.status not in (*_ENDS, NoticeStatus.SYSTEM) and one.incident in known
    ]
    for (key, _), bundle in _by(again, lambda one: (one.bundle, one.status)).items():
        if key:
            yield from _parts(bundle)
        else:
            yield from _alone(bundle)


def _together(same: Sequence[Notice]) -> Iterable[Bundle]:
    """Yield messages of one status: by source where many are of one, else by budget."""
    rest: list[Notice] = []
    for source, of_source in _by(same, lambda one: one.source).items():
        if source and len(of_source) >= MANY:
            yield of_source
        else:
            rest += of_source
    for budget, of_budget in _by(rest, lambda one: one.budget).items():
        if budget and len(of_budget) >= MANY:
            yield of_budget
        else:
            yield from _alone(of_budget)


def _parts(bundle: Bundle) -> Iterable[Bundle]:
    yield from (bundle[begin : begin + MOST] for begin in range(0, len(bundle), MOST))


def _named(bundle: Bundle) -> Bundle:
    return bundle if len(bundle) == 1 else tuple(replace(one, bundle=bundle[0].key) for one in bundle)


def _alone(notices: Iterable[Notice]) -> Iterable[Bundle]:
    return ((one,) for one in notices)


def _by(notices: Iterable[Notice], key: Callable[[Notice], KeyT]) -> dict[KeyT, Bundle]:
    found: dict[KeyT, list[Notice]] = {}
    for notice in notices:
        found.setdefault(key(notice), []).append(notice)
    return {name: tuple(same) for name, same in found.items()}
