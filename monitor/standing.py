"""The newest verdict on every limit of a configuration, as it can be said now."""

from __future__ import annotations

from datetime import datetime

from headroom.budgets import Verdict
from headroom.config import Config
from headroom.history import open_history
from headroom.summary import by_subject, standpoints


def verdicts(config: Config, now: datetime) -> list[Verdict]:
    """Read the history: for each budget one verdict per limit for all of its subject, then its subjects'."""
    history = open_history(config.history, collecting=False)
    try:
        standings = history.standings()
    finally:
        history.close()
    sources = {source.name: source for source in config.sources}
    found = []
    for budget in config.budgets:
        found += [each.verdict for each in standpoints(budget, sources, standings, now)]
        found += [each.verdict for each in by_subject(budget, sources, standings, now)]
    return found
