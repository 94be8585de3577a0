"""What becomes of slow statements: when they are stopped, from when on they are logged, and which ran."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.amounts import in_seconds
from headroom.audit.case import Case
from headroom.audit.finding import Finding
from headroom.audit.names import shown
from headroom.audit.promised import promised
from headroom.audit.seen import about, about_all, unread, with_text
from headroom.audit.server_facts import Server, Setting
from headroom.audit.workload_facts import Seen
from headroom.budgets import Unit
from headroom.checks import State
from headroom.evidence import Moments
from headroom.units import format_value
from headroom.wording import count, rate, share

SLOW = 1.0
"""Seconds: section "Slow Query Logging" and log_min_duration_statement = 1000."""
_SAMPLE = 0.01
_MOST = 10  # slow statements that are named one by one


def statement_timeout(case: Case) -> Iterator[Finding]:
    """Yield whether statements are stopped before the slowest budget could see them."""
    timeout = _setting(case.facts.server, "statement_timeout")
    limits = sorted(limit for some in promised(case).values() for limit in some)
    if timeout is None or timeout.of_the_session or not limits:
        return
    slowest, at = limits[-1], in_seconds(timeout)
    subject = (("source", case.facts.source),)
    guide = "PostgreSQL Configuration: statement_timeout = 60000; its slowest query target is 5 s"
    if not at:
        found = f"no statement is stopped; the slowest limit of the budgets is {_seconds(slowest)}"
        yield Finding("postgres.timeout", subject, State.WARN, guide, found, _to("statement_timeout", "60s"))
    elif at <= slowest:
        found = (
            f"statements are stopped after {_seconds(at)}, not above the slowest limit of the budgets, "
            f"{_seconds(slowest)}: what is stopped is in no statistics, so that limit cannot be seen broken"
        )
        fix = _to("statement_timeout", f"{max(60.0, 2 * slowest):g}s")
        yield Finding("postgres.timeout", subject, State.FAIL, guide, found, fix)
    else:
        found = (
            f"statements are stopped after {_seconds(at)}, {at / slowest:.3g} times the slowest limit of the "
            f"budgets, {_seconds(slowest)}"
        )
        yield Finding("postgres.timeout", subject, State.PASS, guide, found)


def log_threshold(case: Case) -> Iterator[Finding]:
    """Yield how many of the budgets' limits the server's log can ever show broken."""
    whole = _setting(case.facts.server, "log_min_duration_statement")
    if whole is None or whole.of_the_session:
        return
    limits = sorted({limit for some in promised(case).values() for limit in some})
    if not limits:
        return
    subject = (("source", case.facts.source),)
    guide = "PostgreSQL Configuration: log_min_duration_statement = 1000; its query targets begin at 10 ms"
    told = [from_ for from_ in (_from(whole), _sampled(case.facts.server)) if from_ is not None]
    every = _from(whole)
    missed = [limit for limit in limits if not told or limit < min(told)]
    begin = "no statement is logged" if every is None else f"statements are logged from {_seconds(every)} on"
    if told and min(told) != every:
        begin += f", a sample of them from {_seconds(min(told))} on"
    if not missed:
        found = f"{begin}: the log can show all {len(limits)} limits of the budgets broken"
        yield Finding("postgres.log_threshold", subject, State.PASS, guide, found)
        return
    found = (
        f"{begin}: of the {len(limits)} limits of the budgets ({', '.join(map(_seconds, limits))}) the log "
        f"can never show {len(missed)} broken ({', '.join(map(_seconds, missed))})"
    )
    fix = (
        f"ALTER SYSTEM SET log_min_duration_sample = '{limits[0] * 1000:g}ms'; "
        f"ALTER SYSTEM SET log_statement_sample_rate = {_SAMPLE:g}; SELECT pg_reload_conf(); "
        f"-- {_cost(case, limits[0])}"
    )
    yield Finding("postgres.log_threshold", subject, State.WARN, guide, found, fix)


def slow_statements(case: Case) -> Iterator[Finding]:
    """Yield the statements of which some took longer than a second, for certain."""
    guide = "Slow Query Logging: log queries slower than 1 s"
    work = case.facts.workload
    if (missing := unread("postgres.slow_statements", guide, case)) or work is None:
        yield from missing
        return
    slow = [(one, *_over(one)) for one in work.seen if one.longest > SLOW and not _utility(one)]
    slow.sort(key=lambda found: -found[0].longest)
    for one, least, most in slow[:_MOST]:
        found = (
            f"{count(least, most)} of {one.total.calls:,} calls took longer than {_seconds(SLOW)}, the "
            f"longest {_seconds(one.longest)}; mean {_seconds(one.total.mean)}"
        )
        yield Finding(
            "postgres.slow_statements",
            about(one, case),
            State.WARN,
            guide,
            with_text(found, one),
            _explained(one),
        )
    if len(slow) > _MOST:
        found = f"{len(slow) - _MOST:,} more statements took longer than {_seconds(SLOW)} at least once"
        yield Finding("postgres.slow_statements", about_all(case), State.WARN, guide, found)
    if not slow:
        found = f"none of the {len(work.seen):,} statements looked at ever took longer than {_seconds(SLOW)}"
        yield Finding("postgres.slow_statements", about_all(case), State.PASS, guide, found)


def _utility(one: Seen) -> bool:
    """VACUUM, CREATE INDEX and their kin take long by nature."""
    return one.shape is not None and one.shape.kind == "utility"


def _explained(one: Seen) -> str:
    """Return how to see the plan; EXPLAIN (ANALYZE) of a write does write."""
    if one.shape is None or not one.text:
        return ""
    plan = f"EXPLAIN (ANALYZE, BUFFERS) {shown(one.text)}; -- with real parameters"
    return plan if one.shape.kind == "select" else f"BEGIN; {plan}, and then: ROLLBACK;"


def _over(one: Seen) -> tuple[int, int]:
    """Return how many calls took longer than a second: at least, and at most."""
    total = one.total
    bounds = Moments(total.calls, total.seconds, total.squares, one.longest).over(SLOW)
    return max(1, bounds.k_low), max(1, bounds.k_high)


def _cost(case: Case, strictest: float) -> str:
    """Return what a sampled log of what breaks the strictest limit would cost."""
    parameters = "and with their parameters, unless log_parameter_max_length is 0"
    work = case.facts.workload
    if work is None or not work.seconds:
        return f"one in {1 / _SAMPLE:.0f} of them is written, {parameters}"
    calls = sum(one.recent.calls for one in work.seen if one.longest > strictest)
    lines = calls / work.seconds * _SAMPLE
    return f"at most {rate(lines)} lines a second at the load of now ({share(_SAMPLE)} of them), {parameters}"


def _from(setting: Setting | None) -> float | None:
    return None if setting is None or setting.number < 0 else in_seconds(setting)


def _sampled(server: Server | None) -> float | None:
    chance = _setting(server, "log_statement_sample_rate")
    return _from(_setting(server, "log_min_duration_sample")) if chance and chance.number > 0 else None


def _setting(server: Server | None, name: str) -> Setting | None:
    return None if server is None else server.settings.get(name)


def _to(name: str, value: str) -> str:
    return f"ALTER SYSTEM SET {name} = '{value}'; SELECT pg_reload_conf();"


def _seconds(value: float) -> str:
    return format_value(value, Unit.SECONDS)
