"""What people may do about alerts, as Actions: bounded and checked before they are appended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import uuid4

from headroom.audit.by_hand import LONGEST_NAME, fault_of
from headroom.budgets import Budget
from headroom.config.problems import closest, quoted
from headroom.history.actions import (
    ACKNOWLEDGE,
    NOTE,
    REPLAY,
    SILENCE,
    TESTED,
    UNACKNOWLEDGE,
    UNSILENCE,
    Action,
)
from headroom.history.silence_body import (
    LONGEST,
    LONGEST_COMMENT,
    LONGEST_PATTERN,
    MOST_PATTERNS,
    body_of,
)
from headroom.incidents import Incident, State
from headroom.instances import printable
from headroom.patterns import starred
from headroom.silences import Matcher, Silence

LONGEST_NOTE = 500
_LATE = timedelta(minutes=5)  # between reading the clock and saying when a silence begins
_UNLIKE = ("x", "Zq7.é-0/ß")  # whatever takes both takes anything


class RefusedError(Exception):
    """What is asked for cannot be done; its text says why and what to do instead."""


def acknowledging(incident: Incident, person: str, note: str, now: datetime) -> Action:
    """Return the action by which a person takes care of an incident that fires."""
    _written("--note", note, LONGEST_NOTE)
    if incident.ended is not None:
        raise RefusedError(
            f"{_named(incident)} has ended ({incident.state}): there is nothing to acknowledge"
        )
    if incident.state is State.PENDING:
        raise RefusedError(
            f"{_named(incident)} is pending, and nobody was told: acknowledge it when it fires"
        )
    if incident.acknowledged is not None:
        by = quoted(incident.acknowledged_by)
        raise RefusedError(
            f"{_named(incident)} is acknowledged already, by {by}; "
            "to take it over: `headroom alerts unack`, then `headroom alerts ack`"
        )
    return Action(now, signed(person), ACKNOWLEDGE, {"incident": incident.id, "note": note.strip()})


def letting_go(incident: Incident, person: str, note: str, now: datetime) -> Action:
    """Return the action by which nobody takes care of an incident any more."""
    _written("--note", note, LONGEST_NOTE)
    if incident.ended is not None or incident.acknowledged is None:
        raise RefusedError(f"{_named(incident)} is acknowledged by nobody: there is nothing to take back")
    return Action(now, signed(person), UNACKNOWLEDGE, {"incident": incident.id, "note": note.strip()})


def noting(incident: Incident, person: str, text: str, now: datetime) -> Action:
    """Return the action that keeps what a person writes about an incident, open or ended."""
    _written("TEXT", text, LONGEST_NOTE, least=1)
    return Action(now, signed(person), NOTE, {"incident": incident.id, "text": text.strip()})


def silencing(
    matcher: Matcher,
    begins: datetime,
    ends: datetime,
    *,
    person: str,
    comment: str,
    now: datetime,
    everything: bool = False,
) -> tuple[Action, Silence]:
    """Return the action that sets a silence, and the silence.

    Args:
        matcher: what it is for; one that leaves everything open needs `everything`.
        begins: from when on; the past is refused, since what was told cannot be taken back.
        ends: until when.
        person: who sets it.
        comment: why; it is what others read when they wonder where an alert is.
        now: our clock, UTC.
        everything: it is meant to keep all alerts quiet.
    """
    _written("--comment", comment, LONGEST_COMMENT, least=1)
    _check_matcher(matcher)
    if begins < now - _LATE:
        raise RefusedError("it would begin in the past; leave --from out to begin now")
    if ends <= now:
        raise RefusedError("its end has passed already; give a later --until, or --for")
    if ends <= begins:
        raise RefusedError("its end is not after its begin; give a later --until, or --for")
    if ends - begins > LONGEST:
        raise RefusedError(
            f"it would last longer than {LONGEST.days} days; whoever set it is gone by then: give a shorter "
            "time, change the budget, or plan it under alerts.maintenance in budgets.yaml"
        )
    if begins - now > LONGEST:
        raise RefusedError(
            f"it would begin more than {LONGEST.days} days from now; "
            "plan it under alerts.maintenance in budgets.yaml"
        )
    if takes_everything(matcher) and not everything:
        raise RefusedError(
            "it would silence every alert; name what it is for (INCIDENT, --budget, --source, --owner, "
            "--severity or --label), or add --everything if that is meant"
        )
    one = Silence(uuid4().hex, matcher, begins, ends, signed(person), comment.strip())
    return Action(now, one.author, SILENCE, body_of(one)), one


def ending(silence: Silence, person: str, now: datetime) -> Action:
    """Return the action that ends a silence early; also a single time of planned work."""
    return Action(now, signed(person), UNSILENCE, {"id": silence.id})


def resending(incident: Incident | None, channel: str, person: str, now: datetime) -> Action:
    """Return the action that asks for what did not arrive to be sent again; None and "" stand for any."""
    body = {"incident": "" if incident is None else incident.id, "channel": channel}
    return Action(now, signed(person), REPLAY, body)


def kept_test(channel: str, person: str, said: str, now: datetime, *, arrived: bool) -> Action:
    """Return the action that keeps what came of a test message."""
    body = {"channel": channel, "arrived": "yes" if arrived else "no", "said": said[:1000]}
    return Action(now, signed(person), TESTED, body)


def takes_everything(matcher: Matcher) -> bool:
    """Tell whether a matcher leaves everything open: it has no part that could fail to match."""
    lists = (matcher.budgets, matcher.sources, matcher.owners)
    return (
        not matcher.incident
        and len(matcher.severities) in (0, 2)
        and all(not patterns or any(_any(each) for each in patterns) for patterns in lists)
        and all(_any(pattern) and starred("", pattern) for _, pattern in matcher.labels)
    )


def check_known(matcher: Matcher, budgets: Iterable[Budget], sources: Iterable[str]) -> None:
    """Raise RefusedError where a pattern matches nothing that the configuration has.

    A slip of the pen would leave a person thinking that something is silenced.
    """
    budgets = list(budgets)
    known = {
        "--budget": (matcher.budgets, "budget", {one.id for one in budgets}),
        "--source": (matcher.sources, "source", set(sources)),
        "--owner": (matcher.owners, "owner of a budget", {one.owner for one in budgets if one.owner}),
    }
    for option, (patterns, what, names) in known.items():
        for pattern in patterns:
            if not any(starred(name, pattern) for name in names):
                near = closest(pattern, sorted(names))
                raise RefusedError(
                    f"{option} {quoted(pattern)} matches no {what} in the budgets file"
                    + (f"; did you mean {near}?" if near else f"; it has {_few(names)}")
                )


def signed(person: str) -> str:
    """Return a person's name as it is kept, or raise RefusedError."""
    _written("--by", person, LONGEST_NAME, least=1)
    return person.strip()


