"""An incident as HTML: what it is, who knows, what happened. Pure; everything from outside is escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from html import escape

from dashboard.alerts_words import alarmed, came, headline, quiet, since
from dashboard.data_alerts import Story
from dashboard.detail import facts, runbook
from dashboard.foreign import one_line
from dashboard.look import ICONS
from dashboard.visitor import clock
from headroom.budgets import Budget, Outcome, Severity, Verdict
from headroom.history import Delivery, Receipt
from headroom.incidents import About, Incident, State, Transition
from headroom.people import told
from headroom.silences import Silence

_LONGEST = 600
_MOST_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Case:
    """An incident with all that belongs to it.

    Attributes:
        budget: None where the file names it no longer.
        verdict: the newest on its limit, as it can be said now.
        silence: the one that keeps it quiet.
        untold: why nobody, or not everybody, was told.
    """

    incident: Incident
    budget: Budget | None
    verdict: Verdict | None
    silence: Silence | None
    story: Story
    untold: tuple[str, ...]


def look(incident: Incident) -> Outcome:
    """Return the outcome whose colour and shape an incident has."""
    if incident.ended is not None:
        return Outcome.MET
    if incident.about is About.BLIND:
        return Outcome.BLIND
    if incident.state is State.PENDING:
        return Outcome.IDLE
    return Outcome.OVER if incident.severity is Severity.CRITICAL else Outcome.UNDECIDED


def card(case: Case, *, now: datetime, zone: tzinfo) -> str:
    """Return what is to be known of an incident at once; what happened to it is its `story`."""
    one, colour = case.incident, look(case.incident)
    title = headline(one, case.budget, case.verdict)
    chip = (
        f'<span class="hr-chip hr-{colour}"><span class="hr-icon" aria-hidden="true">{ICONS[colour]}</span>'
        f"{escape(one.state)} · {escape(one.severity)}</span>"
    )
    marks = "".join(f'<span class="hr-near">{escape(mark)}</span>' for mark in _marks(case))
    said = "" if case.verdict is None else one_line(case.verdict.detail, _LONGEST)
    lead = f"<p>{escape(said[:1].upper() + said[1:])}</p>" if said else ""
    return (
        f'<section class="hr-verdict hr-alert hr-{colour}" data-incident="{escape(one.id)}"'
        f' data-state="{escape(one.state)}" data-severity="{escape(one.severity)}"'
        f' aria-label="{escape(f"{one.state} {one.severity}: {title}")}">'
        f'<h3>{chip}{marks}<span class="hr-what">{escape(title)}</span></h3>{lead}'
        f"{_facts(case, now, zone)}{_who(case, now, zone)}{_untold(case)}</section>"
    )


def _marks(case: Case) -> Iterator[str]:
    one = case.incident
    if case.silence is not None:
        yield "silenced"
    if one.acknowledged is not None and one.ended is None:
        yield "acknowledged"
    if one.flapping:
        yield "flapping"
    if one.blind and one.about is About.BREACH:
        yield "blind: firing, and nothing can be told of it now"


def _facts(case: Case, now: datetime, zone: tzinfo) -> str:
    one, budget = case.incident, case.budget
    acknowledged = (
        ""
        if one.acknowledged is None
        else f"by {one_line(one.acknowledged_by, 100)} at {clock(one.acknowledged, now, zone)}"
    )
    ended = "" if one.ended is None else f"{one.state} at {clock(one.ended, now, zone)}"
    if one.ended is not None:
        start = clock(one.fired or one.opened, now, zone)
        when = f"from {start} to {clock(one.ended, now, zone)}"
    else:
        when = since(one, now, zone)
    step = f"step {one.step}: nobody had acknowledged it in time" if one.step else ""
    pairs = [
        ("when", when),
        ("ended", ended),
        ("worst so far", one_line(one.worst, _LONGEST)),
        ("acknowledged", acknowledged),
        (
            "silenced",
            "" if case.silence is None else quiet(case.silence, now, zone).removeprefix("silenced "),
        ),
        ("escalation", step),
        ("limit", one_line(one.limit, 100)),
        ("source", one_line(one.source, 100)),
        ("owner", one_line(budget.owner, 200) if budget else ""),
        ("if broken", one_line(budget.if_broken, 500) if budget else ""),
    ]
    return facts(pairs, runbook(budget.runbook) if budget else "", kind="hr-facts hr-wide")


def _who(case: Case, now: datetime, zone: tzinfo) -> str:
    """Return who knows: what became of the newest message for each channel, and what receivers say."""
    newest: dict[str, Delivery] = {one.notice.channel: one for one in case.story.deliveries}
    items = [
        f'<li data-channel="{escape(name)}"><b>{escape(one_line(name, 60))}</b> '
        f"{escape(one.notice.status)} {escape(came(one, now, zone))}</li>"
        for name, one in sorted(newest.items())
    ]
    items += [_receipt(one, now, zone) for one in case.story.receipts]
    if not items:
        return ""
    return f'<ul class="hr-told" aria-label="Who was told">{"".join(items)}</ul>'


def _receipt(one: Receipt, now: datetime, zone: tzinfo) -> str:
    detail = one_line(one.detail, _LONGEST) or one_line(one.state, 60)
    return (
        f'<li data-receipt="{escape(one.channel)}"><b>{escape(one_line(one.channel, 60))}</b> '
        f"{escape(one_line(one.state, 60))}: {escape(detail)}, at {clock(one.at, now, zone)}</li>"
    )


def _untold(case: Case) -> str:
    if not case.untold:
        return ""
    paged = alarmed(case.story.deliveries) and case.incident.severity is Severity.CRITICAL
    head = "Why not everybody was told" if paged else "Why this did not page"
    sentences = " ".join(escape(each) for each in case.untold)
    return f'<p class="hr-untold" data-untold="{len(case.untold)}"><b>{head}:</b> {sentences}</p>'


def story(case: Case, *, now: datetime, zone: tzinfo, unfolded: bool = False) -> str:
    """Return all that happened to an incident, oldest first; it changes only when something happens."""
    events = sorted(_events(case.story), key=lambda each: each[0])
    items = "".join(
        f'<li><span class="hr-when">{escape(clock(at, now, zone, seconds=True))}</span>'
        f"<span>{told}</span></li>"
        for at, told in events[-_MOST_EVENTS:]
    )
    left = len(events) - _MOST_EVENTS
    rest = f"<p>{left:,} older ones are left out.</p>" if left > 0 else ""
    return (
        f'<details class="hr-story" data-story="{escape(case.incident.id)}"{" open" if unfolded else ""}>'
        f"<summary>What happened ({len(events):,})</summary>{rest}"
        f'<ol class="hr-events">{items}</ol></details>'
    )


def _events(found: Story) -> Iterable[tuple[datetime, str]]:
    """Yield moments with what happened, as HTML."""
    yield from ((move.at, escape(_moved(move))) for move in found.moves)
    yield from ((one.at, escape(told(one))) for one in found.actions)
    yield from ((one.ended, _sent(one)) for one in found.deliveries if one.ended is not None)


def _moved(move: Transition) -> str:
    moved = str(move.after) if move.before is not move.after else f"still {move.after}"
    detail = one_line(move.detail, _LONGEST)
    return f"{moved} ({move.severity}): {move.why}{f'; {detail}' if detail else ''}"


def _sent(one: Delivery) -> str:
    notice = one.notice
    assert one.ended is not None
    what = "✓ arrived" if one.sent else came(one, one.ended, UTC)
    words = f"{one_line(notice.channel, 60)} ({notice.status}) {what}"
    tries = f", {notice.attempts} attempts" if notice.attempts > 1 else ""
    answer = f", it answered {one_line(one.response, 300)}" if one.sent and one.response else ""
    title = _title(notice.payload)
    small = f"<small>{escape(title)}</small>" if title else ""
    return f"{escape(words + tries + answer)}{small}"


def _title(payload: str) -> str:
    """Return what a message said in its first line; nothing where the payload is none."""
    try:
        fields = json.loads(payload)
    except (ValueError, RecursionError):
        return ""
    title = fields.get("title") if isinstance(fields, dict) else None
    return one_line(title, 300) if isinstance(title, str) else ""


def counts(found: Sequence[tuple[str, int, Outcome]], place: str) -> str:
    """Return how many incidents there are of each kind as one line, and by which clocks times are told."""
    items = "".join(
        f'<span class="hr-{colour}" data-count="{escape(what)}"><span class="hr-icon" aria-hidden="true">'
        f"{ICONS[colour]}</span> <b>{number:,}</b> {escape(what)}</span>"
        for what, number, colour in found
    )
    return f'<div class="hr-sources hr-counts" role="status">{items}<span>times: {escape(place)}</span></div>'
