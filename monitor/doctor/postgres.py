"""Checks of one PostgreSQL: what of a slow statement its log and its timeout let anybody see. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collectors.postgres.settings import Settings
from headroom.budgets import Budget, Kind, Unit
from headroom.checks import Check, State
from headroom.units import format_value


def examine_postgres(source: str, budgets: Sequence[Budget], settings: Settings) -> Iterator[Check]:
    """Yield every check of one PostgreSQL's settings; `budgets` are those that it feeds."""
    limits = [
        (budget, limit)
        for budget in budgets
        if budget.measure.kind is Kind.STATEMENTS
        for limit in budget.limits
    ]
    if not limits:
        return
    strictest = min(limit.threshold for _, limit in limits)
    yield _log(source, settings, strictest, sorted({limit.threshold for _, limit in limits}))
    for budget, limit in limits:
        if settings.timeout is not None and limit.threshold >= settings.timeout:
            what = f"{limit.statistic.value.upper()} ≤ {_seconds(limit.threshold)}"
            detail = (
                f"can never be over: statement_timeout stops every statement at {_seconds(settings.timeout)}"
            )
            longer = f"{2 * limit.threshold * 1000:.0f}ms"
            fix = f"ALTER SYSTEM SET statement_timeout = '{longer}';\nSELECT pg_reload_conf();"
            yield Check(f"never:{budget.id}:{limit.name}", State.FAIL, f"{budget.title}, {what}", detail, fix)
    yield _timeout(source, settings, max(limit.threshold for _, limit in limits))


def _log(source: str, settings: Settings, strictest: float, thresholds: Sequence[float]) -> Check:
    ident, title = f"log:{source}", f"Log of slow statements of {source}"
    told = [at for at in (settings.logged_from, settings.sampled_from) if at is not None]
    fix = (
        f"ALTER SYSTEM SET log_min_duration_sample = '{strictest * 1000:g}ms';\n"
        "ALTER SYSTEM SET log_statement_sample_rate = 0.01;  -- one in a hundred\n"
        "SELECT pg_reload_conf();"
    )
    if not told:
        return Check(ident, State.WARN, title, "no statement is logged for its duration", fix)
    unseen = [at for at in thresholds if at < min(told)]
    if unseen:
        detail = (
            f"statements are logged from {_seconds(min(told))} on: the log can never show what breaks the "
            f"limits of {', '.join(_seconds(at) for at in unseen)}"
        )
        return Check(ident, State.WARN, title, detail, fix)
    return Check(ident, State.PASS, title, f"statements are logged from {_seconds(min(told))} on")


def _timeout(source: str, settings: Settings, loosest: float) -> Check:
    ident, title = f"timeout:{source}", f"statement_timeout of {source}"
    others = "; roles or databases have others of their own" if settings.own_timeouts else ""
    if settings.timeout is None:
        return Check(ident, State.PASS, title, f"none: durations are seen whole{others}")
    at = _seconds(settings.timeout)
    if loosest >= settings.timeout:
        return Check(
            ident, State.FAIL, title, f"{at}, not above the loosest limit, {_seconds(loosest)}{others}"
        )
    detail = f"{at}, above every limit; what would take longer is stopped, and counts as {at} at most{others}"
    return Check(ident, State.PASS, title, detail)


def _seconds(value: float) -> str:
    return format_value(value, Unit.SECONDS)
