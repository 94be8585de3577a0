"""What is known of one shape of statement: its class and why, and a text that carries no secret."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 4_000
"""Characters of a text that are kept."""

MEASURE = "statement:exec_time"
"""The measure of single statements: recorded and shown, judged by none."""
REST = "rest"
"""Stands in the place of a fingerprint for all statements of a class that are not recorded one by one."""
NO_CLASS = "none"
"""Stands in the place of a class for statements that fall into none."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A shape of statement at one source; all statements that differ by constants only are one.

    Attributes:
        fingerprint: of the normalised text; the same in every database and version.
        group: its class; empty where it falls into none.
        why: what put it there, one sentence without a full stop.
        text: normalised and redacted, at most `LONGEST` characters; empty where nothing of it may be shown.
        traits: sorted names and values of what the audit asks about it, such as ("offset", "yes").
    """

    source: str
    fingerprint: str
    group: str
    why: str
    text: str
    traits: tuple[tuple[str, str], ...] = ()
