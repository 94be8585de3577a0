"""What people did: rows that are only ever appended, by any process."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select

from headroom.audit.by_hand import Confirmation
from headroom.history.encode import Damaged
from headroom.history.tables import actions

CONFIRM, UNCONFIRM = "confirm", "unconfirm"
"""That a rule is kept which cannot be seen from outside. Bodies: `rule`, its id in the catalogue; of CONFIRM
also `note` and `digest`, of what the rule said then."""
PROBED = "probed"
"""That an audit looked up keys of a Redis while nobody collected. Bodies: `source`, and as numbers
`commands`, `hits` and `misses`."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a person did.

    Attributes:
        at: our clock, UTC.
        person: as they named themselves.
        kind: CONFIRM, UNCONFIRM or PROBED, which no cycle need apply.
        body: what it is about, as words.
        number: in the order of the rows; 0 before it is appended.
    """

    at: datetime
    person: str
    kind: str
    body: Mapping[str, str] = field(default_factory=dict)
    number: int = 0


def append(connection: Connection, action: Action) -> None:
    """Append an action."""
    connection.execute(
        insert(actions).values(
            at=action.at,
            person=action.person,
            kind=action.kind,
            body=json.dumps(dict(action.body), separators=(",", ":")),
        )
    )


def of_kinds(connection: Connection, kinds: Collection[str]) -> list[Action]:
    """Return the actions of these kinds, oldest first."""
    rows = connection.execute(select(actions).where(actions.c.kind.in_(kinds)).order_by(actions.c.id))
    try:
        return [Action(row.at, row.person, row.kind, json.loads(row.body), row.id) for row in rows]
    except ValueError as error:
        raise Damaged("the body of an action is no JSON") from error


def standing(done: Iterable[Action]) -> dict[str, Confirmation]:
    """Return the confirmations that are left of actions, oldest first: the last word on each rule holds."""
    found: dict[str, Confirmation] = {}
    for one in done:
        rule = one.body.get("rule", "")
        if one.kind == CONFIRM:
            note, digest = one.body.get("note", ""), one.body.get("digest", "")
            found[rule] = Confirmation(one.person, one.at, note, digest)
        elif one.kind == UNCONFIRM:
            found.pop(rule, None)
    return found
