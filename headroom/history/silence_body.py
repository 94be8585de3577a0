"""Silences as bodies of actions: written whole, read with distrust, since anybody may have appended them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from headroom.budgets import Severity
from headroom.history.actions import Action
from headroom.silences import Matcher, Silence

LONGEST = timedelta(days=90)
"""No silence lasts longer: what nobody wants to hear of for a season is no budget."""
LONGEST_PATTERN, MOST_PATTERNS = 300, 50
LONGEST_ID, LONGEST_COMMENT = 100, 500

_LISTS = ("budgets", "sources", "owners", "severities")
_LONGEST_PERSON = 100
_SEVERITIES = frozenset(each.value for each in Severity)


class AbsurdError(ValueError):
    """A body that is no silence; its text says why, without the body's own words."""


def body_of(silence: Silence) -> dict[str, str]:
    """Return the body of the action that sets a silence; its author is the action's person."""
    return {
        "id": silence.id,
        "begins": silence.begins.astimezone(UTC).isoformat(),
        "ends": silence.ends.astimezone(UTC).isoformat(),
        "comment": silence.comment,
        "matcher": matcher_text(silence.matcher),
    }


def matcher_text(matcher: Matcher) -> str:
    """Return a matcher as JSON; what it leaves open is left out."""
    parts: dict[str, Any] = {name: list(getattr(matcher, name)) for name in _LISTS}
    parts |= {"incident": matcher.incident, "labels": [list(pair) for pair in matcher.labels]}
    return json.dumps({name: each for name, each in parts.items() if each}, separators=(",", ":"))


def silence_of(action: Action) -> Silence:
    """Return the silence that an action sets.

    Raises:
        AbsurdError: it sets none that makes sense.
    """
    body = action.body
    ident = body.get("id", "")
    if not 0 < len(ident) <= LONGEST_ID or not ident.isprintable() or ident.startswith("maintenance:"):
        raise AbsurdError("its id is none")
    begins, ends = _moment(body.get("begins", ""), "begin"), _moment(body.get("ends", ""), "end")
    if not timedelta(0) < ends - begins <= LONGEST:
        raise AbsurdError(f"its end is not after its begin, or more than {LONGEST.days} days after it")
    if begins - action.at > LONGEST:
        raise AbsurdError(f"it begins more than {LONGEST.days} days after it was set")
    matcher = matcher_of(body.get("matcher", ""))
    comment = body.get("comment", "")[:LONGEST_COMMENT]
    return Silence(ident, matcher, begins, ends, action.person[:_LONGEST_PERSON], comment)


def matcher_of(text: str) -> Matcher:
    """Return the matcher that a text holds.

    Raises:
        AbsurdError: it holds none.
    """
    try:
        parts = json.loads(text)
    except (ValueError, RecursionError):
        parts = None
    if not isinstance(parts, dict) or parts.keys() - {*_LISTS, "incident", "labels"}:
        # A part that is not understood would have narrowed it: without it, too much would be quiet.
        raise AbsurdError("its matcher cannot be read")
    labels = parts.get("labels", [])
    if not isinstance(labels, list) or len(labels) > MOST_PATTERNS:
        raise AbsurdError("its matcher cannot be read")
    found = Matcher(
        incident=_word(parts.get("incident", "")),
        budgets=_words(parts.get("budgets", [])),
        sources=_words(parts.get("sources", [])),
        owners=_words(parts.get("owners", [])),
        severities=_words(parts.get("severities", [])),
        labels=tuple(_pairs(labels)),
    )
    if set(found.severities) - _SEVERITIES:
        raise AbsurdError("it names a severity that there is not")
    return found


def _pairs(labels: list[Any]) -> Iterator[tuple[str, str]]:
    for pair in labels:
        words = _words(pair)
        if len(words) != 2:  # noqa: PLR2004 a name and a pattern
            raise AbsurdError("its matcher cannot be read")
        yield words[0], words[1]


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_PATTERNS:
        raise AbsurdError("its matcher cannot be read")
    return tuple(_word(each) for each in value)


def _word(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_PATTERN:
        raise AbsurdError("its matcher cannot be read")
    return value


def _moment(text: str, what: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text[:40])
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise AbsurdError(f"its {what} is no moment with a time zone")
