"""The rule of indexes that are written and never read, since building them failed."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.case import Case
from headroom.audit.facts import Facts, Index
from headroom.audit.finding import Finding
from headroom.audit.labels import of_database, of_index
from headroom.audit.mending import drop
from headroom.audit.names import qualified, shown
from headroom.audit.wanted import REQUIRED
from headroom.checks import State

RULE = "postgres.index.invalid"
GUIDE = "Index Strategy: an index that is not valid serves no statement, and costs at each write"
_MOST = 20
_LEFTOVERS = ("_ccnew", "_ccold")


def invalid(case: Case) -> Iterator[Finding]:
    """Yield the indexes that are not valid, and are not being built just now."""
    subject = of_database(case.facts)
    found = [
        one for one in case.facts.indexes if not (one.valid and one.ready and one.live) and not one.building
    ]
    for index in found[:_MOST]:
        yield _of(index, case.facts)
    if len(found) > _MOST:
        yield Finding(RULE, subject, State.FAIL, GUIDE, f"{len(found) - _MOST:,} more indexes are not valid")
    if not found:
        count = len(case.facts.indexes)
        building = sum(bool(one.building) for one in case.facts.indexes)
        said = (
            f"all of {count:,} indexes are valid"
            if not building
            else (f"of {count:,} indexes {building:,} are being built, the others are valid")
        )
        yield Finding(RULE, subject, State.PASS, GUIDE, said)


def _of(index: Index, facts: Facts) -> Finding:
    name, where = shown(index.schema, index.name), of_index(facts, index)
    if index.building is None:
        said = f"{name} on {shown(index.table)} is not valid; this role may not see whether it is being built"
        return Finding(RULE, where, State.CANNOT_CHECK, GUIDE, said, "GRANT pg_monitor to the role")
    said = f"{name} on {shown(index.table)} is not valid: building it failed"
    if index.partitioned:
        said = f"{name} on {shown(index.table)} is not valid: not every partition has its part of it"
        if any(one.foreign for one in facts.tables if (one.schema, one.name) == (index.schema, index.table)):
            said += ", and a foreign table can have none, so that it will never be valid"
            fix = (
                f"DROP INDEX {qualified(index.schema, index.name)}; then CREATE INDEX CONCURRENTLY on each "
                "of the other partitions, and at last, without ONLY, on the whole, which takes those over"
            )
            return Finding(RULE, where, State.FAIL, GUIDE, said, fix)
        fix = (
            "CREATE INDEX CONCURRENTLY on each partition that lacks it, then ALTER INDEX "
            f"{qualified(index.schema, index.name)} ATTACH PARTITION …"
        )
        return Finding(RULE, where, State.FAIL, GUIDE, said, fix)
    if any((one.name, one.table) == (index.name, index.table) for one in REQUIRED):
        return Finding(RULE, where, State.FAIL, GUIDE, said, "see postgres.index.required")
    statement = drop(index)
    if not index.name.rstrip("0123456789").endswith(_LEFTOVERS) and index.live:
        statement = f"REINDEX INDEX CONCURRENTLY {qualified(index.schema, index.name)};"
        said += "; REINDEX builds it anew, DROP INDEX CONCURRENTLY gives it up"
    elif index.live:
        said += ", and this is what a REINDEX CONCURRENTLY left behind"
    else:
        said = f"{name} on {shown(index.table)} is half dropped: DROP INDEX CONCURRENTLY was broken off"
    return Finding(RULE, where, State.FAIL, GUIDE, said, statement, (statement,))
