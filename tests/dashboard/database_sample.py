"""Statements, connections and an audit of an invented PostgreSQL server, in a real history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from headroom.audit.finding import Finding
from headroom.checks import State
from headroom.cost import OWN_TIME
from headroom.evidence import Gauge, Moments, Ratio
from headroom.history import Cycle, History, Poll
from headroom.observation import STATES, Observation, Part, Quality, Series
from headroom.statements import MEASURE, NO_CLASS, REST, Statement
from tests.dashboard.sample import EVERY, moments

SOURCE = "erp-db"
LIMITS = {"lookup": 0.01, "list": 0.05, "aggregate": 0.5, "analytics": 5.0}
HOSTILE = (
    "SELECT '</code><script>boom()</script>' AS \"<b>&amp;\", \u202e'evil' FROM t WHERE a = $1 **x** `y`"
)
EVIL = "<i>evil</i>"


@dataclass(frozen=True, slots=True)
class Shape:
    """A statement and what it does at a poll, by the poll's number from the oldest and how many there are."""

    statement: Statement
    does: Callable[[int, int], Moments | None]
    database: str = "erp"
    quality: Callable[[int], Quality] = lambda _: Quality.EXACT


def _known(fingerprint: str, group: str, why: str, text: str, **traits: str) -> Statement:
    return Statement(SOURCE, fingerprint, group, why, text, tuple(sorted(traits.items())))


SHAPES = (
    Shape(
        _known(
            "aa01",
            "lookup",
            "one row of one table by its primary key id",
            "SELECT id, number, total FROM invoices WHERE id = $1",
            tables="invoices",
        ),
        lambda k, n: moments(100, 0.011 + 0.006 * k / n, 0.004),
    ),
    Shape(
        _known(
            "bb02",
            "list",
            "a page of rows: LIMIT with OFFSET",
            "SELECT o.id, o.placed_at, c.name FROM orders o JOIN customers c ON c.id = o.customer_id "
            "WHERE o.tenant_id = $1 AND o.status = ANY ($2) ORDER BY o.placed_at DESC LIMIT $3 OFFSET $4",
            offset="yes",
            tables="orders,customers",
        ),
        lambda k, _: moments(40, 0.031 + 0.001 * (k * 7 % 5), 0.04),
    ),
    Shape(
        _known(
            "cc03",
            "aggregate",
            "an aggregate function over groups",
            "SELECT tenant_id, date_trunc($1, placed_at), sum(total) FROM orders GROUP BY 1, 2",
        ),
        lambda k, _: None if k % 4 else moments(2, 0.12, 0.02, 0.2),
    ),
    Shape(
        _known(
            "dd04",
            "analytics",
            "a window function",
            "SELECT id, rank() OVER (PARTITION BY tenant_id ORDER BY total DESC) FROM orders",
        ),
        lambda k, _: moments(1, 6.5, 0.0) if k % 8 == 0 else None,
        quality=lambda k: Quality.SUSPECT if k == 8 else Quality.EXACT,
    ),
    Shape(
        _known("ee05", "write", "it writes", "INSERT INTO audit_logs (tenant_id, body) VALUES ($1, $2)"),
        lambda _, __: moments(300, 0.0009, 0.0004),
    ),
    Shape(
        _known("ff06", "", "no class has such a shape", HOSTILE),
        lambda _, __: moments(5, 0.02, 0.01),
        database=EVIL,
    ),
    Shape(
        _known(
            "0107",
            "lookup",
            "one row of one table by its unique key email",
            "SELECT id FROM users WHERE email = $1",
        ),
        lambda k, _: moments(60, 0.0006, 0.0002) if k % 2 else None,
    ),
)
NOT_READ = "9909"
"""A statement whose text was not read yet."""
RESTS = {
    "lookup": moments(900, 0.0004, 0.0002),
    "write": moments(20, 0.002, 0.001),
    NO_CLASS: moments(3, 0.001, 0.0),
}
SEATS = {
    ("app", "erp", "idle"): lambda _: 12,
    ("app", "erp", "active"): lambda k: 3 + k % 3,
    ("app", "erp", "idle in transaction"): lambda k: 1 if k % 10 == 0 else 0,
    ("<b>role</b>", EVIL, "active, waiting for a lock"): lambda _: 2,
}
NOTES = (
    "0.4% of the calls and 1.2% of the execution time fall in no query class",
    "2 transactions were rolled back in database <script>erp</script>; what failed in them is in no figure",
)
FINDINGS = (
    Finding(
        "postgres.index.required",
        (("index", "idx_orders_tenant_placed"), ("source", SOURCE)),
        State.FAIL,
        "Index Strategy: the six required indexes",
        "the index idx_orders_tenant_placed has (placed_at), where (tenant_id, placed_at DESC) is asked",
        "create it anew under the same name",
        (
            "DROP INDEX CONCURRENTLY idx_orders_tenant_placed;",
            "CREATE INDEX CONCURRENTLY idx_orders_tenant_placed ON orders (tenant_id, placed_at DESC);",
        ),
    ),
    Finding(
        "postgres.offset",
        (("database", "erp"), ("role", "app"), ("source", SOURCE), ("statement", "bb02")),
        State.WARN,
        "Pagination with Large Datasets",
        "pages by OFFSET and reads 48 blocks for each row it returns </code><script>boom()</script>",
        "page by the last key seen: WHERE (placed_at, id) < ($1, $2) ORDER BY placed_at DESC LIMIT $3",
    ),
    Finding(
        "postgres.settings.shared_buffers",
        (("setting", "shared_buffers"), ("source", SOURCE)),
        State.PASS,
        "PostgreSQL Configuration: shared_buffers = 4GB",
        "shared_buffers is 4 GiB, as the guide has it",
    ),
    Finding(
        "postgres.pool",
        (("source", SOURCE),),
        State.CANNOT_CHECK,
        "Connection Pooling: max 20",
        "the pool of the application is not declared, so nothing can be held against it",
        "write  connections: 20, role: THE_ROLE_IT_LOGS_IN_AS  in a budget",
    ),
    Finding(
        "postgres.standby", (("source", SOURCE),), State.NOT_APPLICABLE, "", "this server has no standby"
    ),
)


