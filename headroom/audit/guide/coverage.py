"""How much of the guide an audit answered, and the lines for what it did not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from headroom.audit import by_hand
from headroom.audit.by_hand import UNSEEN, Confirmation
from headroom.audit.finding import Finding
from headroom.audit.guide.rule import GuideRule
from headroom.checks import State

DECISIVE = frozenset({State.PASS, State.WARN, State.FAIL})
_UNCHECKED = "cannot be checked: "
_FIRST = (State.BY_HAND, State.CANNOT_CHECK, State.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many rules were answered, and how; `confirmed` are among those by hand."""

    checked: int = 0
    by_hand: int = 0
    confirmed: int = 0
    not_applicable: int = 0
    cannot_check: int = 0

    @property
    def rules(self) -> int:
        """How many there are."""
        return self.checked + self.by_hand + self.not_applicable + self.cannot_check

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(
            self.checked + other.checked,
            self.by_hand + other.by_hand,
            self.confirmed + other.confirmed,
            self.not_applicable + other.not_applicable,
            self.cannot_check + other.cannot_check,
        )


def completed(
    rules: Sequence[GuideRule],
    findings: Sequence[Finding],
    why: Callable[[GuideRule], str],
    confirmed: Mapping[str, Confirmation],
    now: datetime,
) -> list[Finding]:
    """Return the findings with one more for each rule that has none, and with who confirmed what.

    Args:
        rules: the guide's.
        findings: of the rules of the audit.
        why: says why a rule that could be checked was not.
        confirmed: by the rule's id.
        now: our clock, UTC.
    """
    decided = {rule.id for rule in rules if any(one.state in DECISIVE for one in _of(rule, findings))}
    hands = [rule for rule in rules if rule.by_hand]
    found = [_handed(one, hands, decided, confirmed, now) for one in findings]
    found += [_line(rule, why, confirmed, now) for rule in rules if not any(True for _ in _of(rule, found))]
    return found


def standing(rule: GuideRule, findings: Iterable[Finding]) -> State | None:
    """Return pass for a rule that was checked, whatever came out; otherwise how far it got, or None."""
    states = {one.state for one in _of(rule, findings)}
    if states & DECISIVE:
        return State.PASS
    return next((state for state in _FIRST if state in states), None)


def coverage(
    rules: Sequence[GuideRule],
    findings: Sequence[Finding],
    confirmed: Mapping[str, Confirmation],
    now: datetime,
) -> dict[str, Coverage]:
    """Return the coverage of each chapter, in the guide's order; a rule without a finding is not checked."""
    found: dict[str, Coverage] = {}
    for rule in rules:
        state = standing(rule, findings)
        holds = rule.id in confirmed and confirmed[rule.id].holds(rule, now)
        one = Coverage(
            checked=state is State.PASS,
            by_hand=state is State.BY_HAND,
            confirmed=state is State.BY_HAND and holds,
            not_applicable=state is State.NOT_APPLICABLE,
            cannot_check=state in (State.CANNOT_CHECK, None),
        )
        found[rule.place.chapter] = found.get(rule.place.chapter, Coverage()) + one
    return found


def _of(rule: GuideRule, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Return what is said of a rule, without what was found of its declaration alone."""
    about = (one for one in findings if one.rule == rule.id or rule.answered_by(one))
    return (one for one in about if not (rule.declared and one.state in DECISIVE))


def _handed(
    one: Finding,
    hands: Sequence[GuideRule],
    decided: Collection[str],
    confirmed: Mapping[str, Confirmation],
    now: datetime,
) -> Finding:
    """Return a finding on a rule that can be confirmed as one for a person, unless the rule is decided."""
    rule = next((rule for rule in hands if rule.answered_by(one)), None)
    if rule is None or (rule.declared and one.state in DECISIVE):
        return one
    if rule.id in decided:
        return by_hand.beside(one, rule, confirmed, now) if one.state in DECISIVE else one
    told = f"{UNSEEN}{one.found.removeprefix(_UNCHECKED)}"
    return by_hand.asked(replace(one, found=told), rule, confirmed, now)


def _line(
    rule: GuideRule,
    why: Callable[[GuideRule], str],
    confirmed: Mapping[str, Confirmation],
    now: datetime,
) -> Finding:
    if rule.why:
        return Finding(rule.id, rule.about, State.NOT_APPLICABLE, rule.cited, rule.why)
    if rule.by_hand:
        told = f"{UNSEEN}confirm by hand"
        if rule.row:
            _, trigger, strategy = rule.row
            told += f" that “{strategy}” follows “{trigger}”"
        line = Finding(rule.id, rule.about, State.BY_HAND, rule.cited, told)
        return by_hand.asked(line, rule, confirmed, now)
    return Finding(rule.id, rule.about, State.CANNOT_CHECK, rule.cited, why(rule))
