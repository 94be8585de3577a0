"""What cannot be seen from outside, and who said that it is so."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from headroom.audit.finding import Finding
from headroom.audit.guide.rule import GuideRule
from headroom.checks import State

KEPT = timedelta(days=180)
"""How long a confirmation holds: code and people change."""
UNSEEN = "cannot be seen from outside: "
AGAIN = "confirm by hand again"
OVERRULED = "it counts only where nothing that was seen decides"
LONGEST_NAME, LONGEST_NOTE = 60, 300


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person said of a rule.

    Attributes:
        at: our clock, UTC.
        digest: of what the rule said then, as in `GuideRule.digest`.
    """

    person: str
    at: datetime
    note: str = ""
    digest: str = ""

    def holds(self, rule: GuideRule, now: datetime) -> bool:
        """Tell whether it is of what the rule says now, and young enough."""
        return self.digest == rule.digest and now - self.at <= KEPT

    @property
    def said(self) -> str:
        """Who confirmed it, when, and with which note."""
        said = f"confirmed by {self.person} on {self.at:%Y-%m-%d}"
        return f"{said}: {self.note}" if self.note else said

    def told(self, rule: GuideRule, now: datetime) -> str:
        """Return it as a sentence, with what is due where the rule says something else or it is old."""
        if self.digest != rule.digest:
            day = f"{self.at:%Y-%m-%d}"
            return f"{self.person} confirmed it on {day}, but what it says has changed since: {AGAIN}"
        if not self.holds(rule, now):
            return f"{self.said} ({(now - self.at).days} days ago, more than {KEPT.days}: confirm it again)"
        return self.said


def asked(found: Finding, rule: GuideRule, confirmed: Mapping[str, Confirmation], now: datetime) -> Finding:
    """Return a finding that waits for a person, or has had one: `rule` is what is confirmed."""
    one = confirmed.get(rule.id)
    if one is None:
        return replace(found, state=State.BY_HAND, fix=found.fix or ask(rule.id))
    fix = "" if one.holds(rule, now) else ask(rule.id)
    return replace(found, state=State.BY_HAND, found=one.told(rule, now), fix=fix)


def beside(found: Finding, rule: GuideRule, confirmed: Mapping[str, Confirmation], now: datetime) -> Finding:
    """Return a finding that decides a rule, with what a person said of it, which does not."""
    one = confirmed.get(rule.id)
    if one is None:
        return found
    return replace(found, found=f"{found.found} ({one.told(rule, now)}; {OVERRULED})")


def ask(rule: str) -> str:
    """Return the command that confirms a rule."""
    return f"headroom audit --confirm {rule} --by NAME"


def fault_of(text: str, most: int, least: int = 0) -> str:
    """Return what is allowed instead of a name or a note, without the text itself; empty where it is fine."""
    if len(text) > most:
        return f"at most {most} characters, not {len(text):,}"
    if least and not text.strip():
        return "a word, not nothing"
    if any(unicodedata.category(sign)[0] == "C" or sign in "\u2028\u2029" for sign in text):
        return "one line of text without control characters"
    return ""
