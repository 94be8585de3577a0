"""What people asked for, as the collecting process takes it up: silences, and what a cycle must do."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.decision import Decision
from alerts.people import acknowledge, unacknowledge
from headroom.history import Action, History
from headroom.history.actions import ACKNOWLEDGE, REPLAY, SILENCE, TEST, TESTED, UNACKNOWLEDGE, UNSILENCE
from headroom.incidents import Incident
from headroom.instances import printable
from headroom.occurrences import silences_of
from headroom.people import Quiet, Tested, tested_of, told
from headroom.silences import Maintenance, Silence, unmet

_LOG = logging.getLogger("headroom.people")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Replay:
    """Messages that did not arrive are to be sent again; empty names stand for any."""

    incident: str
    channel: str
    person: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a cycle is to do about what people did; `People.committed` takes it over.

    Attributes:
        applied: numbers of the actions, for `Cycle.applied`: also of those that could not be done.
        decisions: acknowledgements, in order, each of the incident as the one before left it.
        silences: those that hold at the moment, planned work included.
        tests: names of channels with who asked, each once.
        tested: what other processes saw of channels, the last of each.
        replays: what is to be sent again.
        quiet: how silences stand with these actions.
    """

    applied: tuple[int, ...] = ()
    decisions: tuple[Decision, ...] = ()
    silences: tuple[Silence, ...] = ()
    tests: tuple[tuple[str, str], ...] = ()
    tested: tuple[tuple[str, Tested], ...] = ()
    replays: tuple[Replay, ...] = ()
    quiet: Quiet = field(default_factory=Quiet)


class People:
    """What people asked for; what it holds changes only by `load` and `committed`.

    A cycle does, on the history's writer where the history is meant:

        at the start     people.load(history, now)
        in each cycle    asked = people.asked(history.waiting_actions(), open_incidents, now)
                         note asked.decisions, then judge and decide, with asked.silences
                         Cycle(…, applied=asked.applied, replays=asked.replays)
        once committed   people.committed(asked)
                         then send asked.tests, keep asked.tested

    Silences, acknowledgements, what is sent again, and test messages are committed with the cycle. A process
    that dies after it forgets only the test of a channel that is told the state; who asked sees that nothing
    came.
    """

    def __init__(self, planned: Sequence[Maintenance]) -> None:
        self._planned = tuple(planned)
        self._quiet = Quiet()

    def load(self, history: History, now: datetime) -> None:
        """Take up the silences of before; those that wait are given to the first cycle once more."""
        done = history.actions((SILENCE, UNSILENCE))
        self._quiet = Quiet().after(done, now)
        if any(each.matcher.labels for each in self._planned):
            subjects = {one.verdict.subject for one in history.standings()}
            for each in self._planned if subjects else ():
                if missing := unmet(each.matcher, subjects):
                    _LOG.warning(
                        'maintenance "%s": no series has a label %s: until one does, it keeps nothing quiet',
                        printable(each.name),
                        " or ".join(f'"{printable(label)}"' for label in missing),
                    )

    def silences(self, at: datetime) -> tuple[Silence, ...]:
        """Return the silences that hold at a moment, planned work included."""
        return self._standing(self._quiet, at)

    def asked(self, new: Iterable[Action], incidents: Iterable[Incident], at: datetime) -> Asked:
        """Return what the actions that wait come to; nothing is changed here.

        Args:
            new: those that wait, oldest first; whatever is damaged or too late in them is logged and done
                with.
            incidents: the open ones.
            at: our clock, UTC.
        """
        waiting = list(new)
        known = {one.id: one for one in incidents}
        decisions: list[Decision] = []
        tests: dict[str, str] = {}
        tested: dict[str, Tested] = {}
        replays: dict[tuple[str, str], Replay] = {}
        for action in waiting:
            channel, incident = (action.body.get(name, "") for name in ("channel", "incident"))
            person = printable(action.person, 100)
            if action.kind in (ACKNOWLEDGE, UNACKNOWLEDGE):
                decision = _decided(action, person, known.get(incident), at)
                if decision is not None and decision.incident is not None:
                    known[incident] = decision.incident
                    decisions.append(decision)
            elif action.kind == TEST and channel:
                tests[channel] = person
            elif action.kind == TESTED and channel:
                tested[channel] = tested_of(action)
            elif action.kind == REPLAY and action.body.keys() >= {"incident", "channel"}:
                replays[incident, channel] = Replay(incident, channel, person)
            elif action.kind not in (SILENCE, UNSILENCE):
                _LOG.warning(
                    "action %d (%s) says not what it is for, and is left out", action.number, action.kind
                )
                continue
            _LOG.info("%s", told(action))
        quiet = self._quiet.after(waiting, at)
        return Asked(
            applied=tuple(action.number for action in waiting),
            decisions=tuple(decisions),
            silences=self._standing(quiet, at),
            tests=tuple(tests.items()),
            tested=tuple(tested.items()),
            replays=tuple(replays.values()),
            quiet=quiet,
        )

    def committed(self, asked: Asked) -> None:
        """Take over what a cycle did that was committed."""
        self._quiet = asked.quiet

    def _standing(self, quiet: Quiet, at: datetime) -> tuple[Silence, ...]:
        return quiet.standing(at, silences_of(self._planned, at))


def _decided(action: Action, person: str, incident: Incident | None, at: datetime) -> Decision | None:
    """Return what an acknowledgement does; None where there is nothing left to acknowledge."""
    if incident is None:
        # It ended while the action waited, or was never there.
        named = printable(action.body.get("incident", "")) or "none"
        _LOG.warning("%s, which is about incident %s: it is not open (any more)", told(action), named)
        return None
    note = printable(action.body.get("note", ""), _LONGEST)
    move = acknowledge if action.kind == ACKNOWLEDGE else unacknowledge
    return move(incident, person=person or "somebody", at=at, note=note)
