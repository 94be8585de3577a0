"""Who is connected and doing what: recorded and shown, judged by none. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from collectors.postgres.activity import WAITING, Activity, Crowd, age
from headroom.evidence import Gauge
from headroom.observation import Observation, Part, Series
from headroom.span import Span

STATE = "connections:state"
REST = "*"
"""Stands in the place of every name for the connections of all that are not recorded one by one."""
_MOST = 20
_MOST_TOLD = 3


def observations(source: str, seen: Activity, span: Span) -> tuple[Observation, ...]:
    """Return the connections by database, role and state: the most numerous, and the rest together."""
    ranked = sorted(seen.crowds, key=lambda one: (-one.connections, one))
    rest = sum(one.connections for one in ranked[_MOST:])
    told = ranked[:_MOST] + ([Crowd(REST, REST, REST, rest)] if rest else [])
    return tuple(
        Observation(
            Series(source, STATE, (("database", one.database), ("role", one.role), ("state", one.doing))),
            (Part(span.start, span.end, Gauge.sample(one.connections, span.seconds), span.quality),),
        )
        for one in told
    )


def largest(seen: Activity, database: str | None = None) -> tuple[str, int] | None:
    """Return the role with the most connections, to one database or to all, and how many it has."""
    roles: Counter[str] = Counter()
    for one in seen.crowds:
        if database in (None, one.database):
            roles[one.role] += one.connections
    return min(roles.items(), key=lambda held: (-held[1], held[0]), default=None)


def notes(seen: Activity) -> Iterator[str]:
    """Yield who waits for a lock, and who sits in a transaction for long."""
    waits = [one for one in seen.crowds if one.doing == WAITING]
    waiting = Counter({(one.role, one.database): one.connections for one in waits})
    if waiting:
        count = waiting.total()
        told = ", ".join(
            f"{number} of role {role} in database {database}"
            for (role, database), number in waiting.most_common(_MOST_TOLD)
        )
        yield f"{count} session{'s wait' if count > 1 else ' waits'} for a lock: {told}"
    for one in seen.sitters[:_MOST_TOLD]:
        held = [f"{one.blocks} session{'s' if one.blocks > 1 else ''}"] if one.blocks else []
        held += ["VACUUM"] if one.holds else []
        holds = f" and holds up {' and '.join(held)}" if held else ""
        yield (
            f"a session of role {one.role} in database {one.database} has been idle in a transaction for "
            f"{age(one.seconds)}{holds}; idle_in_transaction_session_timeout would end it"
        )
    if (more := len(seen.sitters) - _MOST_TOLD) > 0:
        have = "s have" if more > 1 else " has"
        yield f"{more} more session{have} been idle in a transaction for over a minute"
