"""Which class the shape of a statement shows, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collectors.postgres.functions import aggregates, opaque
from collectors.postgres.lookup import Fixed, Sight, fixed, held
from collectors.postgres.parsing import Shape

LOOKUP, LIST, AGGREGATE, ANALYTICS, WRITE, UTILITY = (
    "lookup",
    "list",
    "aggregate",
    "analytics",
    "write",
    "utility",
)
_WRITES = frozenset({"insert", "update", "delete", "merge"})
_MANY_JOINS = 3
_MOST_NAMED = 4
_Found = tuple[str, str]


def decide(shape: Shape, verb: str, sight: Sight) -> _Found:
    """Return the class, empty where the shape shows none, and why: a sentence without a full stop.

    The first that holds: writes; what reads no table, or the catalogue only; windows, recursion, grouping
    sets, and sums over many joins or WITH queries; other sums and groups; one row by a key; a bounded list.
    """
    own = sight.catalogue.aggregates if sight.catalogue is not None else frozenset[str]()
    sums = aggregates(shape, own)
    asked = (
        _writing(shape),
        _apart(shape, verb, opaque(shape, own)),
        _analysing(shape, sums),
        _summing(shape, sums),
        _by_key(shape, sight),
        _bounded(shape, sight),
    )
    return next((one for one in asked if one is not None), ("", _open(shape, sight, opaque(shape, own))))


def _writing(shape: Shape) -> _Found | None:
    if shape.kind in _WRITES:
        return WRITE, f"{shape.kind.upper()} writes to {_table(shape)}"
    if shape.writes:
        return WRITE, "a WITH query of it writes"
    if shape.copies == "in":
        return WRITE, f"COPY FROM writes to {_table(shape)}"
    return None


def _apart(shape: Shape, verb: str, calls: Sequence[str]) -> _Found | None:
    if shape.kind == "empty":
        return UTILITY, "there is no statement in it"
    if shape.kind == "utility":
        return UTILITY, f"{verb} is no query"
    if shape.into:
        return UTILITY, "SELECT INTO makes a table"
    if not shape.tables and not calls:
        return UTILITY, "it reads no table"
    if shape.tables and all(_of_the_system(schema, name) for schema, name in shape.tables):
        return UTILITY, "it reads the system catalogue only"
    return None


def _analysing(shape: Shape, sums: Sequence[str]) -> _Found | None:
    how = f"sums up ({_listed(sums)})" if sums else "groups" if shape.grouped else ""
    counted = shape.windows == ("count",) and shape.limit == "outer" and not shape.grouped
    reasons = (
        (shape.windows and not counted, f"window functions: {_listed(shape.windows)}"),
        (shape.recursive, "a WITH query of it refers to itself"),
        (shape.grouping_sets, "GROUPING SETS, CUBE or ROLLUP"),
        (how and shape.ctes, f"{how} over WITH queries"),
        (how and shape.joins >= _MANY_JOINS, f"{how} over {shape.joins} joins"),
    )
    return next(((ANALYTICS, why) for holds, why in reasons if holds), None)


def _summing(shape: Shape, sums: Sequence[str]) -> _Found | None:
    if sums:
        return AGGREGATE, f"{'GROUP BY and ' if shape.grouped else ''}aggregates: {_listed(sums)}"
    if shape.grouped:
        return AGGREGATE, "GROUP BY"
    if shape.distinct and not shape.limit:
        return AGGREGATE, "DISTINCT compares all of its rows"
    return None


def _by_key(shape: Shape, sight: Sight) -> _Found | None:
    if not _plain(shape):
        return None
    found = fixed(shape, sight)
    if not found.rest:
        return LOOKUP, "; ".join([f"one row at most: {_keyed(shape, found)}", *found.said])
    return None


def _bounded(shape: Shape, sight: Sight) -> _Found | None:
    counted = "; count(*) OVER tells of how many" if shape.windows else ""
    why = {
        "outer": f"LIMIT bounds its rows{counted}",
        "branches": "LIMIT bounds the rows of each of its queries",
        "inner": "LIMIT bounds the rows of a subquery that it reads",
    }.get(shape.limit, "")
    joined = sum(one.operand == "column" for one in shape.conditions)
    if shape.limit == "inner" and joined < len(shape.sources) - 1:
        why = ""  # what it stands beside is read as a whole
    if shape.exists:
        why = "EXISTS ends at the first row"
    elif not why and _plain(shape):
        found = fixed(shape, sight, lists=True)
        if not found.rest:
            why = "; ".join([f"the rows of a list of keys: {_keyed(shape, found)}", *found.said])
    return (LIST, why) if why else None


def _open(shape: Shape, sight: Sight, calls: Sequence[str]) -> str:
    """Return why nothing bounds a read, and what it reads."""
    if not shape.tables:
        return f"calls {_listed(calls)}, and what that reads cannot be seen"
    if shape.sets:
        return "combines queries without LIMIT"
    names = [name for _, name in shape.tables]
    if len(shape.sources) != 1 or shape.sources[0].kind != "table":
        each = "it" if len(names) == 1 else "each"
        return f"reads {_listed(names)} without LIMIT, and no key leaves one row of {each}"
    found = fixed(shape, sight)
    table, columns = shape.sources[0].name, held(shape)
    said = "".join(f"; {words}" for words in found.said)
    if not found.rest:
        return f"reads {table} by a key, and in subqueries what may be many rows{said}"
    if columns:
        are = "is" if len(columns) == 1 else "are"
        none = f"which {are} not known to be a key of it" if said else f"which {are} no key of it"
        return f"reads {table} by {_listed(columns)}, {none}, without LIMIT{said}"
    how = "by no column that is compared with a constant" if shape.where else "as a whole"
    return f"reads {table} {how}, without LIMIT{said}"


def _plain(shape: Shape) -> bool:
    """Tell whether the outermost query is all that there is, and reads tables only."""
    beside = (shape.subqueries - shape.exists, shape.derived, shape.ctes, shape.sets, len(shape.windows))
    return not any(beside) and bool(shape.sources) and all(one.kind == "table" for one in shape.sources)


def _keyed(shape: Shape, found: Fixed) -> str:
    return _listed(tuple(_of_each(shape, found)))


def _of_each(shape: Shape, found: Fixed) -> Iterator[str]:
    names = {source.alias: source.name for source in shape.sources}
    for alias, key in found.by.items():
        yield f"{names[alias]} by its {key.called} ({', '.join(key.columns)})"


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them, the first of many."""
    shown = list(names[:_MOST_NAMED])
    if len(names) > _MOST_NAMED:
        shown.append(f"{len(names) - _MOST_NAMED} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _table(shape: Shape) -> str:
    return shape.sources[0].name if shape.sources else shape.tables[0][1] if shape.tables else "nothing"


def _of_the_system(schema: str, name: str) -> bool:
    return schema in {"pg_catalog", "information_schema"} or (not schema and name.startswith("pg_"))
