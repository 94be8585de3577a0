"""Doing what a person asks for: an Action in the history, beside whoever collects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from headroom import acting
from headroom.acting import RefusedError
from headroom.config import Config
from headroom.history import Action, Delivery, DeliveryState, History, file_of, open_history
from headroom.history.actions import SILENCE, UNSILENCE
from headroom.history.lock import held
from headroom.incidents import Incident, State
from headroom.instances import printable
from headroom.occurrences import occurrences
from headroom.patterns import starred
from headroom.people import Quiet
from headroom.routing import Told
from headroom.silences import Matcher, Silence, unmet
from headroom.standpoint import UNKNOWN_PACE, late_after
from monitor.people import asked
from monitor.people.asked import Person

_APPLIED = "the collecting process applies it within 2 s"
_STUCK = "a process holds the history but has judged nothing for {}: it is applied when that one goes on"
_LATER = "nobody collects: it is applied when `headroom run` starts"
_INSTANT = datetime.resolution
_NAMED = 10  # incidents of which a sentence gives the names
_MOST = 10_000  # notices that are looked through
_MISSED = frozenset({DeliveryState.GAVE_UP, DeliveryState.REROUTED})


@dataclass(frozen=True, slots=True)
class Doing:
    """A command under way.

    Attributes:
        collected: whether somebody collects just now.
        stuck: for how long whoever collects has judged nothing; empty: nothing is late.
    """

    config: Config
    history: History
    person: Person
    now: datetime
    collected: bool
    stuck: str = ""

    def act(self, action: Action, said: str) -> list[str]:
        """Append an action, and return what is printed about it."""
        self.history.act(action)
        when = _LATER if not self.collected else _STUCK.format(self.stuck) if self.stuck else _APPLIED
        return [said, *signature(self.person), when]


def signature(person: Person) -> list[str]:
    """Return the line that says under which name something is done, where nobody gave one."""
    return [f"as {person.name}, by {person.told}; --by names somebody else"] if person.told else []


@contextmanager
def doing(config: Config, by: str | None, now: datetime) -> Iterator[Doing]:
    """Open the history for a person; HistoryError where there is none."""
    person = asked.person(by, asked.environ())
    history = open_history(config.history, collecting=False)
    try:
        silent = silent_for(config, judged(history), now)
        yield Doing(config, history, person, now, held(file_of(config.history)), silent)
    finally:
        history.close()


def judged(history: History) -> datetime | None:
    """Return when something was last judged; None where nothing ever was."""
    return max((one.verdict.at for one in history.standings()), default=None)


def silent_for(config: Config, last: datetime | None, now: datetime) -> str:
    """Return for how long nothing was judged, where that is longer than it may be; otherwise nothing.

    A process that is stopped, or hangs, holds the history as if it were well.
    """
    shortest = min((one.every for one in config.sources), default=UNKNOWN_PACE)
    if last is None or now - last <= late_after(shortest):
        return ""
    return asked.lasted(now - last)


def acknowledge(on: Doing, words: Sequence[str], budgets: Sequence[str], note: str) -> list[str]:
    """Take care of incidents: of all that are named, or of none; of budgets, those that nobody has yet."""
    acting.check_known(Matcher(budgets=tuple(budgets)), on.config.budgets, [])
    ones = {one.id: one for one in (asked.incident(on.history, each) for each in words)}
    ones |= {one.id: one for one in _unanswered(on, budgets)} if budgets else {}
    if not ones:
        raise NothingError("nothing fires there that nobody takes care of: there is nothing to acknowledge")
    actions = [acting.acknowledging(one, on.person.name, note, on.now) for one in ones.values()]
    for action in actions[1:]:
        on.history.act(action)
    named = "; ".join(asked.named(one) for one in list(ones.values())[:_NAMED])
    if len(ones) > 1:
        more = f"; and {len(ones) - _NAMED} more" if len(ones) > _NAMED else ""
        named = f"{len(ones)} incidents ({named}{more})"
    return on.act(actions[0], f"acknowledged: {named}, no reminders and no escalation until it grows worse")


def _unanswered(on: Doing, budgets: Sequence[str]) -> list[Incident]:
    return [
        one
        for one in on.history.open_incidents()
        if one.state is State.FIRING and one.acknowledged is None
        and any(starred(one.budget, pattern) for pattern in budgets)
    ]  # fmt: skip


def let_go(on: Doing, words: str, note: str) -> list[str]:
    """Take care of an incident no longer."""
    one = asked.incident(on.history, words)
    action = acting.letting_go(one, on.person.name, note, on.now)
    return on.act(action, f"no longer acknowledged: {asked.named(one)}, reminders and escalation begin anew")


def note(on: Doing, words: str, text: str) -> list[str]:
    """Write something about an incident; it needs no cycle."""
    one = asked.incident(on.history, words)
    lines = on.act(acting.noting(one, on.person.name, text, on.now), f"noted about {asked.named(one)}")
    return [*lines[:-1], "`headroom alerts show` has it from now on"]


def silence(
    on: Doing, words: str | None, matcher_of: Callable[[str], Matcher], times: tuple[datetime, datetime],
    *, comment: str, everything: bool,
) -> list[str]:  # fmt: skip
    """Keep alerts quiet for a while, and say which are open that it keeps quiet."""
    about = None if words is None else asked.incident(on.history, words)
    if about is not None and about.ended is not None:
        raise RefusedError(
            f"{asked.named(about)} has ended ({about.state}): a silence of it would keep nothing quiet"
        )
    matcher = matcher_of("" if about is None else about.id)
    acting.check_known(matcher, on.config.budgets, [one.name for one in on.config.sources])
    action, one = acting.silencing(
        matcher, *times, person=on.person.name, comment=comment, now=on.now, everything=everything
    )
    begun = "" if one.begins <= on.now else f"from {asked.stamp(one.begins)} "
    said = f"silenced {begun}until {asked.stamp(one.ends)} (silence {asked.short(one.id)})"
    lines = on.act(action, said)
    return [lines[0], _taken(on, one), *_unmet(on, matcher), *lines[1:]]


def _taken(on: Doing, one: Silence) -> str:
    """Return which open incidents a silence is for."""
    opened = on.history.open_incidents()
    taken = [each for each in opened if takes(on.config, one, each)]
    if not taken:
        return "nothing that is open now is meant by it"
    listed = "; ".join(f"{asked.short(each.id, opened)} {asked.named(each)}" for each in taken[:10])
    more = f"; and {len(taken) - 10} more" if len(taken) > 10 else ""  # noqa: PLR2004 a storm
    when = "it keeps quiet" if one.begins <= on.now else "it will keep quiet, if they are open then:"
    return f"{when} {len(taken)} of {len(opened)} that are open: {listed}{more}"


def _unmet(on: Doing, matcher: Matcher) -> list[str]:
    """Return a sentence for the labels that nothing has: a slip of the pen would keep nothing quiet."""
    subjects = {one.verdict.subject for one in on.history.standings()}
    missing = unmet(matcher, subjects)
    if not missing:
        return []
    known = sorted({printable(label) for subject in subjects for label, _ in subject})
    has = f"there are {', '.join(known)}" if known else "none has any"
    named = " or ".join(f'"{printable(label)}"' for label in missing)
    return [f"WARNING: no series has a label {named}: until one does, it keeps nothing quiet; {has}"]


def takes(config: Config, one: Silence, incident: Incident) -> bool:
    """Tell whether a silence is for an incident, by its budget's owner as the file names it now."""
    budget = next((each for each in config.budgets if each.id == incident.budget), None)
    owner = "" if budget is None else budget.owner
    told = Told(incident.budget, incident.severity, owner, incident.source)
    return one.matcher.takes(incident.id, told, incident.subject)


