"""What cannot be seen from outside, and who said that it is so."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from headroom.audit.finding import Finding
from headroom.checks import State

KEPT = timedelta(days=180)
"""How long a confirmation holds: code and people change."""
UNSEEN = "cannot be seen from outside: "
LONGEST_NAME, LONGEST_NOTE = 60, 300


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person said of a rule; `at` is our clock, UTC."""

    person: str
    at: datetime
    note: str = ""

    def holds(self, now: datetime) -> bool:
        """Tell whether it is young enough."""
        return now - self.at <= KEPT

    def told(self, now: datetime) -> str:
        """Return it as a sentence, with what is due where it is old."""
        said = f"confirmed by {self.person} on {self.at:%Y-%m-%d}"
        if self.note:
            said += f": {self.note}"
        if not self.holds(now):
            said += f" ({(now - self.at).days} days ago, more than {KEPT.days}: confirm it again)"
        return said


def asked(found: Finding, rule: str, confirmed: Mapping[str, Confirmation], now: datetime) -> Finding:
    """Return a finding that waits for a person, or has had one: `rule` is what is confirmed."""
    one = confirmed.get(rule)
    if one is None:
        return replace(found, state=State.BY_HAND, fix=found.fix or ask(rule))
    fix = "" if one.holds(now) else ask(rule)
    return replace(found, state=State.BY_HAND, found=one.told(now), fix=fix)


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
