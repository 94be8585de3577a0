"""The rule of ANALYZE: the planner must not plan for tables as they were."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.case import Case
from headroom.audit.facts import Facts, Table
from headroom.audit.finding import Finding
from headroom.audit.labels import of_database, of_table
from headroom.audit.names import qualified, shown
from headroom.audit.use import rows_of
from headroom.audit.wanted import ANALYZED
from headroom.checks import State
from headroom.wording import share, span

RULE = "postgres.analyze"
GUIDE = "Index Maintenance: ANALYZE transactions, ANALYZE audit_logs"
CHANGED = 0.2
"""Share of the rows changed since the last ANALYZE; autovacuum begins at 0.1 unless told otherwise."""
LEAST = 1_000
"""Rows changed below which no plan is expected to turn."""
ROWS = 50
"""Rows from which on a table that was never analysed matters; autovacuum leaves it alone below that."""
_TOLD = 140000
_MOST = 20


def analyze(case: Case) -> Iterator[Finding]:
    """Yield the guide's two tables, each, and all others whose statistics are stale."""
    facts = case.facts
    if facts.standby:
        found = "a standby does not count what is changed: audit the primary"
        yield Finding(RULE, of_database(facts), State.CANNOT_CHECK, GUIDE, found)
        return
    tables = [one for one in facts.tables if one.parent is None or not one.partitioned]
    for table in tables:
        if table.name in ANALYZED and table.parent is None:
            yield _judged(table, facts)
    others = [one for one in tables if one.name not in ANALYZED or one.parent is not None]
    judged = [(one, _judged(one, facts)) for one in others]
    stale = [(one, found) for one, found in judged if found.state in {State.WARN, State.FAIL}]
    stale.sort(key=lambda pair: (-pair[0].changed, pair[0].number))
    yield from (found for _, found in stale[:_MOST])
    if len(stale) > _MOST:
        found = f"{len(stale) - _MOST:,} more tables have stale statistics"
        yield Finding(RULE, of_database(facts), State.WARN, GUIDE, found, "ANALYZE;", ("ANALYZE;",))
    if not stale:
        unknown = sum(found.state is State.CANNOT_CHECK for _, found in judged)
        said = f"none of the other {len(others):,} tables is known to have stale statistics"
        if unknown:
            said += f"; of {unknown:,} it cannot be told, for nothing was counted before {_since(facts)}"
        yield Finding(RULE, of_database(facts), State.PASS, GUIDE, said)


def _judged(table: Table, facts: Facts) -> Finding:
    state, found = _state(table, facts)
    statement = f"ANALYZE {qualified(table.schema, table.name)};"
    mend = state in {State.WARN, State.FAIL}
    return Finding(
        RULE, of_table(facts, table), state, GUIDE, f"{shown(table.schema, table.name)} {found}",
        statement if mend or state is State.CANNOT_CHECK else "", (statement,) if mend else (),
    )  # fmt: skip


def _state(table: Table, facts: Facts) -> tuple[State, str]:
    rows = rows_of(table, facts)
    if table.partitioned:
        return _of_partitioned(table, rows, facts)
    limit = max(LEAST, CHANGED * (table.rows or 0))
    ago = "" if table.analyzed is None else f"{span(facts.at - table.analyzed)} ago"
    part = share(table.changed / table.rows) if table.rows else ""
    changed = f"{table.changed:,} rows changed since{f', {part} of them' if part else ''}"
    if table.analyzed is not None:
        return (State.WARN if table.changed > limit else State.PASS), f"was analysed {ago}; {changed}"
    if rows < ROWS:
        return State.PASS, f"was not analysed; it has {rows:,.0f} rows, as far as is known"
    if table.rows is None:
        return State.FAIL, f"was never analysed, and has about {rows:,.0f} rows"
    if table.changed > limit:
        began = _since(facts)
        return (
            State.WARN,
            f"was not analysed since counting began ({began}); {table.changed:,} rows changed since",
        )
    began = _since(facts)
    return State.CANNOT_CHECK, (
        f"was not analysed since counting began ({began}), and the server forgot what was before; "
        f"{table.changed:,} rows changed since"
    )


def _of_partitioned(table: Table, rows: float, facts: Facts) -> tuple[State, str]:
    """Judge the statistics of the whole, which autovacuum never gathers; only its parts are counted."""
    if table.analyzed is not None:
        return State.PASS, f"(partitioned) was analysed {span(facts.at - table.analyzed)} ago"
    if rows < ROWS:
        return State.PASS, f"(partitioned) was not analysed; it has {rows:,.0f} rows, as far as is known"
    if table.rows is None and facts.version >= _TOLD:
        return State.WARN, (
            "(partitioned) was never analysed as a whole, which autovacuum does not do, and has about "
            f"{rows:,.0f} rows"
        )
    return State.CANNOT_CHECK, "(partitioned) is not known to have been analysed as a whole"


def _since(facts: Facts) -> str:
    return (
        "at a time not known"
        if facts.counting_since is None
        else f"{facts.counting_since:%Y-%m-%d %H:%M} UTC"
    )
