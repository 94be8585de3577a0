"""What `headroom audit` prints, and the exit code that it comes to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from headroom.audit.finding import Finding
from headroom.audit.names import shown
from headroom.checks import Check, State
from monitor.listed import listed

BROKEN, FOUND, UNREACHABLE = 1, 3, 4
_SETTINGS, _POOLS, _STATEMENTS = (
    "Settings against each other and the budgets",
    "Sessions and pools",
    "Statements",
)
_GROUPS = {
    "history": "History",
    "postgres.source": "Sources",
    "postgres.catalogue": "What was not read",
    "postgres.index.required": "The guide's six indexes",
    "postgres.index.invalid": "Indexes that are not valid",
    "postgres.index.duplicate": "Indexes that another one covers",
    "postgres.index.unused": "Indexes that nothing reads",
    "postgres.analyze": "ANALYZE",
    "postgres.setting": "The guide's settings",
    "postgres.memory": _SETTINGS,
    "postgres.cache_size": _SETTINGS,
    "postgres.timeout": _SETTINGS,
    "postgres.log_threshold": _SETTINGS,
    "postgres.statistics": "pg_stat_statements",
    "postgres.pool": _POOLS,
    "postgres.pool_settings": _POOLS,
    "postgres.role_limit": _POOLS,
    "postgres.idle_in_transaction": _POOLS,
    "postgres.slow_statements": _STATEMENTS,
    "postgres.offset_pagination": _STATEMENTS,
    "postgres.n_plus_one": _STATEMENTS,
    "postgres.select_star": _STATEMENTS,
    "postgres.row_by_row_writes": _STATEMENTS,
    "postgres.no_where": _STATEMENTS,
    "postgres.in_lists": _STATEMENTS,
}
_IN_ORDER = ("source", "database", "schema", "table", "index")


def exit_code(found: Iterable[Finding], *, unreachable: bool, strict: bool) -> int:
    """Return the first that applies: 1 a failure, 4 a source not read, 3 doubts (strict), 0."""
    states = {one.state for one in found}
    if State.FAIL in states:
        return BROKEN
    if unreachable:
        return UNREACHABLE
    return FOUND if strict and states & {State.WARN, State.CANNOT_CHECK} else 0


def as_json(found: Iterable[Finding]) -> str:
    """Return the findings as the JSON document that scripts rely on."""
    records = [
        {
            "rule": one.rule,
            "subject": dict(one.subject),
            "state": one.state.value,
            "guide": one.guide,
            "found": one.found,
            "fix": one.fix,
        }
        for one in found
    ]
    return json.dumps({"findings": records}, indent=2, allow_nan=False)


def as_table(found: Sequence[Finding]) -> str:
    """Return the findings for people."""
    groups = {_ident(one): _group(one.rule) for one in found}
    order = [*dict.fromkeys(_GROUPS.values()), "Other rules"]
    checks = [_check(one) for one in found]
    return listed(checks, lambda check: groups[check.id], order, "finding" if len(found) == 1 else "findings")


def _group(rule: str) -> str:
    """Return the heading of a rule, or that of the rules whose name it begins with."""
    return _GROUPS.get(rule) or _GROUPS.get(rule.rpartition(".")[0], "Other rules")


def _check(one: Finding) -> Check:
    """Return a finding as a check; what a source sent may hold no sign that a terminal obeys."""
    fix = "\n".join(shown(line) for line in one.fix.split("\n"))
    return Check(_ident(one), one.state, shown(one.guide), shown(one.found), fix)


def _ident(one: Finding) -> str:
    labels = dict(one.subject)
    names = [labels.pop(name) for name in _IN_ORDER if name in labels]
    words = "/".join(shown(word) for word in (*names, *labels.values()))
    return f"{one.rule} {words}".rstrip()
