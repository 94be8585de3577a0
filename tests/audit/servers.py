"""A server set as the guide sets it, and cases that differ from it in one thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from headroom.audit.case import Case, Rule
from headroom.audit.facts import Facts, Index, Key, Table
from headroom.audit.finding import Finding
from headroom.audit.server_facts import Server, Sessions, Setting
from headroom.audit.settings import GUIDE
from headroom.audit.workload_facts import Counts, Seen, Shape, Workload
from headroom.budgets import Budget, Kind, Limit, Measure, Severity, Statistic, Unit
from headroom.checks import State

NOW = datetime(2026, 1, 8, 12, tzinfo=UTC)
SOURCE = (("source", "erp-db"),)
LIMITS = {"lookup": 0.01, "list": 0.05, "aggregate": 0.5, "analytics": 5.0}
_FILE = "/etc/postgresql/postgresql.conf, line 7"


def guides() -> dict[str, Setting]:
    """Return the guide's settings, set in a file, and the others as the server has them by default."""
    restart = {"shared_buffers", "max_connections"}
    found = {
        promise.name: Setting(
            promise.name,
            "on" if promise.text == "on" else f"{promise.value:g}",
            promise.unit,
            "configuration file",
            _FILE,
            restart=promise.name in restart,
        )
        for promise in GUIDE
    }
    others = (
        Setting("superuser_reserved_connections", "3"),
        Setting("idle_in_transaction_session_timeout", "60000", "ms"),
        Setting("log_min_duration_sample", "-1", "ms"),
        Setting("log_statement_sample_rate", "1"),
        Setting("track_io_timing", "on"),
        Setting("compute_query_id", "auto"),
        Setting("pg_stat_statements.max", "5000"),
        Setting("pg_stat_statements.track", "top"),
        Setting("pg_stat_statements.save", "on"),
        Setting("pg_stat_statements.track_planning", "off"),
    )
    return found | {setting.name: setting for setting in others}


def server(version: int = 150018, sessions: tuple[Sessions, ...] = (), **changed: str | Setting) -> Server:
    """Return the guide's server with other values for some settings; "__" stands for a point."""
    settings = guides()
    for word, value in changed.items():
        name = word.replace("__", ".")
        settings[name] = replace(settings[name], value=value) if isinstance(value, str) else value
    return Server(version, settings, sessions=sessions, in_use=1 + sum(one.used for one in sessions))


def budget(group: str, limit: float) -> Budget:
    """Return the promise of a class of statements."""
    return Budget(
        id=f"db.{group}",
        title=group,
        guide="",
        measure=Measure("erp-db", Kind.STATEMENTS, "exec_time", f"queries.{group}"),
        window=timedelta(minutes=5),
        pending_for=timedelta(0),
        recover_for=timedelta(0),
        limits=(Limit("p95", Statistic.P95, limit, Unit.SECONDS, Severity.CRITICAL),),
    )


BUDGETS = tuple(budget(group, limit) for group, limit in LIMITS.items())


def case(of: Server | None = None, workload: Workload | None = None, tables: Iterable[Table] = ()) -> Case:
    """Return a case with the guide's budgets; each table has a primary key on id."""
    some = tuple(tables)
    facts = Facts(
        "erp-db",
        NOW,
        database="erp",
        version=150018 if of is None else of.version,
        tables=some,
        indexes=tuple(
            Index("public", one.name, f"{one.name}_pkey", (Key("id"),), unique=True, constraint="p")
            for one in some
        ),
        server=of,
        workload=workload,
    )
    return Case(facts, budgets=BUDGETS)


def one(rule: Rule, given: Case, name: str) -> Finding:
    """Return the one finding of a rule that has this name."""
    found = [finding for finding in rule(given) if finding.rule == name]
    assert len(found) == 1, found
    return found[0]


def told(finding: Finding) -> tuple[State, str]:
    """Return what a finding says."""
    return finding.state, finding.found


def seen(
    fingerprint: str,
    shape: Shape | None,
    total: Counts,
    windows: tuple[Counts, ...] = (),
    **others: object,
) -> Seen:
    """Return a statement of role erp in database erp."""
    values: Mapping[str, object] = {
        "database": "erp", "role": "erp", "text": "", "ids": 1, "longest": 0.1,
    } | others  # fmt: skip
    return Seen(fingerprint=fingerprint, shape=shape, total=total, windows=windows, **values)  # type: ignore[arg-type]


def workload(*statements: Seen, windows: tuple[float, ...] = (5.0, 5.0), **others: object) -> Workload:
    """Return a workload of these statements."""
    return Workload(statements, windows, entries=len(statements), most=5000, **others)  # type: ignore[arg-type]
