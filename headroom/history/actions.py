"""What people did: rows that are only ever appended, by any process."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from headroom.audit.by_hand import Confirmation
from headroom.history.tables import actions

_LOG = logging.getLogger(__name__)
_LONGEST_BODY = 64_000  # characters; whoever can write to the file can append anything
_AT_ONCE = 1_000
_EVER = (
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(9999, 1, 1, tzinfo=UTC),
)  # beyond it no moment can be read

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
TESTED = "tested"
"""That a process beside the collecting one sent a channel a test message. Body: `channel`, `arrived` (yes or
no) and `said`, a sentence; it is kept with what is known of the channel."""
REPLAY = "replay"
"""That messages which did not arrive are to be sent again. Body: `incident`, `channel`; empty: any."""
APPLICABLE = frozenset({ACKNOWLEDGE, UNACKNOWLEDGE, SILENCE, UNSILENCE, TEST, TESTED, REPLAY})
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
    """Return the oldest actions that no cycle has applied yet, oldest first; a flood is taken in turns."""
    rows = connection.execute(
        _SELECTED.where(actions.c.applied_seq.is_(None), actions.c.kind.in_(APPLICABLE))
        .order_by(actions.c.id)
        .limit(_AT_ONCE)
    )
    return [_action(row) for row in rows]


def applied(connection: Connection, seq: int, numbers: Collection[int]) -> None:
    """Note which cycle applied these actions."""
    if numbers:
        connection.execute(update(actions).where(actions.c.id.in_(numbers)).values(applied_seq=seq))


def of_kinds(connection: Connection, kinds: Collection[str]) -> list[Action]:
    """Return the actions of these kinds, oldest first."""
    rows = connection.execute(_SELECTED.where(actions.c.kind.in_(kinds)).order_by(actions.c.id))
    return [_action(row) for row in rows]


_SELECTED = select(
    actions.c.id,
    actions.c.at,
    actions.c.person,
    actions.c.kind,
    func.substr(actions.c.body, 1, _LONGEST_BODY + 1).label("body"),
).where(actions.c.at.between(*_EVER))


def _action(row: Row[*tuple[Any, ...]]) -> Action:
    return Action(row.at, str(row.person), row.kind, _body(row), row.id)


def _body(row: Row[*tuple[Any, ...]]) -> dict[str, str]:
    """Return the words of a row; none where it is damaged: it must not keep the others from being read."""
    try:
        body = json.loads(row.body)
    except (ValueError, TypeError, RecursionError):
        body = None
    if isinstance(body, dict) and all(isinstance(each, str) for each in body.values()):
        return body
    _LOG.warning("action %d (%s) of the history is damaged: its body is no JSON of words", row.id, row.kind)
    return {}


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
