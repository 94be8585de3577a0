"""Who holds a server's connections, and what watching costs it, as HTML. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape

from dashboard.foreign import one_line
from dashboard.markup import NOTHING
from dashboard.shares import share
from headroom.budgets import Subject, Unit
from headroom.evidence import Gauge, Ratio
from headroom.units import format_duration, format_value

MOST = 40
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Crowd:
    """Connections of one role, database and state at one poll."""

    seq: int
    held: Gauge


@dataclass(frozen=True, slots=True)
class Seat:
    """Connections of one role, database and state.

    Attributes:
        now: at the newest poll.
        most: at any poll that was read.
    """

    role: str
    database: str
    state: str
    now: int
    most: int


def crowds(held: Mapping[Subject, Sequence[Crowd]]) -> tuple[Seat, ...]:
    """Return the connections of each role, database and state, those with most first.

    What the newest poll of all does not name has none any more.
    """
    newest = max((one.seq for polls in held.values() for one in polls), default=0)
    seats = []
    for subject, polls in held.items():
        if polls:
            labels = dict(subject)
            now = next((one.held.last for one in polls if one.seq == newest), 0.0)
            most = max(one.held.high for one in polls)
            seats.append(
                Seat(
                    labels.get("role", ""),
                    labels.get("database", ""),
                    labels.get("state", ""),
                    round(now),
                    round(most),
                )
            )
    return tuple(sorted(seats, key=lambda one: (-one.now, -one.most, one.role, one.database, one.state)))


def table(seats: Sequence[Seat]) -> str:
    """Return the connections as a table, MOST lines at most."""
    lines = "".join(
        f'<tr data-role="{escape(_name(seat.role))}"><td data-head="role">{escape(_name(seat.role))}</td>'
        f'<td data-head="database">{escape(_name(seat.database))}</td>'
        f'<td data-head="state">{escape(_name(seat.state))}</td>'
        f'<td data-head="now">{seat.now:,}</td><td data-head="most in the last hour">{seat.most:,}</td></tr>'
        for seat in seats[:MOST]
    )
    heads = ("role", "database", "state", "now", "most in the last hour")
    cells = "".join(f'<th scope="col">{name}</th>' for name in heads)
    left = seats[MOST:]
    more = sum(seat.now for seat in left)
    rest = f"<p>{len(left):,} more groups, with {more:,} connections now.</p>" if left else ""
    whole = sum(seat.now for seat in seats)
    together = any("*" in {seat.role, seat.database} for seat in seats)
    named = "; the smallest groups together have * for a name" if together else ""
    return (
        f'<section class="hr-table hr-seats" data-seats="{len(seats)}"><p>{whole:,} '
        f"connection{'' if whole == 1 else 's'} at the "
        f"newest poll{named}.</p>"
        f"<table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table>{rest}</section>"
    )


def _name(name: str) -> str:
    return one_line(name, _LONGEST) or NOTHING


def cost(own: Ratio | None, allowed: float | None, newest: str = "") -> str:
    """Return what our own statements cost, and what they may, as a share of one core.

    `newest` is what the newest poll says of it: calls, connections, temporary blocks.
    """
    if own is None or own.whole <= 0:
        return '<p class="hr-said">Not measured yet: it takes two polls.</p>'
    used = own.part / own.whole
    may = "" if allowed is None else f"; over {share(allowed)}, Headroom polls half as often"
    said = f" At the newest poll {escape(one_line(newest, 300))}." if newest else ""
    return (
        f'<p class="hr-said" data-own="{used:.6f}">Headroom\'s own statements took '
        f"{escape(format_value(own.part, Unit.SECONDS))} of the server's time in the last "
        f"{format_duration(timedelta(seconds=round(own.whole)))}: "
        f"{share(used, against=allowed)} of one core{may}. "
        f"They are in none of the figures above.{said}</p>"
    )
