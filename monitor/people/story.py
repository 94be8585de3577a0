"""What `headroom alerts show` tells: one incident with all that happened to it, in the order of time."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from headroom.config import Config
from headroom.history import Action, Delivery, Receipt, file_of, open_history
from headroom.history.lock import held
from headroom.incidents import About, Incident, Transition, Why
from headroom.instances import printable
from headroom.people import KINDS
from monitor.people import asked
from monitor.people.acting import judged, silent_for, standing
from monitor.people.as_json import of_delivery, of_row
from monitor.people.asked import ago, stamp
from monitor.people.deeds import deeds, planned, said
from monitor.people.overview import Row, row
from monitor.people.printed import states, told_words

_LONGEST = 600
_MOST = 2_000


@dataclass(frozen=True, slots=True)
class Story:
    """One incident, and all that is kept about it, each oldest first.

    Attributes:
        stuck: for how long whoever collects has judged nothing; empty: nothing is late.
        waiting: numbers of the actions that no cycle has applied yet.
        planned: by the id of each time of planned work that silenced it, in whose name and why.
    """

    now: datetime
    row: Row
    moves: tuple[Transition, ...]
    deliveries: tuple[Delivery, ...]
    actions: tuple[Action, ...]
    collected: bool
    stuck: str = ""
    waiting: frozenset[int] = frozenset()
    planned: Mapping[str, str] = field(default_factory=dict)


def story(config: Config, words: str, now: datetime) -> Story:
    """Read the history; HistoryError, or UnknownError where no incident or several are meant."""
    history = open_history(config.history, collecting=False)
    try:
        one = asked.incident(history, words)
        moves = tuple(history.transitions(one.id))
        return Story(
            now=now,
            row=row(config, history, one, standing(config, history, now), now),
            moves=moves,
            deliveries=tuple(history.deliveries_of(one.id, _MOST)[::-1]),
            actions=tuple(deeds(history.actions(KINDS), one, moves)),
            waiting=frozenset(each.number for each in history.waiting_actions()),
            planned=planned(one, moves, config.alerting.maintenance),
            collected=held(file_of(config.history)),
            stuck=silent_for(config, judged(history), now),
        )
    finally:
        history.close()


def as_text(found: Story) -> str:
    """Return it as lines for people."""
    one = found.row.incident
    lines = [
        f"{one.state.value.upper()} {one.severity.value}: {asked.named(one)}",
        f"  incident   {printable(one.id)}",
        f"  limit      {printable(one.limit)}",
        f"  source     {printable(one.source) or 'unknown'}",
        f"  opened     {stamp(one.opened)} ({ago(one.opened, found.now)})",
    ]
    if one.fired is not None:
        lines.append(f"  fired      {stamp(one.fired)} ({ago(one.fired, found.now)})")
    if one.ended is not None:
        lines.append(f"  ended      {stamp(one.ended)} ({ago(one.ended, found.now)})")
    if one.worst:
        lines.append(f"  worst      {printable(one.worst, _LONGEST)}")
    lines += [f"  {line}" for line in states(found.row)]
    lines += ["", "What happened:"]
    lines += [f"  {stamp(at)}  {what}" for at, what in timeline(found)] or ["  nothing is kept of it"]
    if waiting := [one for one in found.deliveries if one.ended is None]:
        lines += ["", "On its way:", *(f"  {told_words(each)}" for each in waiting)]
    if found.row.receipts:
        lines += ["", "What receivers say of it:"]
        lines += [f"  {_receipt(each)}" for each in found.row.receipts]
    lines += ["", f"Why it is so: {explained(one)}"]
    if not found.collected:
        lines.append("NOBODY COLLECTS: it stands as it was left; start `headroom run`.")
    elif found.stuck:
        lines.append(f"NOTHING IS JUDGED for {found.stuck}: it stands as it was left, and a process hangs.")
    return "\n".join(lines)


def timeline(found: Story) -> list[tuple[datetime, str]]:
    """Return what happened, oldest first, each as words that are harmless to print."""
    events = [(move.at, _moved(move, found.planned)) for move in found.moves]
    events += [(each.ended, _sent(each)) for each in found.deliveries if each.ended is not None]
    events += said(found.actions, found.row.incident, found.moves, found.waiting)
    return sorted(events, key=lambda each: each[0])


def explained(one: Incident) -> str:
    """Return the command that explains the verdicts behind an incident, fit to be pasted into a shell."""
    about = one.budget if one.about is About.BLIND else f"{one.budget}:{one.statistic.value}"
    words = ["headroom", "explain", about]
    subject = ",".join(f"{label}={value}" for label, value in one.subject)
    if subject:
        words += ["--subject", subject]
    if one.ended is not None and one.fired is not None:
        words += ["--at", f"{one.fired:%Y-%m-%dT%H:%M:%SZ}"]
    if not all(word.isprintable() for word in words):
        return (
            "its labels hold signs that no shell takes; `headroom explain` of its budget shows all subjects"
        )
    return shlex.join(words)


def as_json(found: Story) -> str:
    """Return it as the JSON document that scripts rely on."""
    document = of_row(found.row)
    document["transitions"] = list(_moves(found))
    document["deliveries"] = [of_delivery(each) for each in found.deliveries]
    document["actions"] = [
        {"at": _time(each.at), "by": each.person, "kind": each.kind, "body": dict(each.body)}
        for each in found.actions
    ]
    document["explain"] = explained(found.row.incident)
    return json.dumps(document, indent=2, allow_nan=False)


def _moves(found: Story) -> Iterator[dict[str, str | None]]:
    for each in found.moves:
        yield {
            "at": _time(each.at),
            "before": None if each.before is None else each.before.value,
            "after": each.after.value,
            "severity": each.severity.value,
            "why": each.why.value,
            "detail": each.detail,
        }


def _moved(move: Transition, planned: Mapping[str, str]) -> str:
    moved = move.after.value if move.before is not move.after else f"still {move.after.value}"
    detail = printable(move.detail, _LONGEST)
    work = planned.get(move.detail.removeprefix("silence ")) if move.why is Why.SILENCED else None
    by = f", {work}" if work else ""
    return f"{moved} ({move.severity.value}): {move.why.value}{f'; {detail}' if detail else ''}{by}"


def _sent(each: Delivery) -> str:
    attempts = each.notice.attempts
    tries = f", {attempts} attempts" if attempts > 1 else ""
    answer = f", it answered {printable(each.response, _LONGEST)}" if each.response else ""
    return f"{told_words(each)}{tries}{answer}"


def _receipt(each: Receipt) -> str:
    where = f"{printable(each.channel)} {printable(each.member)}"
    detail = f": {printable(each.detail, _LONGEST)}" if each.detail else ""
    return f"{where}, at {stamp(each.at)}: {printable(each.state)}{detail}"


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
