"""The heaviest statements with what their texts say: entries of one shape, database and role are one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from collectors.postgres.audited.heaviest import Heaviest, Key, read_heaviest
from headroom.audit.workload_facts import Counts, Seen, Shape, Workload
from headroom.sources import Source

GONE = "(dropped)"
"""Stands for the name of a role or database that is there no more."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a text says.

    Attributes:
        own: it is one of Headroom's.
        text: redacted.
        shape: None where the text does not parse.
    """

    fingerprint: str
    text: str
    shape: Shape | None
    own: bool = False


Read = Callable[[Sequence[str]], Awaitable[Sequence[Known]]]
"""Return what each of these texts says, in their order."""


async def read_workload(
    source: Source,
    read: Read,
    *,
    readings: int = 3,
    apart: float = 5.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Workload:
    """Read the heaviest statements and what they do now; SourceError where the server does not let that be.

    It takes as long as the readings are `apart`, in seconds.
    """
    found = await read_heaviest(source, readings=readings, apart=apart, sleep=sleep)
    texts = sorted({text for text in found.texts.values() if text is not None})
    said = dict(zip(texts, await read(texts) if texts else (), strict=True))
    return assembled(found, said)


def assembled(found: Heaviest, said: Mapping[str, Known]) -> Workload:
    """Return the statements, the longest total time first; those without a text are counted only."""
    groups: defaultdict[tuple[str, int, int], list[tuple[Key, Known]]] = defaultdict(list)
    hidden = 0
    for key in found.readings[-1] if found.readings else ():
        text = found.texts.get(key)
        if text is None:
            hidden += 1
        elif not (known := said[text]).own:
            role, database, _ = key
            groups[known.fingerprint, database, role].append((key, known))
    seen = [_seen(some, found) for some in groups.values()]
    why = found.why
    if not why and hidden and not seen:
        why = "no text of a statement could be read: the server threw its file of texts away"
    if not why and found.unread and not seen:
        why = "this role may not read the statements of others: GRANT pg_monitor to it"
    return Workload(
        seen=tuple(sorted(seen, key=lambda one: -one.total.seconds)),
        windows=found.lengths,
        since=found.since,
        entries=found.entries,
        most=found.most,
        evictions=found.evictions,
        unread=found.unread,
        why=why,
    )


def _seen(some: Sequence[tuple[Key, Known]], found: Heaviest) -> Seen:
    (role, database, _), known = some[0]
    newest = found.readings[-1]
    counted = [found.counts(key) for key, _ in some]
    return Seen(
        fingerprint=known.fingerprint,
        database=found.databases.get(database, GONE),
        role=found.roles.get(role, GONE),
        text=known.text,
        shape=known.shape,
        ids=len(some),
        longest=max(newest[key].entry.high for key, _ in some),
        total=sum((total for total, _ in counted), Counts()),
        windows=tuple(
            sum(several, Counts()) for several in zip(*(windows for _, windows in counted), strict=True)
        ),
    )
