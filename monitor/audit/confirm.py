"""Confirming by hand what cannot be seen from outside; an Action in the history, beside whoever collects."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from difflib import get_close_matches

from headroom.audit.by_hand import LONGEST_NAME, LONGEST_NOTE, OVERRULED, Confirmation, fault_of
from headroom.audit.guide.catalogue import catalogue
from headroom.audit.guide.rule import GuideRule
from headroom.config import Config
from headroom.history import Action, open_history
from headroom.history.actions import CONFIRM, UNCONFIRM

_LONGEST_RULE = 200


class RefusedError(Exception):
    """What was given cannot be recorded; its text says why."""


def confirm(config: Config, rule: str, person: str, note: str, now: datetime) -> str:
    """Record that a person confirms a rule, and return the sentence that says so.

    RefusedError for a rule that is none or is not confirmed by hand, and for words that cannot be kept;
    HistoryError where there is no history, or it cannot be written.
    """
    one = _rule(config, rule, "--confirm")
    _refuse("--by", person, LONGEST_NAME, least=1)
    _refuse("--note", note, LONGEST_NOTE)
    said = Confirmation(person.strip(), now, note.strip(), one.digest)
    body = {"rule": one.id, "note": said.note, "digest": said.digest}
    _act(config, Action(now, said.person, CONFIRM, body))
    counts = f"; {OVERRULED}" if one.findings and not one.declared else ""
    return f"{one.id} ({one.cited}): {said.told(one, now)}{counts}"


def unconfirm(config: Config, rule: str, person: str, now: datetime) -> str:
    """Record that a rule is no longer confirmed, and return the sentence; raises as `confirm`."""
    one = _rule(config, rule, "--unconfirm")
    _refuse("--by", person, LONGEST_NAME, least=1)
    with closing(open_history(config.history, collecting=False)) as history:
        before = history.confirmations().get(one.id)
        if before is None:
            raise RefusedError(f"--unconfirm {one.id}: nobody has confirmed it")
        history.act(Action(now, person.strip(), UNCONFIRM, {"rule": one.id}))
    return f"{one.id} ({one.cited}): no longer confirmed; it was {before.said}"


def _rule(config: Config, name: str, option: str) -> GuideRule:
    """Return the rule of this name: the guide's, or that of the audit's findings about it."""
    rules = catalogue(config.policies)
    hands = {one.id: one for one in rules if one.by_hand}
    hands |= {finding: one for one in hands.values() for finding in one.findings}
    if name in hands:
        return hands[name]
    _refuse(option, name, _LONGEST_RULE, least=1)
    checked = {one.id for one in rules} | {each for one in rules for each in one.findings}
    if name in checked:
        raise RefusedError(f"{option} {name}: this rule is not confirmed by hand; `headroom audit` checks it")
    near = get_close_matches(name, hands, n=1)
    meant = f"did you mean {near[0]}?" if near else "`headroom audit` lists them under “by hand”"
    raise RefusedError(f"{option} {name}: there is no such rule to confirm; {meant}")


def _refuse(option: str, text: str, most: int, *, least: int = 0) -> None:
    if fault := fault_of(text, most, least):
        raise RefusedError(f"{option} takes {fault}")


def _act(config: Config, action: Action) -> None:
    with closing(open_history(config.history, collecting=False)) as history:
        history.act(action)
