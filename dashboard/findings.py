"""What an audit found, as HTML and by state. Pure; everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from html import escape
from pathlib import Path
from shlex import quote

from dashboard.foreign import one_line, visible
from dashboard.look import ICONS
from dashboard.statement_link import address
from headroom.audit.finding import Finding
from headroom.budgets import Outcome
from headroom.checks import State
from headroom.statements import Statement

LOOKS = {
    State.FAIL: Outcome.OVER,
    State.WARN: Outcome.UNDECIDED,
    State.CANNOT_CHECK: Outcome.BLIND,
    State.PASS: Outcome.MET,
    State.BY_HAND: Outcome.IDLE,
    State.NOT_APPLICABLE: Outcome.IDLE,
}
"""Each state has the colour and shape of an outcome, beside its own word; worst first."""
FOLDED = frozenset({State.PASS, State.BY_HAND, State.NOT_APPLICABLE})
_TO_MEND = frozenset({State.FAIL, State.WARN})
_LONGEST, _SUBJECT = 2_000, 80


def grouped(findings: Iterable[Finding]) -> dict[State, list[Finding]]:
    """Return the findings by state, worst first, each state's in the order of the audit."""
    found: dict[State, list[Finding]] = {state: [] for state in LOOKS}
    for one in findings:
        found[one.state].append(one)
    return {state: ones for state, ones in found.items() if ones}


def summary(findings: Sequence[Finding]) -> str:
    """Return how many there are of each state, as chips."""
    chips = "".join(
        f"<span>{chip(state)} <b>{len(ones):,}</b></span>" for state, ones in grouped(findings).items()
    )
    return f'<div class="hr-sources" data-findings="{len(findings)}">{chips}</div>'


def chip(state: State) -> str:
    """Return a state's word with the shape and colour of the outcome that is like it."""
    look = LOOKS[state]
    return (
        f'<span class="hr-chip hr-{look}"><span class="hr-icon" aria-hidden="true">{ICONS[look]}</span>'
        f"{state}</span>"
    )


def finding(one: Finding, base: str) -> str:
    """Return one finding without what mends it: what was found, what the guide says, and of what it is.

    `base` is the server's base path; a statement is a link to its page. Of several indexes one finding is
    told from the other by the index's name.
    """
    return several([one], base)


def several(ones: Sequence[Finding], base: str) -> str:
    """Return findings that say the same of several things as one, with a line for each."""
    first = ones[0]
    lines = "<br>".join(_about(one, base) for one in ones)
    return (
        f'<section class="hr-finding hr-{LOOKS[first.state]}" data-rule="{escape(first.rule)}"'
        f' data-state="{first.state}"><p>{chip(first.state)} {escape(_title(first))}</p>'
        f"<small>{lines}</small></section>"
    )


def alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Return the findings, those that cannot be checked for one and the same reason together."""
    found: list[list[Finding]] = []
    reasons: dict[tuple[str, str, tuple[str, ...]], list[Finding]] = {}
    for one in findings:
        if one.state is not State.CANNOT_CHECK:
            found.append([one])
            continue
        same = reasons.setdefault((_title(one), one.fix, one.migration), [])
        if not same:
            found.append(same)
        same.append(one)
    return found


def _about(one: Finding, base: str) -> str:
    subject = ", ".join(_label(one, name, value, base) for name, value in one.subject if name != "source")
    guide = f" · the guide: {escape(_cut(one.guide))}" if one.guide else ""
    return f"{subject}{' · ' if subject else ''}{escape(one.rule)}{guide}"


def _title(one: Finding) -> str:
    index = dict(one.subject).get("index", "")
    if not index or index in one.found:
        return _capital(_cut(one.found))
    return f"{one_line(index, _SUBJECT)}: {_cut(one.found)}"


def _label(one: Finding, name: str, value: str, base: str) -> str:
    shown = f"<b>{escape(one_line(value, _SUBJECT))}</b>"
    source = dict(one.subject).get("source")
    if name == "statement" and source:
        to = escape(address(base, source, value, ""))
        shown = f'<a href="{to}" target="_self">{shown}</a>'
    return f"{escape(one_line(name, _SUBJECT))} {shown}"


def brief(findings: Sequence[Finding], base: str) -> str:
    """Return findings that need nothing as a list."""
    return "".join(finding(one, base) for one in findings)


def mending(one: Finding) -> list[tuple[str, bool]]:
    """Return what mends a finding, to be pasted, and whether it is SQL; none where nothing needs mending."""
    sql = "\n".join(one.migration)
    found = [(visible(sql), True)] if sql else []
    return found if not one.fix or one.fix.strip() in sql else [(visible(one.fix), False), *found]


def command(config: Path, source: str) -> str:
    """Return what audits a source on the command line."""
    return f"headroom audit --config {quote(str(config))} --source {quote(source)}"


def naming(findings: Iterable[Finding], fingerprint: str, known: Statement | None) -> list[Finding]:
    """Return the findings about a statement, and behind them those on its tables that need mending.

    `known` is what its tables are known by; None where its text was not read.
    """
    found = list(findings)
    named = [one for one in found if dict(one.subject).get("statement") == fingerprint]
    tables = set() if known is None else set(dict(known.traits).get("tables", "").split(",")) - {""}
    return named + [one for one in found if one.state in _TO_MEND and _on(one, tables) and one not in named]


def _on(one: Finding, tables: AbstractSet[str]) -> bool:
    labels = dict(one.subject)
    if "table" not in labels:
        return False
    return not tables.isdisjoint({labels["table"], f"{labels.get('schema', '')}.{labels['table']}"})


def _cut(text: str) -> str:
    return one_line(text, _LONGEST)


def _capital(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}" if sentence.partition(" ")[0].isalpha() else sentence
