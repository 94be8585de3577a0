"""What a command is about: the incident, the silence, the person and the moments behind a person's words."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from headroom.acting import RefusedError, signed
from headroom.config import Config
from headroom.config.problems import closest, quoted
from headroom.history import History
from headroom.incidents import Incident
from headroom.instances import name as subject_name
from headroom.instances import printable
from headroom.silences import Matcher, Silence
from headroom.units import UnitError, format_duration, parse_duration

SHORT = 8  # signs of an id that a person sees at least
_MOST = 10_000  # incidents that a prefix is looked up in
_LISTED = 8
_MEANWHILE = timedelta(seconds=10)  # what happens while the history is read is no news of the future


class UnknownError(Exception):
    """What is named does not exist, or is several things; the text names the nearest."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who does something.

    Attributes:
        told: where the name comes from, as words to print; empty where it was given.
    """

    name: str
    told: str = ""


def person(given: str | None, environ: Mapping[str, str]) -> Person:
    """Return who acts: as given by --by, else by HEADROOM_USER, else the login name.

    Raises:
        RefusedError: there is none, or it cannot be kept.
    """
    if given is not None:
        return Person(signed(given))
    if found := environ.get("HEADROOM_USER", "").strip():
        return Person(signed(found), "HEADROOM_USER")
    try:
        found = getpass.getuser()
    except (OSError, KeyError):  # a user of a container without a name
        found = ""
    if not found.strip():
        raise RefusedError("--by NAME is needed: this user has no login name, and HEADROOM_USER is not set")
    return Person(signed(found), "the login name")


def incident(history: History, words: str) -> Incident:
    """Return the incident that is named by its id, the beginning of one, or its budget.

    A budget, or a row of it such as api.login:p95, means its open incident, or its last where none is open.

    Raises:
        UnknownError: none is meant, or several are.
    """
    known = history.incidents(limit=_MOST)
    words = words.strip()
    exact = [one for one in known if one.id == words]
    starts = [one for one in known if words and one.id.startswith(words)]
    budget, _, statistic = words.partition(":")
    of_budget = [
        one
        for one in known
        if one.budget == budget and statistic.lower() in ("", one.statistic.value, one.limit.lower())
    ]
    opened = [one for one in of_budget if one.ended is None]
    found = exact or opened or of_budget[:1] or starts
    if len(found) == 1:
        return found[0]
    if found:
        listed = "; ".join(f"{short(one.id, known)} {named(one)}" for one in found[:_LISTED])
        more = f"; and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise UnknownError(f"{quoted(words)} means {len(found)} incidents, name one of them: {listed}{more}")
    raise UnknownError(f"there is no incident {quoted(words)}; {_nearest(words, known)}")


def _nearest(words: str, known: Sequence[Incident]) -> str:
    near = closest(words, [*(one.id for one in known), *(one.budget for one in known)])
    if near:
        return f"did you mean {printable(near)}?"
    opened = [one for one in known if one.ended is None]
    if not opened:
        return "none is open (`headroom alerts list --all` names those of 7 days)"
    listed = "; ".join(f"{short(one.id, known)} {named(one)}" for one in opened[:_LISTED])
    more = f"; and {len(opened) - _LISTED} more" if len(opened) > _LISTED else ""
    return f"open are: {listed}{more}"


def named(one: Incident) -> str:
    """Return an incident as sentences name it, harmless to print."""
    of = f" of {subject_name(one.subject)}" if one.subject else ""
    return f"{printable(one.budget)} {one.statistic.value}{of}"


def short(ident: str, known: Sequence[Incident] | Sequence[str] = ()) -> str:
    """Return the beginning of an id that is enough to tell it from all known ones."""
    others = {each if isinstance(each, str) else each.id for each in known} - {ident}
    size = SHORT
    while size < len(ident) and any(each.startswith(ident[:size]) for each in others):
        size += 1
    return printable(ident[:size])


def silence(standing: Sequence[Silence], words: str) -> Silence:
    """Return the silence that is named by its id or the beginning of one, or raise UnknownError."""
    words = words.strip()
    found = [one for one in standing if one.id == words] or [
        one for one in standing if words and one.id.startswith(words)
    ]
    if len(found) == 1:
        return found[0]
    idents = [one.id for one in standing]
    listed = "; ".join(
        printable(short(each, idents) if ":" not in each else each) for each in idents[:_LISTED]
    )
    if found:
        raise UnknownError(f"{quoted(words)} means {len(found)} silences, name more of its id: {listed}")
    has = f"there are: {listed}" if listed else "there is none in force or to come"
    raise UnknownError(f"there is no silence {quoted(words)}; {has}")


def matcher(
    ident: str,
    *,
    budgets: Sequence[str],
    sources: Sequence[str],
    owners: Sequence[str],
    severities: Sequence[str],
    labels: Sequence[str],
) -> Matcher:
    """Return what the options of a silence mean; RefusedError for a label without a pattern."""
    pairs = []
    for text in labels:
        label, sign, pattern = text.partition("=")
        if not sign or not label.strip():
            raise RefusedError(f"--label {quoted(text)} is no label; write it as instance=10.0.0.7:*")
        pairs.append((label.strip(), pattern))
    return Matcher(ident, tuple(budgets), tuple(sources), tuple(owners), tuple(severities), tuple(pairs))


def span(
    length: str | None, until: str | None, start: str | None, now: datetime
) -> tuple[datetime, datetime]:
    """Return begin and end of a silence, or raise RefusedError where the words are none."""
    if (length is None) == (until is None):
        raise RefusedError("say how long: either --for 2h or --until 2026-11-22T18:00:00Z")
    begins = now if start is None else moment("--from", start)
    if until is not None:
        return begins, moment("--until", until)
    try:
        lasts = parse_duration((length or "").strip())
        return begins, begins + lasts
    except UnitError as error:
        raise RefusedError(
            f"--for {quoted(length or '')} is {error.wrong}; allowed: {error.allowed}"
        ) from None
    except OverflowError:
        raise RefusedError(f"--for {quoted(length or '')} ends after the year 9999") from None


def moment(option: str, text: str) -> datetime:
    """Return the moment that a text names; without a zone it is UTC, as all that Headroom prints."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise RefusedError(
            f"{option} {quoted(text)} is no moment; write it as 2026-11-22T18:00:00Z"
        ) from None


def channel(config: Config, words: str) -> str:
    """Return the name of a configured channel, or raise UnknownError."""
    names = [one.name for one in config.channels]
    if words in names:
        return words
    near = closest(words, names)
    has = f"did you mean {near}? " if near else ""
    listed = f"it has {', '.join(names)}" if names else "it has none: add one under alerts.channels"
    raise UnknownError(f"there is no channel {quoted(words)} in {config.path.name}; {has}{listed}")


def ago(when: datetime, now: datetime) -> str:
    """Return how long ago a moment was, in words."""
    age = now - when
    if age < -_MEANWHILE:
        return f"in {lasted(-age)}"
    return f"{lasted(max(age, timedelta(0)))} ago"


def lasted(length: timedelta) -> str:
    """Return a length of time in words."""
    return format_duration(_whole(length))


def _whole(length: timedelta) -> timedelta:
    """Return whole seconds, and from a minute on whole minutes: nobody counts on."""
    return length - length % timedelta(seconds=1 if length < timedelta(minutes=1) else 60)


def stamp(when: datetime) -> str:
    """Return a moment as people read it."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def environ() -> Mapping[str, str]:
    """Return the process's environment."""
    return os.environ
