"""What people did, added up: silences, notes, tests of channels, and a sentence for each thing they did."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from headroom.history.actions import (
    ACKNOWLEDGE,
    NOTE,
    REPLAY,
    SILENCE,
    TEST,
    TESTED,
    UNACKNOWLEDGE,
    UNSILENCE,
    Action,
)
from headroom.history.silence_body import LONGEST, AbsurdError, silence_of
from headroom.instances import printable
from headroom.silences import Silence

KINDS = frozenset({ACKNOWLEDGE, UNACKNOWLEDGE, SILENCE, UNSILENCE, NOTE, TEST, TESTED, REPLAY})
"""The kinds of actions that are about alerts."""
MOST = 1_000
"""Silences that are kept at once; those that end first go first, lest a flood fill the memory."""

_LOG = logging.getLogger(__name__)
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of the last test of a channel.

    Attributes:
        at: our clock, UTC.
        said: what the receiver answered, or why it did not arrive.
    """

    at: datetime
    person: str
    arrived: bool
    said: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """What people silenced, as it stands.

    Attributes:
        silences: in force or to come, by their ids.
        lifted: ids of silences that were ended early, with when: also of times of planned work, whose
            silences are none of people's.
    """

    silences: Mapping[str, Silence] = field(default_factory=dict)
    lifted: Mapping[str, datetime] = field(default_factory=dict)

    def after(self, actions: Iterable[Action], at: datetime) -> Quiet:
        """Return how it stands after more actions, oldest first, of any kinds; what makes no sense is logged.

        What has ended, or was lifted so long ago that no silence can be meant, is left out.
        """
        silences, lifted = dict(self.silences), dict(self.lifted)
        for action in actions:
            if action.kind == SILENCE:
                try:
                    one = silence_of(action)
                except AbsurdError as error:
                    _LOG.warning("action %d sets no silence and is left out: %s", action.number, error)
                    continue
                if one.id not in silences and one.id not in lifted:  # an id is given once
                    silences[one.id] = one
            elif action.kind == UNSILENCE:
                ident = action.body.get("id", "")[:_LONGEST]
                silences.pop(ident, None)
                lifted[ident] = action.at
        kept = [one for one in silences.values() if one.ends > at]
        kept = sorted(kept, key=lambda one: (one.ends, one.id))[-MOST:]
        recent = {ident: when for ident, when in lifted.items() if at - when < 2 * LONGEST}
        newest = sorted(recent.items(), key=lambda each: each[1])[-MOST:]
        return Quiet({one.id: one for one in kept}, dict(newest))

    def standing(self, at: datetime, planned: Iterable[Silence] = ()) -> tuple[Silence, ...]:
        """Return the silences that hold at a moment, with those of planned work that nobody ended early."""
        own = [one for one in self.silences.values() if one.holds(at)]
        return (*own, *(one for one in planned if one.holds(at) and one.id not in self.lifted))


def notes(actions: Iterable[Action], incident: str) -> list[Action]:
    """Return the actions about one incident, oldest first: who took care of it, and what they wrote."""
    own = {ACKNOWLEDGE, UNACKNOWLEDGE, NOTE}
    return [
        one
        for one in actions
        if (one.kind in own and one.body.get("incident") == incident)
        or (one.kind == REPLAY and one.body.get("incident") == incident)
        or (one.kind == SILENCE and _about(one, incident))
    ]


def tests(actions: Iterable[Action]) -> dict[str, Tested]:
    """Return the last test of each channel that a process beside the collecting one made."""
    return {one.body.get("channel", ""): tested_of(one) for one in actions if one.kind == TESTED}


def tested_of(action: Action) -> Tested:
    """Return what an action of the kind TESTED tells."""
    said = printable(action.body.get("said", ""), _LONGEST)
    return Tested(action.at, action.person, action.body.get("arrived") == "yes", said)


def told(action: Action) -> str:  # noqa: PLR0911 one for each kind
    """Return what a person did as a sentence without its end: bounded, and harmless to print."""
    body = action.body
    who = printable(action.person, 100) or "somebody"

    def word(name: str) -> str:
        return printable(body.get(name, ""), _LONGEST)

    match action.kind:
        case "acknowledge":
            return f"{who} acknowledged it{_with(word('note'))}"
        case "unacknowledge":
            return f"{who} let go of it{_with(word('note'))}"
        case "note":
            return f"{who} noted: {word('text')}"
        case "silence":
            until = word("ends").replace("T", " ").replace("+00:00", " UTC")
            return f"{who} silenced it until {until}{_with(word('comment'))}"
        case "unsilence":
            return f"{who} ended the silence {word('id')}"
        case "test":
            return f"{who} asked for a test of {word('channel')}"
        case "tested":
            came = "arrived" if body.get("arrived") == "yes" else "did not arrive"
            return f"{who} tested {word('channel')}: the message {came}{_with(word('said'))}"
        case "replay":
            return f"{who} asked for what did not arrive to be sent again"
    return f"{who}: {printable(action.kind, 40)}"


def _with(words: str) -> str:
    return f": {words}" if words else ""


def _about(action: Action, incident: str) -> bool:
    try:
        return silence_of(action).matcher.incident == incident
    except AbsurdError:
        return False
