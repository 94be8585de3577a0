"""A message as people read it, the same for every channel: which only adds its envelope and its escaping."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alerts.story import ENDS
from alerts.text import clean, clock
from headroom.incidents import Message, NoticeStatus

_LONGEST_TITLE, _LONGEST_LINE, _MOST_LINES = 200, 600, 10
_RANK = {"critical": 0, "warning": 1}
_CALM = frozenset({NoticeStatus.RESOLVED, NoticeStatus.ACKNOWLEDGED})
_GROUPS = {
    NoticeStatus.FIRING: ("OVER", "over"),
    NoticeStatus.RESOLVED: ("RESOLVED", "no longer firing"),
    NoticeStatus.REMINDER: ("STILL OVER", "still over"),
    NoticeStatus.ESCALATED: ("ESCALATED", "over, and nobody has acknowledged them"),
    NoticeStatus.LOST_SIGHT: ("LOST SIGHT", "firing and out of sight"),
    NoticeStatus.FLAPPING: ("FLAPPING", "flapping"),
    NoticeStatus.ACKNOWLEDGED: ("ACKNOWLEDGED", "acknowledged"),
}
_CLOSED = frozenset(why.value for why in ENDS)
_BLIND = {"OVER": ("BLIND", "blind"), "STILL OVER": ("STILL BLIND", "still blind")}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words, not escaped for anything, each text in one line and bounded.

    Attributes:
        title: the whole story in one line, e.g. for the subject of a mail.
        lines: sentences, the most important first; each stands in a line of its own.
        facts: names with values, for those who look closer.
        link: into the dashboard, absolute, with from and to; empty: none.
        runbook: as the budget's owner wrote it: an address or words; empty: none.
        severity: "critical", "warning", or "" for a message of Headroom itself.
        good: whether it tells that something is well again.
    """

    title: str
    lines: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    link: str = ""
    runbook: str = ""
    severity: str = ""
    good: bool = False


def rendered(message: Message) -> Rendered:
    """Return a message in words: of one incident its story, of several one line each, the worst first."""
    payloads: dict[str, dict[str, Any]] = {}
    for notice in message.notices:
        # Of several moves of one incident only the last still holds.
        payloads[notice.incident or notice.key] = json.loads(notice.payload)
    if len(payloads) == 1:
        return _single(next(iter(payloads.values())), message.status)
    return _group(list(payloads.values()), message.status)


def _single(told: dict[str, Any], status: NoticeStatus) -> Rendered:
    return Rendered(
        title=_text(told, "title"),
        lines=tuple(told.get("lines") or [_text(told, "text")]),
        facts=tuple((name, value) for name, value in told.get("facts", ())),
        link=_text(told, "link"),
        runbook=_text(told, "runbook"),
        severity=_severity([told], status),
        good=_good([told], status),
    )


def _group(told: Sequence[dict[str, Any]], status: NoticeStatus) -> Rendered:
    ranked = sorted(told, key=_worst_first)
    shown, rest = ranked[:_MOST_LINES], ranked[_MOST_LINES:]
    lines = [_line(each, status) for each in shown]
    if rest:
        more = f"and {len(rest)} more: "
        lines.append(more + _listed(rest, _LONGEST_LINE - len(more)))
    late = sorted(_text(each, "at") for each in told if each.get("delayed"))
    if late:
        lines.insert(0, f"{len(late)} of these are told late; the first happened at {clock(late[0])}.")
    facts = [
        ("Sources", _all(told, "source")),
        ("Owners", _all(told, "owner")),
        ("Installation", _all(told, "installation")),
    ]
    return Rendered(
        title=_title(ranked, status),
        lines=tuple(lines),
        facts=tuple((name, value) for name, value in facts if value),
        link=_common(told, "home"),
        runbook=_common(told, "runbook"),
        severity=_severity(told, status),
        good=_good(told, status),
    )


def _title(ranked: Sequence[dict[str, Any]], status: NoticeStatus) -> str:
    if status is NoticeStatus.SYSTEM:
        return clean(f"[HEADROOM] {len(ranked)} messages: {_text(ranked[0], 'brief')}", _LONGEST_TITLE)
    blind = sum(each.get("about") == "blind" for each in ranked)
    word, state = _GROUPS[status]
    if blind == len(ranked):
        word, state = _BLIND.get(word, (word, state))
    elif blind:
        state += f" ({blind} of them blind)"
    budgets, rows = {_text(each, "budget") for each in ranked}, len(ranked)
    counted = f"{rows} budgets" if len(budgets) == rows else f"{rows} incidents"
    if 1 < len(budgets) < rows:
        counted += f" of {len(budgets)} budgets"
    source = _common(ranked, "source")
    place = f" on {clean(source, 60)}" if source else ""
    critical = sum(each.get("severity") == "critical" for each in ranked)
    loud = f", {critical} critical" if critical and status not in _CALM else ""
    title = f"[{word}] {counted} {state}{place}{loud}: "
    return clean(title + _listed(ranked, _LONGEST_TITLE - len(title)), _LONGEST_TITLE)


def _listed(told: Sequence[dict[str, Any]], room: int) -> str:
    """Return the names of as many as there is room for, and a mark where there are more."""
    names = list(dict.fromkeys(clean(_text(each, "name"), 100) for each in told))
    shown = names[0]
    for at, name in enumerate(names[1:], 1):
        mark = "" if at == len(names) - 1 else ", …"
        if len(f"{shown}, {name}{mark}") > room:
            return f"{shown}, …"
        shown += f", {name}"
    return shown


def _line(told: dict[str, Any], status: NoticeStatus) -> str:
    loud = "" if status in _CALM or not told.get("severity") else f"{told['severity']}: "
    return clean(loud + (_text(told, "brief") or _text(told, "title")), _LONGEST_LINE)


def _good(told: Sequence[dict[str, Any]], status: NoticeStatus) -> bool:
    """Tell whether all is well again: what ended with its budget was not seen to be."""
    return status is NoticeStatus.RESOLVED and not any(_text(each, "why") in _CLOSED for each in told)


def _worst_first(told: dict[str, Any]) -> tuple[int, float, str]:
    left = told.get("headroom")
    return _RANK.get(_text(told, "severity"), 2), 0.0 if left is None else left, _text(told, "name")


def _severity(told: Sequence[dict[str, Any]], status: NoticeStatus) -> str:
    if status is NoticeStatus.SYSTEM:
        return ""
    return min((_text(each, "severity") for each in told), key=lambda one: _RANK.get(one, 2))


def _common(told: Sequence[dict[str, Any]], field: str) -> str:
    values = {_text(each, field) for each in told}
    return values.pop() if len(values) == 1 else ""


def _all(told: Sequence[dict[str, Any]], field: str) -> str:
    values = dict.fromkeys(_text(each, field) for each in told if each.get(field))
    return clean(", ".join(values), _LONGEST_LINE)


def _text(told: dict[str, Any], field: str) -> str:
    value = told.get(field)
    return value if isinstance(value, str) else ""