def unsilence(on: Doing, words: str) -> list[str]:
    """End a silence early, also a time of planned work that is under way."""
    one = asked.silence(standing(on.config, on.history, on.now), words)
    action = acting.ending(one, on.person.name, on.now)
    said = f"ended: the silence {printable(one.id)} of {printable(one.author)}, until {asked.stamp(one.ends)}"
    return [*on.act(action, said), "what still fires is told then"]


def standing(config: Config, history: History, now: datetime) -> list[Silence]:
    """Return the silences in force or to come: of planned work, those that hold now."""
    quiet = Quiet().after(history.actions((SILENCE, UNSILENCE)), now)
    planned = [
        each for work in config.alerting.maintenance for each in occurrences(work, now, now + _INSTANT)
        if each.holds(now) and each.id not in quiet.lifted
    ]  # fmt: skip
    return [*sorted(quiet.silences.values(), key=lambda one: (one.begins, one.id)), *planned]


def replay(on: Doing, words: str | None, channel: str | None) -> list[str]:
    """Ask for what did not arrive to be sent again; RefusedError where all arrived."""
    about = None if words is None else asked.incident(on.history, words)
    name = "" if channel is None else asked.channel(on.config, channel)
    missed = missed_of(
        on.history.deliveries(_MOST) if about is None else on.history.deliveries_of(about.id, _MOST), name
    )
    of = f" of {asked.named(about)}" if about is not None else ""
    to = f" to {name}" if name else ""
    if not missed:
        raise NothingError(f"every message{of}{to} arrived or is on its way: there is nothing to send again")
    action = acting.resending(about, name, on.person.name, on.now)
    count = f"{len(missed):,} message{'' if len(missed) == 1 else 's'}"
    return on.act(action, f"to be sent again: {count}{of}{to} that did not arrive")


def missed_of(deliveries: list[Delivery], channel: str) -> list[Delivery]:
    """Return what did not arrive of notices about incidents, or not yet, of one channel or all."""
    return [
        one
        for one in deliveries
        if one.notice.incident
        and channel in ("", one.notice.channel)
        and (one.state in _MISSED or (one.state is DeliveryState.WAITING and one.error))
    ]


class NothingError(Exception):
    """There is nothing to do; its text says why."""
