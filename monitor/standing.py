"""The newest verdict on every limit of a configuration, as it can be said now."""

from __future__ import annotations

from datetime import datetime

from headroom.budgets import Verdict
from headroom.config import Config
from headroom.history import open_history
from headroom.summary import by_subject, standpoints


def verdicts(config: Config, now: datetime, *, subjects: bool) -> list[Verdict]:
    """Read the history: one verdict per limit for all of its subject, and for each subject where asked."""
    history = open_history(config.history, collecting=False)
    try:
        standings = history.standings()
    finally:
        history.close()
    sources = {source.name: source for source in config.sources}
    found = []
    for budget in config.budgets:
        found += [each.verdict for each in standpoints(budget, sources, standings, now)]
        if subjects:
            found += [each.verdict for each in by_subject(budget, sources, standings, now)]
    return found
