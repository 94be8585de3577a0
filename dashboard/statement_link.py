"""Links from budgets, findings and tables to statements. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from headroom.budgets import Budget, Kind, Outcome
from headroom.debt import QUERIES

NO_CLASS_SHOWN = "no class"
"""How the choice of a class names what falls into none."""


FILTERS = ("class", "database", "q")
"""Query parameters of the Database page that choose among the statements."""


def asked(budget: Budget) -> dict[str, str]:
    """Return the query parameters of the Database page for a budget's statements; empty where it has none."""
    measure = next((one for one in budget.measures if one.kind is Kind.STATEMENTS), None)
    if measure is None:
        return {}
    return {"source": measure.source, "class": measure.group.removeprefix(QUERIES)}


def back(params: Mapping[str, str], source: str) -> dict[str, str]:
    """Return the query parameters of the list that somebody came from, by those of the statement's page."""
    kept = {name: params[name] for name in FILTERS if params.get(name)}
    return {"source": source, **kept} if source else kept


def statements_link(budget: Budget, base: str, outcome: Outcome) -> str:
    """Return a link to the statements of a budget's class, to stand below its row; empty without any."""
    query = asked(budget)
    if not query:
        return ""
    to = escape(f"{base}/database?{urlencode(query)}")
    said = f"Statements of this class: {escape(query['class'])}"
    return (
        f'<div class="hr-below hr-{outcome}"><a href="{to}" target="_self" aria-label="{said}">'
        "Statements of this class</a></div>"
    )


def address(
    base: str, source: str, fingerprint: str, period: str, kept: Mapping[str, str] | None = None
) -> str:
    """Return where the page of a statement is, below the server's base path.

    The period may be empty; `kept` is what the list was filtered by, for the way back.
    """
    asked = {"source": source, "statement": fingerprint, **({"w": period} if period else {}), **(kept or {})}
    return f"{base}/statement?{urlencode(asked)}"