def fill(
    history: History, *, polls: int, until: datetime, every: timedelta = EVERY, audited: bool = True
) -> None:
    """Record so many polls of statements, connections and own cost, the last at `until`, and an audit."""
    learnt = tuple(shape.statement for shape in SHAPES)
    for k in range(polls):
        at = until - every * (polls - 1 - k)
        poll = Poll(SOURCE, "1", at, timedelta(milliseconds=9))
        observations = [*_statements(k, polls, at, every), *_others(k, at, every)]
        history.record(
            Cycle(
                at,
                poll,
                observations=tuple(observations),
                notes=NOTES,
                statements=learnt if k == 0 else (),
            )
        )
    if audited:
        history.record_audit(SOURCE, until - timedelta(minutes=3), FINDINGS, b"{}")


def statement_series(group: str, database: str, fingerprint: str) -> Series:
    """Return the series of a statement."""
    return Series(
        SOURCE, MEASURE, (("class", group or NO_CLASS), ("database", database), ("statement", fingerprint))
    )


def part(
    group: str, found: Moments, at: datetime, every: timedelta, quality: Quality = Quality.EXACT
) -> Part:
    """Return the part of a poll, with its bounds at the limit of the class."""
    bounds = (found.over(LIMITS[group]),) if group in LIMITS else ()
    detail = "" if quality is Quality.EXACT else "it may have been thrown away and begun again"
    return Part(at - every, at, found, quality, bounds, detail)


def _statements(k: int, polls: int, at: datetime, every: timedelta) -> list[Observation]:
    found = []
    for shape in SHAPES:
        did = shape.does(k, polls)
        if did is not None:
            series = statement_series(shape.statement.group, shape.database, shape.statement.fingerprint)
            found.append(
                Observation(series, (part(shape.statement.group, did, at, every, shape.quality(k)),))
            )
    unread = statement_series("", "erp", NOT_READ)
    found.append(Observation(unread, (part("", moments(1, 0.0001, 0.0), at, every),)))
    for group, did in RESTS.items():
        found.append(Observation(statement_series(group, "*", REST), (part(group, did, at, every),)))
    return found


def _others(k: int, at: datetime, every: timedelta) -> list[Observation]:
    seconds = every.total_seconds()
    found = []
    for (role, database, state), held in SEATS.items():
        if held(k):
            subject = (("database", database), ("role", role), ("state", state))
            sample = Part(at - every, at, Gauge.sample(held(k), seconds))
            found.append(Observation(Series(SOURCE, STATES, subject), (sample,)))
    cost = Part(at - every, at, Ratio(0.03, seconds), detail="2 statements of Headroom's own took 30 ms")
    strays = Part(at - every, at, Ratio(5.0, 1250.0))
    return [
        *found,
        Observation(Series(SOURCE, OWN_TIME), (cost,)),
        Observation(Series(SOURCE, "statements:exec_time:unclassified"), (strays,)),
    ]