def _check_matcher(matcher: Matcher) -> None:
    for name in ("budgets", "sources", "owners"):
        patterns = getattr(matcher, name)
        option = f"--{name.removesuffix('s')}"
        if len(patterns) > MOST_PATTERNS:
            raise RefusedError(f"{option} takes at most {MOST_PATTERNS} patterns, not {len(patterns):,}")
        for pattern in patterns:
            _written(option, pattern, LONGEST_PATTERN, least=1)
    if len(matcher.labels) > MOST_PATTERNS:
        raise RefusedError(f"--label takes at most {MOST_PATTERNS} patterns, not {len(matcher.labels):,}")
    for label, pattern in matcher.labels:
        _written("--label", label, LONGEST_PATTERN, least=1)
        _written("--label", pattern, LONGEST_PATTERN)


def _any(pattern: str) -> bool:
    return all(starred(each, pattern) for each in _UNLIKE)


def _few(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - 10} more" if len(ordered) > 10 else ""  # noqa: PLR2004 enough to see the kind
    return (", ".join(ordered[:10]) or "none") + more


def _named(incident: Incident) -> str:
    return f"{printable(incident.budget)} {incident.statistic.value}"


def _written(option: str, text: str, most: int, *, least: int = 0) -> None:
    if fault := fault_of(text, most, least):
        raise RefusedError(f"{option} takes {fault}")
