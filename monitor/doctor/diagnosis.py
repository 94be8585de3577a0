"""`headroom doctor`: can the budgets be decided, and is what measures them sound? It records nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from headroom.budgets import Budget, Reason
from headroom.checks import Check, State
from headroom.clocks import skewed
from headroom.config import Config
from headroom.observation import SourceError
from headroom.sources import SourceKind
from monitor.doctor import budgets as of_budgets
from monitor.doctor.guide import with_guides_own
from monitor.doctor.look import Known, Seen, known, look, our_fault
from monitor.feeds import feeds, thresholds

log = logging.getLogger("headroom.doctor")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The checks, and whether a configured source could not be read."""

    checks: tuple[Check, ...]
    unreachable: bool


async def diagnose(config: Config, say: Callable[[str], None]) -> Diagnosis:
    """Look at every source of a configuration, and return what was found.

    Args:
        config: what is promised, and of what.
        say: tells a person what takes long.
    """
    earlier = known(config)
    seen = await look(feeds(with_guides_own(config)), earlier, say)
    readings = {one.feed.source.name: one.reading for one in seen if one.reading is not None}
    checks: list[Check] = []
    for one in seen:
        checks += await _of_source(config, one)
    checks += of_budgets.evidence(config.budgets, readings)
    decided = {check.id for check in checks if check.state is State.PASS}
    checks += of_budgets.moments(config.budgets, decided)
    checks += of_budgets.samples(config.budgets, readings)
    checks += of_budgets.thresholds(config.budgets)
    checks += of_budgets.denominators(config.budgets)
    checks += _of_history(config, earlier)
    checks += of_budgets.reviews(config.budgets, datetime.now(UTC).date())
    failed = any(one.failure is not None for one in seen) or any(_unread(check) for check in checks)
    return Diagnosis(_each_once(checks), failed)


async def _of_source(config: Config, seen: Seen) -> list[Check]:
    source = seen.feed.source
    ident, title = f"source:{source.name}", f"{_NAMES[source.kind]} {source.name}"
    if seen.feed.collector is None:
        detail = f"not configured: the environment variable {source.unset} is not set"
        fix = f"export {source.unset}='{_EXAMPLES[source.kind]}'"
        return [Check(ident, State.CANNOT_CHECK, title, detail, fix)]
    if seen.snapshot is None:
        assert seen.failure is not None
        return [Check(ident, State.CANNOT_CHECK, title, f"{seen.failure.reason}: {seen.failure.message}")]
    try:
        return [Check(ident, State.PASS, title, "answers"), *await _examined(config, seen)]
    except SourceError as error:
        # It answered a poll a moment ago, so this is about what only a doctor asks.
        return [Check(ident, State.CANNOT_CHECK, title, f"{error.reason}: {error.message}")]
    except Exception as error:
        # What other sources have to say must not be lost with it.
        log.exception("%s: examining it failed in a way it should not", source.name)
        return [Check(ident, State.CANNOT_CHECK, title, our_fault("examining it", error))]


_NAMES = {
    SourceKind.POSTGRES: "PostgreSQL",
    SourceKind.PGBOUNCER: "PgBouncer",
    SourceKind.REDIS: "Redis",
    SourceKind.PROMETHEUS: "Prometheus",
}
_EXAMPLES = {
    SourceKind.POSTGRES: "postgresql://headroom:PASSWORD@HOST:5432/postgres",
    SourceKind.PGBOUNCER: "postgresql://headroom:PASSWORD@HOST:6432/pgbouncer",
    SourceKind.REDIS: "redis://headroom:PASSWORD@HOST:6379/0",
    SourceKind.PROMETHEUS: "http://HOST:9090",
}


async def _examined(config: Config, seen: Seen) -> list[Check]:
    """Return what only this kind of source can be asked; a driver is imported only where one is there."""
    source, snapshot, reading = seen.feed.source, seen.snapshot, seen.reading
    assert snapshot is not None
    assert reading is not None
    budgets = _fed(config.budgets, source.name)
    match source.kind:
        case SourceKind.PROMETHEUS:
            from collectors.prometheus.examine.examination import Case, examine  # noqa: PLC0415 as above

            asked = thresholds(source.name, with_guides_own(config).budgets)
            extra = asked.keys() - thresholds(source.name, config.budgets).keys()
            case = Case(
                source,
                budgets,
                asked,
                extra,
                config.endpoints,
                config.queries,
                seen.before,
                snapshot,
                reading,
            )
            return await examine(case)
        case SourceKind.POSTGRES:
            from collectors.postgres.settings import read_settings  # noqa: PLC0415 as above
            from monitor.doctor.postgres import examine_postgres  # noqa: PLC0415 as above

            return [
                _clock(seen, budgets),
                *examine_postgres(source.name, budgets, await read_settings(source)),
            ]
        case SourceKind.PGBOUNCER:
            from collectors.pgbouncer.snapshot import PgBouncerSnapshot  # noqa: PLC0415 as above
            from monitor.doctor.pgbouncer import examine_pgbouncer  # noqa: PLC0415 as above

            assert isinstance(snapshot, PgBouncerSnapshot)
            return list(examine_pgbouncer(source, snapshot))
        case SourceKind.REDIS:
            from collectors.redis.snapshot import RedisSnapshot  # noqa: PLC0415 as above
            from monitor.doctor.redis import examine_redis  # noqa: PLC0415 as above

            assert isinstance(snapshot, RedisSnapshot)
            return [_clock(seen, budgets), *examine_redis(source, budgets, snapshot)]


def _fed(budgets: Sequence[Budget], source: str) -> list[Budget]:
    """Return the budgets that a source feeds, by their first measure or their second."""
    return [budget for budget in budgets if source in {measure.source for measure in budget.measures}]


def _clock(seen: Seen, budgets: Sequence[Budget]) -> Check:
    assert seen.snapshot is not None
    assert seen.asked is not None
    began, ended = seen.asked
    at = seen.snapshot.at
    shortest = min((budget.window for budget in budgets), default=timedelta(minutes=5))
    return skewed(
        seen.feed.source.name, ((at - ended).total_seconds(), (at - began).total_seconds()), shortest
    )


def _of_history(config: Config, earlier: Known) -> list[Check]:
    if earlier.refused:
        return [Check("history", State.CANNOT_CHECK, "The history", earlier.refused)]
    now = datetime.now(UTC)
    return list(of_budgets.standing(config.budgets, config.sources, earlier.standings, now))


def _unread(check: Check) -> bool:
    """Tell whether a source answered a poll, and then not the doctor's own questions."""
    return check.id.startswith("source:") and check.detail.startswith(f"{Reason.UNREACHABLE}:")


def _each_once(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Return the checks with the first of each id: two rules may find the same limit at fault."""
    found: dict[str, Check] = {}
    for check in checks:
        found.setdefault(check.id, check)
    return tuple(found.values())
