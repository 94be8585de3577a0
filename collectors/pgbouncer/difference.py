"""What a poll of PgBouncer tells, for every measure asked: of each pool, and of the worst. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from collectors.pgbouncer.snapshot import Database, PgBouncerSnapshot, Pool
from headroom.budgets import Measure, Reason, Unit
from headroom.evidence import Gauge
from headroom.observation import Absence, Observation, Part, Reading, Series
from headroom.sources import Source
from headroom.span import Span, span
from headroom.units import format_value
from headroom.whose import Whose

_NAMED = 3  # databases in a sentence
SERVERS, CLIENTS = "servers", "clients"
_MOST = 50  # pools that are recorded one by one: the fullest


class _Use(NamedTuple):
    """How full a pool is, and what a person should know of it."""

    share: float
    detail: str


def difference(
    source: Source,
    measures: Mapping[Measure, tuple[float, ...]],
    before: PgBouncerSnapshot | None,
    after: PgBouncerSnapshot,
) -> Reading:
    """Return what was in use at the end of the interval, or why that cannot be told."""
    if before is None:
        first = "one reading so far; a difference needs two"
        return Reading(absences=tuple(Absence(Series.of(one), Reason.NO_DATA, first) for one in measures))
    between = span(before.at, after.at, source.every)
    told = [one for measure in measures for one in _told(measure, after, between)]
    return Reading(
        tuple(one for one in told if isinstance(one, Observation)),
        tuple(one for one in told if isinstance(one, Absence)),
        tuple(_notes(after)),
    )


def _told(measure: Measure, read: PgBouncerSnapshot, between: Span) -> Iterator[Observation | Absence]:
    whose = Whose.of(measure.group)
    known = {database.name: database for database in read.databases}
    pools = [pool for pool in read.pools if whose.takes(pool.user, pool.database)]
    absent = _absent(measure, whose, known, pools)
    if absent is not None:
        yield absent
    elif measure.of == CLIENTS:
        yield _clients(measure, whose, read, pools, between)
    else:
        yield from _servers(measure, pools, read, between)


def _absent(
    measure: Measure, whose: Whose, known: Mapping[str, Database], pools: list[Pool]
) -> Absence | None:
    """Return that what a budget names is not there: a slip of the pen must not read as an empty pool."""
    if whose.database is not None and whose.database not in known:
        what = f'no database "{whose.database}"'
    elif whose != Whose() and not pools:
        what = f"no pool {whose}"
    else:
        return None
    detail = f"PgBouncer has {what}: nobody has used it since PgBouncer started, or the budget misspells it"
    return Absence(Series.of(measure), Reason.NO_DATA, detail)


def _clients(
    measure: Measure, whose: Whose, read: PgBouncerSnapshot, pools: list[Pool], between: Span
) -> Observation | Absence:
    used = sum(pool.clients for pool in pools) + (read.console if whose == Whose() else 0)
    limits = {"max_client_conn": read.clients}
    for database in read.databases:
        if database.name == whose.database:
            limits[f"max_client_connections of database {database.name}"] = database.clients
    set_limits = {name: limit for name, limit in limits.items() if limit}
    if not set_limits:
        return Absence(Series.of(measure), Reason.NO_LIMIT, "PgBouncer tells no max_client_conn")
    name = min(set_limits, key=lambda each: set_limits[each])
    detail = f"{used} of {set_limits[name]} clients ({name})"
    if whose == Whose():
        detail += f", {read.console} of them at the console, Headroom's own among them"
    return _gauge(Series.of(measure), _Use(used / set_limits[name], detail), between)


def _servers(
    measure: Measure, pools: list[Pool], read: PgBouncerSnapshot, between: Span
) -> Iterator[Observation | Absence]:
    """Yield the use of each pool, and that of the worst for the whole."""
    if not pools:
        yield _gauge(Series.of(measure), _Use(0.0, "no pool is open"), between)
        return
    limits = {database.name: database for database in read.databases}
    uses = {(pool.database, pool.user): _use(pool, limits.get(pool.database), read) for pool in pools}
    known = sorted(
        ((use, pool) for pool, use in uses.items() if use is not None), key=lambda one: -one[0].share
    )
    if not known:
        detail = (
            "no pool has a limit: pool_size, max_db_connections and max_user_connections are 0; "
            "set default_pool_size"
        )
        yield Absence(Series.of(measure), Reason.NO_LIMIT, detail)
        return
    worst, (database, user) = known[0]
    yield _gauge(
        Series.of(measure), worst._replace(detail=f"pool {database}/{user}: {worst.detail}"), between
    )
    if len(uses) > 1:
        for use, (database, user) in known[:_MOST]:
            yield _gauge(Series.of(measure, (("database", database), ("role", user))), use, between)


def _use(pool: Pool, database: Database | None, read: PgBouncerSnapshot) -> _Use | None:
    """Return how full a pool is: by its own size, or by what all of its database or user may have.

    The limit that is told is the one that will be reached first.
    """
    most = 0 if database is None else database.most
    beside = sum(one.servers for one in read.pools if one.database == pool.database)
    of_user = [one.servers for one in read.pools if one.user == pool.user]
    uses = []
    if pool.size:
        size = pool.size + pool.reserve
        name = f"pool_size{' + reserve_pool_size' if pool.reserve else ''}"
        uses.append(_Use(pool.servers / size, f"{pool.servers} of {size} ({name})"))
    if most:
        detail = f"{beside} of {most} of all pools of the database (max_db_connections)"
        uses.append(_Use(beside / most, detail))
    if pool.most_of_user:
        used, together = sum(of_user), " of all pools of the user" if len(of_user) > 1 else ""
        detail = f"{used} of {pool.most_of_user}{together} (max_user_connections)"
        uses.append(_Use(used / pool.most_of_user, detail))
    use = max(uses, key=lambda one: one.share, default=None)
    if not pool.waiting:
        return use
    # Whatever the counts say: a client that waits finds it full.
    longest = format_value(pool.longest, Unit.SECONDS)
    waiting = f"{pool.waiting} client{'s wait' if pool.waiting > 1 else ' waits'}, the first for {longest}"
    if database is not None and database.paused:
        waiting += "; the database is paused"
    if use is None:
        return _Use(1.0, f"{pool.servers} without a limit; {waiting}")
    return _Use(max(1.0, use.share), f"{use.detail}; {waiting}")


def _gauge(series: Series, use: _Use, between: Span) -> Observation:
    gauge = Gauge.sample(use.share, between.seconds)
    return Observation(series, (Part(between.start, between.end, gauge, between.quality, detail=use.detail),))


def _notes(read: PgBouncerSnapshot) -> Iterator[str]:
    paused = [database.name for database in read.databases if database.paused]
    if paused:
        more = " and more" if len(paused) > _NAMED else ""
        yield f"PgBouncer has paused {', '.join(paused[:_NAMED])}{more}: RESUME ends it"
