"""What stands around the incidents as HTML: silences, channels, what ended, who did what. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from html import escape
from urllib.parse import urlencode

from dashboard.alerts_words import ago, begun, lasted, meant, name
from dashboard.foreign import one_line
from dashboard.markup import NOTHING
from dashboard.visitor import clock
from headroom.budgets import Budget
from headroom.channels import Channel
from headroom.history import Action, ChannelState
from headroom.history.actions import APPLICABLE
from headroom.incidents import Incident
from headroom.people import Tested, told
from headroom.silences import Silence

MOST_ENDED = 200
MOST_DONE = 100
_LONGEST = 400


def table(kind: str, heads: Sequence[str], rows: Sequence[str]) -> str:
    """Return rows as a table that is read line by line on a phone."""
    cells = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    return (
        f'<section class="hr-table hr-lists" data-{kind}="{len(rows)}"><table><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></section>"
    )


def line(mark: str, cells: Mapping[str, str]) -> str:
    """Return one line of a table; the cells are HTML."""
    told_ = "".join(f'<td data-head="{escape(head)}">{cell}</td>' for head, cell in cells.items())
    return f"<tr{mark}>{told_}</tr>"


def foremost(found: Sequence[Silence], now: datetime) -> list[tuple[Silence, int]]:
    """Return the silences, of planned work to come only the next time, each with how often it comes again."""
    kept: dict[str, tuple[Silence, int]] = {}
    for one in found:
        planned = one.id.startswith("maintenance:") and not one.holds(now)
        key = one.author if planned else one.id
        first, more = kept.get(key, (one, -1))
        kept[key] = (first, more + 1)
    return list(kept.values())


def silence(one: Silence, more: int, names: dict[str, str], now: datetime, zone: tzinfo) -> str:
    """Return a silence, in force or to come, and `more` times after it."""
    state = "in force" if one.holds(now) else "to come"
    left = f"{lasted(one.ends - now)} more" if one.holds(now) else f"begins in {lasted(one.begins - now)}"
    when = f"{clock(one.begins, now, zone)} to {clock(one.ends, now, zone)}"
    comment = one_line(one.comment, _LONGEST)
    again = f"; {more} more time{'' if more == 1 else 's'} in the next 7 days" if more else ""
    return (
        f'<div class="hr-verdict hr-idle hr-silence" data-silence="{escape(one.id)}" data-state="{state}">'
        f"<p><b>{escape(meant(one.matcher, names))}</b></p>"
        f"<p>{state}, {when} ({left}), by {escape(one_line(one.author, 100))}"
        f"{f': {escape(comment)}' if comment else ''}{again}</p></div>"
    )


def channel(
    one: Channel, state: ChannelState | None, test: Tested | None, now: datetime, zone: tzinfo
) -> str:
    """Return whether a channel works, and since when not."""
    broken = state is not None and state.disabled is not None
    failing = state is not None and bool(state.error)
    colour = "over" if broken else "undecided" if failing else "met" if state and state.ok_at else "idle"
    sign = {"over": "✖", "undecided": "▲", "met": "✓", "idle": NOTHING}[colour]
    if state is None:
        words = "nothing was sent so far"
    elif state.disabled is not None:
        words = f"takes nothing since {clock(state.disabled, now, zone)}"
    elif failing:
        words = "its last attempt failed"
    else:
        words = "works"
    parts = [words]
    if state is not None and state.error:
        parts.append(one_line(state.error, _LONGEST))
    if state is not None and state.ok_at is not None:
        parts.append(f"last success {ago(state.ok_at, now)}")
    parts.append(_tested(test, now))
    if broken:
        parts.append("it is tried again and again, and at once by a test")
    return (
        f'<div class="hr-verdict hr-{colour}" data-receiver="{escape(one.name)}"'
        f' data-works="{"no" if broken else "yes"}"><p><span class="hr-icon" aria-hidden="true">{sign}</span>'
        f" <b>{escape(one_line(one.name, 60))}</b> ({escape(one.kind)}) {escape('; '.join(parts))}</p></div>"
    )


def _tested(test: Tested | None, now: datetime) -> str:
    if test is None:
        return "never tested"
    came = "arrived" if test.arrived else f"did not arrive, {one_line(test.said, _LONGEST)}"
    return f"last test {ago(test.at, now)}: {came}"


def ended(
    found: Sequence[Incident], budgets: Mapping[str, Budget], base: str, now: datetime, zone: tzinfo
) -> str:
    """Return incidents that fired and ended, newest first, each with a link to all that is kept of it."""
    rows = []
    for one in found[:MOST_ENDED]:
        assert one.ended is not None
        link = f"{base}/alert?{urlencode({'i': one.id})}"
        title = escape(name(one, budgets.get(one.budget)))
        start = begun(one)
        cells = {
            "alert": f'<a href="{escape(link)}" target="_self">{title}</a>',
            "severity": escape(one.severity),
            "fired": escape(clock(start, now, zone)),
            "for": escape(lasted(max(one.ended - start, now - now))),
            "worst": escape(one_line(one.worst, _LONGEST) or NOTHING),
            "acknowledged": escape(one_line(one.acknowledged_by, 100) or "by nobody"),
        }
        rows.append(line(f' data-ended="{escape(one.id)}"', cells))
    heads = ("alert", "severity", "fired", "for", "worst", "acknowledged")
    left = len(found) - MOST_ENDED
    more = f'<p class="hr-said">{left:,} older ones are left out.</p>' if left > 0 else ""
    return table("resolved", heads, rows) + more


def done(
    found: Sequence[Action], waiting: frozenset[int], names: dict[str, str], now: datetime, zone: tzinfo
) -> str:
    """Return what people did, newest first, and whether it is applied."""
    rows = []
    for one in found[::-1][:MOST_DONE]:
        about = names.get(one.body.get("incident", ""), "")
        state = "kept" if one.kind not in APPLICABLE else "waits" if one.number in waiting else "applied"
        cells = {
            "when": escape(clock(one.at, now, zone)),
            "what": escape(one_line(told(one), _LONGEST))
            + (f"<small>{escape(about)}</small>" if about else ""),
            "state": state,
        }
        rows.append(line(f' data-action="{one.number}" data-state="{state}"', cells))
    left = len(found) - MOST_DONE
    more = f'<p class="hr-said">{left:,} older ones: <code>headroom alerts show</code> has them.</p>'
    return table("done", ("when", "what", "state"), rows) + (more if left > 0 else "")


def nothing(
    judged: datetime | None,
    tests: Mapping[str, Tested],
    channels: Sequence[Channel],
    now: datetime,
    back: str,
) -> str:
    """Return that there is nothing, and what makes that believable: somebody looks, and would be heard."""
    looked = "Nothing was ever judged." if judged is None else f"Last judged {ago(judged, now)}."
    return f"No alerts in {back}. {looked} {tested(tests, channels, now)}"


def tested(tests: Mapping[str, Tested], channels: Sequence[Channel], now: datetime) -> str:
    """Return when a message was last tried, and what came of it."""
    if not channels:
        return "No channel is configured: nobody is told of alerts; add one under alerts.channels."
    known = {one.name: tests[one.name] for one in channels if one.name in tests}
    if not known:
        return "No channel was ever tested."
    newest = max(one.at for one in known.values())
    came = ", ".join(
        f"{one_line(channel, 60)}: {'arrived' if one.arrived else 'did not arrive'}"
        for channel, one in sorted(known.items())
    )
    never = [one.name for one in channels if one.name not in known]
    rest = f"; never tested: {', '.join(never)}" if never else ""
    return f"Last test message: {ago(newest, now)} ({came}{rest})."
