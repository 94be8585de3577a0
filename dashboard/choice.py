"""Which row an address names: its query parameters `b` (budget) and `s` (statistic). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches

from headroom.config import Config


def names(config: Config) -> dict[str, str]:
    """Return the rows' ids and titles in the order of the file."""
    return {
        f"{budget.id}:{statistic}": f"{budget.title} {statistic}"
        for budget in config.budgets
        for statistic in budget.statistics
    }


def wanted(known: Mapping[str, str], params: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the row that the address names, or None and a sentence that says why, with the nearest one.

    Args:
        known: ids and titles of all rows.
        params: the address's `b` (budget) and `s` (statistic); the first row of a budget needs no `s`.
    """
    budget, statistic = params.get("b", ""), params.get("s", "")
    if not budget:
        return next(iter(known), None), ""
    asked = (
        f"{budget}:{statistic}"
        if statistic
        else next((name for name in known if name.startswith(f"{budget}:")), budget)
    )
    if asked in known:
        return asked, ""
    near = get_close_matches(asked[:100], known, n=1, cutoff=0)
    return (
        near[0] if near else None
    ), f"No row is called “{asked[:100]}”: it may have been renamed or removed in the budgets file."


def address(row: str) -> dict[str, str]:
    """Return the query parameters of a row."""
    budget, _, statistic = row.rpartition(":")
    return {"b": budget, "s": statistic}


def until(params: Mapping[str, str]) -> datetime | None:
    """Return the moment that the address looks back from, its `to`, as links in messages have it, UTC.

    None where it names none: what stands now is shown.
    """
    try:
        found = datetime.fromisoformat(params.get("to", "")[:40])
        return None if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
