"""A book on one incident after another, kept apart from the code, and the laws that every entry is held to.

It knows only what came in and what went out: how long nobody answered, when somebody was last told, how long
sight was lost are counted again from the entries.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from alerts.decide import Decision, Policy
from alerts.sight import RANK
from headroom.budgets import Severity, Statistic
from headroom.incidents import ALARMS, About, Incident, NoticeStatus, State, Transition, Why

ZERO = timedelta(0)
OPEN, ENDED = (State.PENDING, State.FIRING), (State.RESOLVED, State.DROPPED)
AGAIN = (NoticeStatus.REMINDER, NoticeStatus.ESCALATED)


def thawed(incident: Incident) -> Incident:
    """Write an incident as the history would, in text, and read it again."""

    def plain(value: Any) -> Any:
        if isinstance(value, timedelta):
            return {"us": value // timedelta(microseconds=1)}
        return {"at": value.isoformat()}

    def rich(fields: dict[str, Any]) -> Any:
        if fields.keys() == {"us"}:
            return timedelta(microseconds=fields["us"])
        return datetime.fromisoformat(fields["at"]) if fields.keys() == {"at"} else fields

    fields = json.loads(json.dumps(asdict(incident), default=plain), object_hook=rich)
    kinds: dict[str, Any] = {
        "state": State,
        "severity": Severity,
        "statistic": Statistic,
        "about": About,
        "subject": tuple,
    }
    return Incident(**{name: kinds.get(name, lambda same: same)(value) for name, value in fields.items()})


def span(log: Sequence[tuple[str, timedelta]], wanted: str) -> timedelta:
    """Return the time between judgements in a row that both said `wanted`."""
    return sum((elapsed for (before, _), (now, elapsed) in pairwise(log) if before == now == wanted), ZERO)


@dataclass
class Book:
    """What was seen, moved and told of the open incident; empty where there is none."""

    policy: Policy
    log: list[tuple[str, timedelta]] = field(default_factory=list)
    moves: list[Transition] = field(default_factory=list)
    told: list[NoticeStatus] = field(default_factory=list)
    since_alarm: timedelta = ZERO
    unanswered: timedelta = ZERO
    steps: list[int] = field(default_factory=list)
    lost_for: timedelta | None = None
    lost_told: bool = False
    taken: bool = False
    silent: bool = False

    def judged(
        self, before: Incident | None, decision: Decision, seen: str, elapsed: timedelta, silenced: str
    ) -> None:
        """Enter a judgement that said `seen`: over, met, unclear or lost."""
        elapsed = max(elapsed, timedelta.resolution)
        self.log = [*self.log, (seen, elapsed)] if before else [(seen, elapsed)]
        after, fired_before = decision.incident, before is not None and before.state is State.FIRING
        if after is None:
            assert decision.transitions == ()
            assert decision.notify is None
            return
        self._sight(seen, elapsed)
        rose = before is not None and fired_before and RANK[after.severity] > RANK[before.severity]
        if rose:
            self.taken, self.unanswered, self.steps = False, ZERO, []
        if fired_before:
            self.since_alarm += elapsed
            if not (self.taken or silenced or self.silent):
                self.unanswered += elapsed
        if after.state is State.FIRING:
            self._firing(after, decision, seen, silenced)
        if after.state in OPEN:
            held = self.silent and seen == "met"
            assert after.silenced == silenced or (held and not silenced)
            self.silent = bool(after.silenced) and after.state is State.FIRING
        self.keep(decision)

    def by_hand(self, before: Incident, decision: Decision, *, taking: bool) -> None:
        """Enter what a person did."""
        moves = before.state is State.FIRING and taking is not self.taken
        assert (decision.transition is not None) == moves
        heard = moves and not before.silenced and (taking or not before.untold)
        news = NoticeStatus.ACKNOWLEDGED if taking else NoticeStatus.FIRING
        assert decision.notify is (news if heard else None)
        if moves:
            self.taken = taking
            if not taking:
                self.unanswered, self.steps = ZERO, []
        self.keep(decision)

    def keep(self, decision: Decision) -> None:
        """Enter moves and messages of any kind, and hold them to what is true of all."""
        after = decision.incident
        assert after is not None
        for move in decision.transitions:
            assert move.before is (self.moves[-1].after if self.moves else None)
            assert move.before not in ENDED
            self.moves.append(move)
        if decision.transitions:
            assert decision.why in {move.why for move in decision.transitions}
        heard = any(status in ALARMS for status in self.told)
        if decision.notify is not None:
            self.told.append(decision.notify)
        if decision.notify in ALARMS:
            self.since_alarm = ZERO
        if after.ended is not None:
            assert (decision.notify is NoticeStatus.RESOLVED) == heard
            assert after.state is (
                State.RESOLVED if State.FIRING in {move.after for move in self.moves} else State.DROPPED
            )
            vars(self).update(vars(Book(self.policy)))  # a new page: all of it is forgotten at once
            return
        assert decision.notify is not NoticeStatus.RESOLVED
        firing = after.state is State.FIRING
        assert firing or not self.told
        assert after.untold == (firing and not any(status in ALARMS for status in self.told))
        assert (after.acknowledged is not None) == self.taken
        if firing:
            assert self.moves[-1].severity is after.severity
            turns = [one.why for one in self.moves if one.why in (Why.SILENCED, Why.UNSILENCED)]
            assert turns == [Why.SILENCED, Why.UNSILENCED] * (len(turns) // 2) + turns[len(turns) & ~1 :]
            assert (turns[-1:] == [Why.SILENCED]) == bool(after.silenced)

    def _sight(self, seen: str, elapsed: timedelta) -> None:
        if seen in ("over", "met"):
            self.lost_for, self.lost_told = None, False
        elif self.lost_for is not None:
            self.lost_for += elapsed
        elif seen == "lost":
            self.lost_for = elapsed

    def _firing(self, after: Incident, decision: Decision, seen: str, silenced: str) -> None:
        """Hold what is told of a firing incident to the law, and what is kept back as well."""
        notify = decision.notify
        if silenced or (self.silent and seen == "met"):
            assert notify is None
            return
        if not self.moves or self.moves[-1].after is not State.FIRING or self.silent:
            assert notify in ALARMS
        lost_long = self.lost_for is not None and self.lost_for >= self.policy.lost_after
        if notify is NoticeStatus.LOST_SIGHT:
            assert lost_long
            assert not self.lost_told
            self.lost_told = True
        if notify in AGAIN:
            assert not self.taken
            assert seen != "met"
        following = self._next(after.severity)
        if notify is NoticeStatus.ESCALATED:
            assert following is not None
            assert after.step == following
            self.steps.append(following)
        if notify is NoticeStatus.REMINDER:
            assert self.policy.remind <= self.since_alarm
            assert not after.flapping
        if notify is None:  # then nothing was due
            about_sight = after.about is About.BLIND
            assert about_sight or self.lost_told or not lost_long
            if not self.taken and seen != "met":
                assert following is None
                assert after.flapping or self.since_alarm < self.policy.remind

    def _next(self, severity: Severity) -> int | None:
        """Return the number of the step that is due."""
        behind = self.steps[-1] if self.steps else 0
        for number, step in enumerate(self.policy.steps, start=1):
            if number > behind and severity in step.severities:
                return number if self.unanswered >= step.after else None
        return None
