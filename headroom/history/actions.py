"""What people did: rows that are only ever appended, by any process."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from headroom.audit.by_hand import Confirmation
from headroom.history.encode import Damaged
from headroom.history.tables import actions

CONFIRM, UNCONFIRM = "confirm", "unconfirm"
"""That a rule is kept which cannot be seen from outside. Bodies: `rule`, its id in the catalogue; of CONFIRM
also `note` and `digest`, of what the rule said then."""
PROBED = "probed"
"""That an audit looked up keys of a Redis while nobody collected. Bodies: `source`, and as numbers
`commands`, `hits` and `misses`."""
ACKNOWLEDGE, UNACKNOWLEDGE = "acknowledge", "unacknowledge"
"""That a person takes care of an incident, or no longer does. Bodies: `incident`; the first also `note`."""
SILENCE, UNSILENCE = "silence", "unsilence"
"""That nobody is told of some incidents for a while. Bodies: `id`; of the first also `begins` and `ends` in
ISO 8601, `comment`, and `matcher` as JSON."""
NOTE = "note"
"""What a person writes about an incident. Body: `incident`, `text`."""
TEST = "test"
"""That a channel is to send a test message. Body: `channel`."""
REPLAY = "replay"
"""That messages which did not arrive are to be sent again. Body: `incident`, `channel`; empty: any."""
APPLICABLE = frozenset({ACKNOWLEDGE, UNACKNOWLEDGE, SILENCE, UNSILENCE, TEST, REPLAY})
"""The kinds that wait for a cycle to apply them."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a person did.

    Attributes:
        at: our clock, UTC.
        person: as they named themselves.
        kind: one of the constants above.
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


def waiting(connection: Connection) -> list[Action]:
    """Return the actions that no cycle has applied yet, oldest first."""
    rows = connection.execute(
        select(actions)
        .where(actions.c.applied_seq.is_(None), actions.c.kind.in_(APPLICABLE))
        .order_by(actions.c.id)
    )
    return _actions(rows)


def applied(connection: Connection, seq: int, numbers: Collection[int]) -> None:
    """Note which cycle applied these actions."""
    if numbers:
        connection.execute(update(actions).where(actions.c.id.in_(numbers)).values(applied_seq=seq))


def of_kinds(connection: Connection, kinds: Collection[str]) -> list[Action]:
    """Return the actions of these kinds, oldest first."""
    return _actions(
        connection.execute(select(actions).where(actions.c.kind.in_(kinds)).order_by(actions.c.id))
    )


def _actions(rows: Iterable[Row[Any]]) -> list[Action]:
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
