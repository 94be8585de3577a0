"""What Headroom says of itself: a channel is broken, it was asleep, somebody tests a channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from alerts.link import web_address
from alerts.text import clean, clock
from headroom.incidents import NoticeStatus
from headroom.units import format_duration

_LONGEST_BRIEF, _LONGEST_LINE, _MOST_LINES = 185, 600, 10
_MOST_FIRING = _MOST_LINES - 3


def system_payload(
    brief: str,
    lines: Sequence[str] = (),
    *,
    at: datetime,
    subject: str = "",
    installation: str = "",
    link: str = "",
) -> dict[str, Any]:
    """Return a message of Headroom itself as a JSON object, with the fields of any other.

    Args:
        brief: the whole story in a few words.
        lines: sentences; the first ten are kept.
        at: when it happened, UTC.
        subject: what it is about, such as a channel's name: tells messages of one moment apart.
        installation: the name of this Headroom, for receivers that hear several.
        link: the dashboard's address; empty: none.
    """
    brief = clean(brief, _LONGEST_BRIEF)
    kept = [clean(line, _LONGEST_LINE) for line in lines[:_MOST_LINES]] or [f"{brief}."]
    told = sha256(f"{brief}\n{subject}".encode()).hexdigest()[:16]
    home = web_address(link)
    facts = [("At", clock(at)), ("Installation", clean(installation, 200))]
    return {
        "incident": "",
        "budget": "",
        "about": "headroom",
        "statistic": "",
        "subject": {},
        "status": NoticeStatus.SYSTEM.value,
        "severity": "",
        "why": "",
        "title": f"[HEADROOM] {brief}",
        "brief": brief,
        "name": clean(subject, 200),
        "text": f"{brief}. {' '.join(kept)}" if lines else kept[0],
        "lines": kept,
        "facts": [[name, value] for name, value in facts if value],
        "source": "",
        "owner": "",
        "runbook": "",
        "link": home,
        "home": home,
        "at": at.astimezone(UTC).isoformat(),
        "delayed": False,
        "installation": clean(installation, 200),
        "key": f"headroom-{told}-{at.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}",
    }


def broken_payload(
    channel: str, error: str, *, at: datetime, waiting: int = 0, installation: str = "", link: str = ""
) -> dict[str, Any]:
    """Return what another channel is told of one that will not take messages any more.

    Args:
        channel: the name of the broken one.
        error: what it answered, without secrets.
        at: when, UTC.
        waiting: how many messages it has not taken.
        installation: the name of this Headroom.
        link: the dashboard's address.
    """
    name = clean(channel, 60)
    lines = [
        f'The channel "{name}" does not take messages: {error.rstrip(".")}.',
        "What is meant for it comes here; every 15 minutes one is tried there again.",
    ]
    if waiting:
        lines.insert(1, f"{waiting:,} message{' was' if waiting == 1 else 's were'} not taken.")
    brief = f'channel "{name}" is broken: {error}'
    return system_payload(brief, lines, at=at, subject=channel, installation=installation, link=link)


def unheard_payload(
    channel: str,
    error: str,
    firing: Sequence[str],
    *,
    at: datetime,
    over: bool = False,
    again: bool = False,
    installation: str = "",
    link: str = "",
) -> dict[str, Any]:
    """Return what another channel is told of an Alertmanager that takes nothing, or takes alerts again.

    Args:
        channel: its name.
        error: what its members said, without secrets.
        firing: what is said of each incident that it should know, and that was not told of before.
        at: when, UTC.
        over: whether it works again.
        again: whether its outage was told of before, and only these incidents are news.
        installation: the name of this Headroom.
        link: the dashboard's address.
    """
    name, number = clean(channel, 60), len(firing)
    count = f"{number:,} alert{'' if number == 1 else 's'}"
    if over:
        what = f"has been told what fires: {count}" if firing else "is told what fires; nothing does now"
        lines = [f'The channel "{name}" takes alerts again, and {what}.']
        brief = f'channel "{name}" works again'
        return system_payload(brief, lines, at=at, subject=channel, installation=installation, link=link)
    fires = "fires" if number == 1 else "fire"
    what = (
        f"still takes nothing, and {count} more {fires}" if again else f"takes nothing, and {count} {fires}"
    )
    shown = list(firing[:_MOST_FIRING])
    if number > len(shown):
        shown.append(f"and {number - len(shown):,} more: see `headroom alerts list`.")
    lines = [
        f'Nobody hears by the channel "{name}" of what fires:',
        *shown,
        f"It said: {error.rstrip('.')}. It is tried again and again, and this channel hears when it works.",
    ]
    brief = f'channel "{name}" {what}'
    return system_payload(brief, lines, at=at, subject=channel, installation=installation, link=link)


def asleep_payload(
    since: datetime,
    until: datetime,
    *,
    why: str = "",
    firing: int = 0,
    installation: str = "",
    link: str = "",
) -> dict[str, Any]:
    """Return what is told after a time in which nothing was judged.

    Args:
        since: when something was last judged, UTC.
        until: when it woke up, UTC.
        why: what happened, as the beginning of a sentence, e.g. Headroom did not run; empty: not known.
        firing: how many incidents fired before it and still do.
        installation: the name of this Headroom.
        link: the dashboard's address.
    """
    lines = [
        f"Nothing was judged from {clock(since)} to {clock(until)}.",
        f"{clean(why, 100)}." if why else "This process, or its machine, stood still.",
        "What was over in between, and is not now, is not known.",
    ]
    if firing:
        lines.append(f"{firing:,} incident{'' if firing == 1 else 's'} fired before it, and may fire still.")
    slept = format_duration(until - since)
    brief = f"asleep for {slept}, awake again" + (f": {clean(why, 100)}" if why else "")
    return system_payload(brief, lines, at=until, installation=installation, link=link)


def tested_payload(
    channel: str,
    by: str,
    *,
    at: datetime,
    installation: str = "",  # noqa: PT028 no test, though it is called like one
    link: str = "",  # noqa: PT028 as above
) -> dict[str, Any]:
    """Return a test message: whoever reads it knows that nothing is wrong."""
    who, name = clean(by, 100) or "somebody", clean(channel, 60)
    lines = [
        f'{who} sent this to see whether the channel "{name}" works. It does.',
        "Nothing is wrong, and there is nothing to do.",
    ]
    brief = f"test message from {who}"
    return system_payload(brief, lines, at=at, subject=channel, installation=installation, link=link)
