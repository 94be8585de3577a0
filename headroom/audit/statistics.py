"""Whether pg_stat_statements is set so that it shows what the budgets need."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.case import Case
from headroom.audit.finding import Finding
from headroom.audit.server_facts import Server, Setting
from headroom.budgets import Subject
from headroom.checks import State
from headroom.wording import share

_GUIDE = "Database Query Targets: each can only be checked where statements are counted"
_NEAR = 0.9  # of the entries that are kept: soon some are thrown away
_RELOAD = "SELECT pg_reload_conf();"


def statistics(case: Case) -> Iterator[Finding]:
    """Yield one finding for each setting that decides what pg_stat_statements sees."""
    server, subject = case.facts.server, (("source", case.facts.source),)
    if server is None:
        found = "the server's settings were not read"
        yield Finding("postgres.statistics.track", subject, State.CANNOT_CHECK, _GUIDE, found)
        return
    yield _track(server, subject)
    if "pg_stat_statements.track" in server.settings:
        yield from _entries(case, server, subject)
        yield from _switches(server, subject)
    yield from _identified(server, subject)


def _track(server: Server, subject: Subject) -> Finding:
    rule = "postgres.statistics.track"
    setting = server.settings.get("pg_stat_statements.track")
    if setting is None:
        return Finding(
            rule,
            subject,
            State.FAIL,
            _GUIDE,
            "pg_stat_statements is not loaded: no statement is counted",
            "shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, then restart PostgreSQL",
        )
    change = f"ALTER SYSTEM SET pg_stat_statements.track = 'top'; {_RELOAD}"
    if setting.value == "none":
        found = "pg_stat_statements.track is none: no statement is counted"
        return Finding(rule, subject, State.FAIL, _GUIDE, found, change)
    if setting.value == "all":
        found = (
            "pg_stat_statements.track is all: statements inside functions are entries of their own, which "
            "fills it sooner; Headroom judges those of the top level only"
        )
        return Finding(rule, subject, State.PASS, _GUIDE, found)
    return Finding(rule, subject, State.PASS, _GUIDE, "pg_stat_statements.track is top")


def _entries(case: Case, server: Server, subject: Subject) -> Iterator[Finding]:
    """Yield whether entries are thrown away: those that ran least often go first, such as reports."""
    rule, work = "postgres.statistics.entries", case.facts.workload
    most = int(_number(server.settings.get("pg_stat_statements.max")))
    if work is None or not most:
        return
    full = work.entries / most
    found = f"pg_stat_statements holds {work.entries:,} of at most {most:,} entries ({share(full)})"
    fix = f"ALTER SYSTEM SET pg_stat_statements.max = {2 * most}; -- then restart PostgreSQL"
    if work.evictions:
        found += (
            f", and threw some away {work.evictions:,} times since its counters began: those that ran least "
            "often, such as reports"
        )
        yield Finding(rule, subject, State.FAIL, _GUIDE, found, fix)
    elif work.entries >= _NEAR * most:
        yield Finding(rule, subject, State.WARN, _GUIDE, f"{found}; soon some are thrown away", fix)
    else:
        yield Finding(rule, subject, State.PASS, _GUIDE, found)
    if work.unread:
        told = f"{work.unread:,} entries of other roles cannot be read"
        mend = "GRANT pg_monitor TO the role that Headroom comes as;"
        yield Finding("postgres.statistics.rights", subject, State.FAIL, _GUIDE, told, mend)


def _switches(server: Server, subject: Subject) -> Iterator[Finding]:
    save = server.settings.get("pg_stat_statements.save")
    if save is not None:
        off = save.value == "off"
        yield Finding(
            "postgres.statistics.save",
            subject,
            State.WARN if off else State.PASS,
            _GUIDE,
            f"pg_stat_statements.save is {save.value}"
            + (": a restart loses all that was counted" if off else ": a restart keeps what was counted"),
            f"ALTER SYSTEM SET pg_stat_statements.save = on; {_RELOAD}" if off else "",
        )
    times = server.settings.get("track_io_timing")
    if times is not None and not times.of_the_session:
        off = times.value == "off"
        yield Finding(
            "postgres.statistics.io_timing",
            subject,
            State.WARN if off else State.PASS,
            _GUIDE,
            f"track_io_timing is {times.value}"
            + (": how much of a slow statement is waiting for the disk cannot be told" if off else ""),
            f"ALTER SYSTEM SET track_io_timing = on; {_RELOAD} -- pg_test_timing shows what it costs"
            if off
            else "",
        )
    planning = server.settings.get("pg_stat_statements.track_planning")
    if planning is not None:
        on = planning.value == "on"
        told = (
            "planning is counted, too, which makes sessions with the same statement wait for each other"
            if on
            else "the time of planning is not counted, nor judged"
        )
        found = f"pg_stat_statements.track_planning is {planning.value}: {told}"
        yield Finding("postgres.statistics.planning", subject, State.PASS, _GUIDE, found)


def _identified(server: Server, subject: Subject) -> Iterator[Finding]:
    """Yield whether statements get an identity at all; since PostgreSQL 14 that can be switched off."""
    setting = server.settings.get("compute_query_id")
    if setting is None:
        return
    off = setting.value == "off"
    yield Finding(
        "postgres.statistics.query_id",
        subject,
        State.FAIL if off else State.PASS,
        _GUIDE,
        f"compute_query_id is {setting.value}" + (": pg_stat_statements counts nothing" if off else ""),
        f"ALTER SYSTEM SET compute_query_id = 'auto'; {_RELOAD}" if off else "",
    )


def _number(setting: Setting | None) -> float:
    return 0.0 if setting is None else setting.number
