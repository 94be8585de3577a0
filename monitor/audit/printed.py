"""What `headroom audit` prints, and the exit code that it comes to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from headroom.audit.by_hand import UNSEEN
from headroom.audit.finding import Finding
from headroom.audit.guide.catalogue import catalogue, place_of
from headroom.audit.guide.coverage import Coverage, standing
from headroom.audit.guide.rule import GuideRule
from headroom.audit.names import shown
from headroom.checks import Check, State
from headroom.policies import NOTHING, Policies
from monitor.listed import WIDTH, listed

BROKEN, FOUND, UNREACHABLE = 1, 3, 4
_ORDER = (State.FAIL, State.WARN, State.CANNOT_CHECK, State.BY_HAND, State.PASS, State.NOT_APPLICABLE)
_SOURCES = "Sources and what was not read"
_IN_ORDER = ("source", "database", "schema", "table", "index")
_UNPRINTED = frozenset({"data", "budget"})  # the rule's own name says it
_ASKED = f"{UNSEEN}confirm by hand"
_CONFIRM = "headroom audit --confirm "


def exit_code(found: Iterable[Finding], *, unreachable: bool, strict: bool) -> int:
    """Return the first that applies: 1 a failure, 4 a source not read, 3 doubts (strict), 0."""
    states = {one.state for one in found}
    if State.FAIL in states:
        return BROKEN
    if unreachable:
        return UNREACHABLE
    return FOUND if strict and states & {State.WARN, State.CANNOT_CHECK} else 0


def as_json(
    found: Sequence[Finding], covered: Mapping[str, Coverage] | None = None, policies: Policies = NOTHING
) -> str:
    """Return the findings and the coverage as the JSON document that scripts rely on."""
    records = [
        {
            "rule": one.rule,
            "subject": dict(one.subject),
            "state": one.state.value,
            "guide": one.guide,
            "found": one.found,
            "fix": one.fix,
        }
        for one in found
    ]
    document: dict[str, object] = {"findings": records}
    if covered is not None:
        document["coverage"] = {
            **_counts(sum(covered.values(), Coverage())),
            "chapters": [{"chapter": name, **_counts(one)} for name, one in covered.items()],
            "guide": [
                {
                    "rule": rule.id,
                    "chapter": rule.place.chapter,
                    "section": rule.place.section,
                    "says": rule.says,
                    "state": _word(standing(rule, found)),
                }
                for rule in catalogue(policies)
            ],
        }
    return json.dumps(document, indent=2, allow_nan=False)


def as_table(
    found: Sequence[Finding], covered: Mapping[str, Coverage] | None = None, policies: Policies = NOTHING
) -> str:
    """Return the findings for people: what is broken first, by the guide's places, then the coverage."""
    rules = catalogue(policies)
    groups = {_ident(one): _group(one, rules) for one in found}
    places = dict.fromkeys(str(rule.place) for rule in rules)
    checks = [_check(one, groups[_ident(one)]) for one in found]
    noun = "finding" if len(found) == 1 else "findings"
    lines = [] if covered is None else _covered(covered)
    return listed(
        checks,
        lambda check: groups[check.id],
        [_SOURCES, *places],
        noun,
        states=_ORDER,
        then=lines,
    )


def _covered(covered: Mapping[str, Coverage]) -> list[str]:
    """Return the coverage of each chapter and of all, and how what is left is confirmed."""
    whole = sum(covered.values(), Coverage())
    wide = max(len(name) for name in covered)
    lines = ["── coverage of the guide ".ljust(WIDTH, "─"), ""]
    lines += [f"  {name:<{wide}}  {_said(replace(one, confirmed=0))}" for name, one in covered.items()]
    lines += ["", f"The whole guide: {_said(whole)}{' here' if whole.cannot_check else ''}"]
    if whole.by_hand > whole.confirmed:
        lines.append(f"To confirm by hand: {_CONFIRM}RULE --by NAME [--note TEXT]")
    return [*lines, ""]


def _said(one: Coverage) -> str:
    confirmed = f" ({one.confirmed} of them confirmed)" if one.confirmed else ""
    said = f"{one.checked:>2} of {one.rules:>2} checked, {one.by_hand:>2} by hand{confirmed}, "
    said += f"{one.not_applicable} not applicable"
    return f"{said}, and {one.cannot_check} cannot be checked" if one.cannot_check else said


def _counts(one: Coverage) -> dict[str, int]:
    return {
        "rules": one.rules,
        "checked": one.checked,
        "by_hand": one.by_hand,
        "confirmed": one.confirmed,
        "not_applicable": one.not_applicable,
        "cannot_check": one.cannot_check,
    }


def _word(state: State | None) -> str:
    return "checked" if state is State.PASS else (state or State.CANNOT_CHECK).value


def _group(one: Finding, rules: Sequence[GuideRule]) -> str:
    """Return the heading of a finding: its place in the guide."""
    place = place_of(one, rules)
    return _SOURCES if place is None else str(place)


def _check(one: Finding, group: str) -> Check:
    """Return a finding as a check; what a source sent may hold no sign that a terminal obeys."""
    text = "" if one.fix.startswith(_CONFIRM) else one.fix  # said once, below the coverage
    fix = "\n".join(shown(line) for line in text.split("\n"))
    said = one.found
    if one.state is State.BY_HAND and said.startswith(_ASKED):
        said = _ASKED  # the line above says what
    title = one.guide.removeprefix(f"{group}: ")
    return Check(_ident(one), one.state, shown(title), shown(said), fix)


def _ident(one: Finding) -> str:
    labels = dict(one.subject)
    names = [labels.pop(name) for name in _IN_ORDER if name in labels]
    rest = [value for name, value in labels.items() if name not in _UNPRINTED]
    words = "/".join(shown(word) for word in (*names, *rest))
    return f"{one.rule} {words}".rstrip()
