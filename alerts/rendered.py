"""A message as people read it, the same for every channel: which only adds its envelope and its escaping."""

from __future__ import annotations

from dataclasses import dataclass


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
