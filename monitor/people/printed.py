"""What `headroom alerts list` prints for people; nothing in a stranger's words steers the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta

from headroom.history import Delivery, DeliveryState, Receipt
from headroom.incidents import About, Incident, NoticeStatus
from headroom.instances import name as subject_name
from headroom.instances import printable
from headroom.silences import Matcher, Silence
from headroom.units import format_duration
from monitor.listed import WIDTH
from monitor.people.asked import ago, short, stamp
from monitor.people.grouped import MANY, grouped
from monitor.people.overview import Overview, Row

_INDENT = "    "
_LONGEST = 300
_KEPT_QUIET = "suppressed"  # Alertmanager's word for silenced, inhibited and muted
_HEARD_WITHIN = timedelta(minutes=3)  # three turns, of which none is longer than a minute
_HEAD = ("id", "state", "severity", "budget", "statistic", "subject", "since")


def as_table(found: Overview, *, ended: bool, each: bool = False) -> str:
    """Return how alerts stand, as text.

    Args:
        found: what is known.
        ended: whether incidents that ended are among them.
        each: whether each incident has lines of its own, also in a storm.
    """
    if len(found.rows) > MANY and not each:
        lines = [*grouped(found)]
    else:
        lines = [*_rows(found)] if found.rows else [_quiet(found, ended=ended)]
    if found.silences:
        lines += ["", "Silences:"]
        lines += [line for one in found.silences for line in _silence(one, found)]
    if found.disabled:
        lines += ["", "Channels that take nothing:"]
        for state in found.disabled:
            since = "" if state.disabled is None else f" since {stamp(state.disabled)}"
            mend = f"mend it in the budgets file, or try it: `headroom alerts test {state.name}`"
            lines += _wrapped(f"{state.name}{since}: {printable(state.error, _LONGEST)}; {mend}")
    if not (found.rows or found.silences or found.disabled):
        return " ".join([*lines, *_standing(found)])
    return "\n".join([*lines, "", *_standing(found)])


def _quiet(found: Overview, *, ended: bool) -> str:
    if ended:
        return "No alerts in 7 days."
    if not found.fired_lately:
        return "No alerts in 24 h."
    count = f"{found.fired_lately} alert{'' if found.fired_lately == 1 else 's'}"
    return f"No open alerts; {count} ended in the last 24 h: see `headroom alerts list --all`."


def _rows(found: Overview) -> Iterator[str]:
    cells = [_HEAD, *(_cells(row.incident, found) for row in found.rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    yield _joined(cells[0], widths)
    yield "  ".join("-" * width for width in widths)
    for row, line in zip(found.rows, cells[1:], strict=True):
        yield _joined(line, widths)
        for said in _said(row, found):
            yield from _wrapped(said)


def _cells(one: Incident, found: Overview) -> tuple[str, ...]:
    moment = one.ended or one.fired or one.opened
    about = "blind" if one.about is About.BLIND else one.statistic.value
    return (
        short(one.id, found.known),
        one.state.value,
        one.severity.value,
        printable(one.budget),
        about,
        subject_name(one.subject) or "all",
        f"{stamp(moment)} ({ago(moment, found.now)})",
    )


def _joined(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _said(row: Row, found: Overview) -> Iterator[str]:
    """Yield what else is to be known of an incident, a sentence each."""
    one = row.incident
    if one.worst:
        yield f"worst: {printable(one.worst, _LONGEST)}"
    yield from states(row)
    told = [told_words(each, found) for each in row.told]
    told += [receipt_words(each, row, found.now) for each in row.receipts]
    if told:
        yield "told: " + "; ".join(told)
    elif one.fired is not None and not one.silenced:
        yield "told: nobody" if found.channels else "told: nobody, as no channel is configured"


def receipt_words(each: Receipt, row: Row, now: datetime) -> str:
    """Return what a receiver said of an incident, and since when it says nothing, where it does not."""
    said = f"{printable(each.channel)} {printable(each.member)}: {printable(each.state)}"
    if each.state == _KEPT_QUIET and each.detail:
        said += f", {printable(each.detail, _LONGEST)}"
    if row.incident.ended is None and now - each.at > _HEARD_WITHIN:
        said += f" (not heard since {stamp(each.at)})"
    return said


def states(row: Row) -> Iterator[str]:
    """Yield how an incident stands beside firing."""
    one, silence = row.incident, row.silence
    if one.acknowledged is not None:
        yield f"acknowledged by {printable(one.acknowledged_by)} at {stamp(one.acknowledged)}"
    if silence is not None:
        why = f": {printable(silence.comment, _LONGEST)}" if silence.comment else ""
        yield f"silenced until {stamp(silence.ends)} by {printable(silence.author)}{why}"
    elif one.silenced and one.ended is None:
        yield "silenced, by a silence that has ended: the next cycle tells what still fires"
    if one.flapping:
        yield "flapping: it fires and recovers over and over, and is kept open as one"
    if one.blind and one.about is About.BREACH:
        yield "blind: it fires, and nothing can be told of it just now"


def told_words(each: Delivery, found: Overview | None = None) -> str:  # noqa: PLR0911 one for each state
    """Return what became of a notice, in a few words."""
    notice = each.notice
    told = f"{printable(notice.channel)} ({notice.status.value})"
    match each.state:
        case DeliveryState.SENT:
            return f"{told} arrived at {stamp(each.ended or notice.created)}"
        case DeliveryState.WAITING if not notice.attempts:
            due = f" until {stamp(notice.next_at)}" if found and notice.next_at > found.now else ""
            return f"{told} waits{due}"
        case DeliveryState.WAITING:
            error = printable(each.error, _LONGEST) or "no answer yet"
            return f"{told} waits, {notice.attempts} attempt{'' if notice.attempts == 1 else 's'}: {error}"
        case DeliveryState.GAVE_UP:
            return f"{told} did not arrive: {printable(each.error, _LONGEST)}"
        case DeliveryState.REROUTED:
            return f"{told} went to another channel: {printable(each.error, _LONGEST)}"
    if notice.status is NoticeStatus.RESOLVED:
        return f"{told} was not sent, as nothing had been said"
    return f"{told} was not sent, as it had ended before"


def _silence(one: Silence, found: Overview) -> list[str]:
    when = (
        f"until {stamp(one.ends)} ({format_duration(one.ends - found.now)} more)"
        if one.holds(found.now)
        else f"from {stamp(one.begins)} until {stamp(one.ends)}"
    )
    ident = printable(one.id) if ":" in one.id else short(one.id, [each.id for each in found.silences])
    why = f": {printable(one.comment, _LONGEST)}" if one.comment else ""
    return _wrapped(f"{ident}  {when}, by {printable(one.author)}{why}; for {meant(one.matcher)}")


def meant(matcher: Matcher) -> str:
    """Return what a matcher is for, in words."""
    parts = [f"incident {short(matcher.incident)}"] if matcher.incident else []
    named = {"budget": matcher.budgets, "source": matcher.sources, "owner": matcher.owners}
    named["severity"] = matcher.severities
    parts += [f"{what} {' or '.join(each)}" for what, each in named.items() if each]
    parts += [f"{label} {pattern}" for label, pattern in matcher.labels]
    return printable(", ".join(parts), _LONGEST) or "everything"


def _standing(found: Overview) -> list[str]:
    """Return whether somebody looks, and whether somebody would hear of it."""
    judged = (
        "Nothing was ever judged." if found.judged is None else f"Last judged {ago(found.judged, found.now)}."
    )
    if not found.collected:
        judged = f"NOBODY COLLECTS: no alert can come; start `headroom run`. {judged}"
    elif found.stuck and found.judged is not None:
        judged = (
            f"NOTHING IS JUDGED since {stamp(found.judged)} ({found.stuck}): no alert can come; "
            "a process holds the history and does not go on: see its log, or start it anew."
        )
    return [judged, _tests(found)]


def _tests(found: Overview) -> str:
    if not found.channels:
        return "No channel is configured: nobody is told of alerts; add one under alerts.channels."
    untested = [name for name in found.channels if name not in found.tests]
    if not found.tests:
        return "No channel was ever tested: `headroom alerts test --all` sends each a message."
    newest = max(each.at for each in found.tests.values())
    came = ", ".join(
        f"{name}: {'arrived' if each.arrived else f'did not arrive, {printable(each.said, _LONGEST)}'}"
        for name, each in sorted(found.tests.items())
    )
    never = f"; never tested: {', '.join(untested)}" if untested else ""
    return f"Last test message: {ago(newest, found.now)} ({came}{never})."


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
