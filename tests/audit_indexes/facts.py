"""Facts as the rules get them, made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from headroom.audit.case import Case
from headroom.audit.facts import Facts, Index, Key, Table
from headroom.audit.past import Past
from headroom.statements import Statement

AT = datetime(2026, 8, 31, 12, tzinfo=UTC)
BEGAN = AT - timedelta(days=90)
TABLE = Table("public", "tasks", ("id", "booking", "title"), number=1, rows=50_000, live=50_000, pages=500)


def index(name: str, *columns: str, number: int = 0, **more: object) -> Index:
    """Return an index of the table `tasks`."""
    keys = tuple(Key(column) for column in columns)
    made = Index("public", "tasks", name, keys, number=number or sum(name.encode()))
    return replace(made, **more)  # type: ignore[arg-type]


def case(
    *indexes: Index,
    table: Table = TABLE,
    days: float | None = None,
    earlier: dict[str, int] | None = None,
    texts: tuple[str, ...] = (),
    **more: object,
) -> Case:
    """Return a case; `earlier` are scans that an audit `days` ago counted, all as now if not given."""
    facts = Facts(
        "erp-db", AT, "erp", 150018, "15.18", counting_since=BEGAN, tables=(table,), indexes=indexes
    )
    facts = replace(facts, **more)  # type: ignore[arg-type]
    past = None
    if days is not None:
        counted = {one.number: (earlier or {}).get(one.name, one.scans or 0) for one in indexes}
        past = Past(AT - timedelta(days=days), BEGAN, counted)
    statements = tuple(Statement("erp-db", f"{at:x}", "list", "", text) for at, text in enumerate(texts))
    return Case(facts, past, statements)
