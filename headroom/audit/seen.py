"""What the rules about statements have in common: how a statement is named, and that none was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from headroom.audit.case import Case
from headroom.audit.finding import Finding
from headroom.audit.names import shown
from headroom.audit.workload_facts import Seen
from headroom.budgets import Subject
from headroom.checks import State
from headroom.wording import rate, shortened

_MOST = 10  # findings of one rule
_LONGEST = 100  # characters of a text in a sentence


def about(one: Seen, case: Case) -> Subject:
    """Return a statement as a finding's subject."""
    return (
        ("database", one.database),
        ("role", one.role),
        ("source", case.facts.source),
        ("statement", one.fingerprint),
    )


def about_all(case: Case) -> Subject:
    """Return all statements of the source as a finding's subject."""
    return (("source", case.facts.source),)


def unread(rule: str, guide: str, case: Case) -> tuple[Finding, ...]:
    """Return that the rule cannot be checked, where no statement was read; otherwise nothing."""
    work = case.facts.workload
    if work is not None and work.seen:
        return ()
    why = "the statements were not read" if work is None else work.why or "no statement ran yet"
    return (Finding(rule, about_all(case), State.CANNOT_CHECK, guide, why),)


def capped(found: Sequence[Finding], case: Case) -> Iterator[Finding]:
    """Yield the first findings of a rule, and how many more there are."""
    yield from islice(found, _MOST)
    if len(found) > _MOST:
        more = f"{len(found) - _MOST:,} more statements like these"
        worst = found[_MOST]
        yield Finding(worst.rule, about_all(case), worst.state, worst.guide, more)


def with_text(found: str, one: Seen) -> str:
    """Return a sentence about a statement with the beginning of its text, by which a person knows it."""
    return f"{found}; its text: {shortened(shown(one.text), _LONGEST)}" if one.text else found


def rows_each(one: Seen) -> str:
    """Return in words how many rows each call returned or wrote."""
    said = rate(one.total.rows_per_call)
    return f"{said} row{'s' * (said != '1')} each"


def sightings(case: Case) -> tuple[Seen, ...]:
    """Return the statements that were read; empty where none were."""
    return () if case.facts.workload is None else case.facts.workload.seen
