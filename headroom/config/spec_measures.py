"""The forms of `measure:` in budgets.yaml as the file spells them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from headroom.config.scalars import (
    AnyClassName,
    Connections,
    HistogramName,
    Label,
    LabelValue,
    Metric,
    Name,
    QueryClassName,
    Text,
)
from headroom.config.scalars_policies import Command
from headroom.config.spec_base import Spec

FORM_TAG = "form:"
FORM_KEYS = (
    *("histogram", "statements", "connections", "pool"),
    *("redis_memory", "hit_rate", "command_latency", "resource", "gauge"),
)


class HistogramSpec(Spec):
    """The latency of a class of requests, from a Prometheus histogram."""

    KEY: ClassVar[str] = "histogram"
    histogram: HistogramName
    """The metric's name without _bucket, e.g. http_request_duration_seconds."""
    source: Name
    """A source of kind prometheus."""
    class_: AnyClassName = Field(alias="class")
    """endpoints.NAME, one of classes.endpoints, or queries.NAME, one of classes.queries that has labels."""


class StatementsSpec(Spec):
    """The execution time of a class of statements, from pg_stat_statements."""

    KEY: ClassVar[str] = "statements"
    statements: Literal["exec_time"]
    """exec_time: what the server needs to execute a statement."""
    source: Name
    """A source of kind postgres."""
    class_: QueryClassName = Field(alias="class")
    """queries.NAME, one of classes.queries."""


class ConnectionsSpec(Spec):
    """Connections in use, as a share of a limit that must be named."""

    KEY: ClassVar[str] = "connections"
    connections: Connections
    """Of what: max_connections (less those reserved for superusers), or the application's pool size."""
    source: Name
    """A source of kind postgres."""
    role: Text = ""
    """Count the connections of this role only; left out: all of them."""
    database: Text = ""
    """Count the connections to this database only; left out: to all of them."""


class PoolSpec(Spec):
    """Connections of PgBouncer in use, as a share of what it may have."""

    KEY: ClassVar[str] = "pool"
    pool: Literal["servers", "clients"]
    """servers: connections to PostgreSQL in use, of pool_size (or max_db_connections, or
    max_user_connections); a pool in which clients wait is full. clients: connections of clients, of
    max_client_conn."""
    source: Name
    """A source of kind pgbouncer."""
    role: Text = ""
    """Only pools of this user; left out: all of them."""
    database: Text = ""
    """Only pools of this database; left out: all of them."""


class RedisMemorySpec(Spec):
    """Used memory, as a share of maxmemory."""

    KEY: ClassVar[str] = "redis_memory"
    redis_memory: Literal["maxmemory"]
    """Of what: maxmemory."""
    source: Name
    """A source of kind redis."""


class HitRateSpec(Spec):
    """Hits as a share of all look-ups."""

    KEY: ClassVar[str] = "hit_rate"
    hit_rate: Literal["keyspace"]
    """keyspace: keyspace_hits of keyspace_hits and keyspace_misses."""
    source: Name
    """A source of kind redis."""


class CommandSpec(Spec):
    """The time that Redis needs to execute commands."""

    KEY: ClassVar[str] = "command_latency"
    command_latency: Command
    """all, or one command, e.g. get; with a subcommand as Redis reports it, e.g. config|get. Redis 7.0
    and newer keep histograms, which prove percentiles; older ones know means only."""
    source: Name
    """A source of kind redis."""


class ResourceSpec(Spec):
    """The use of machines (node_exporter), of containers (cAdvisor), or of the application's processes."""

    KEY: ClassVar[str] = "resource"
    resource: Literal[
        "cpu",
        "memory",
        "disk_io",
        "io_pressure",
        "container_cpu",
        "container_memory",
        "throttling",
        "one_core",
        "event_loop",
    ]
    """Of a machine, cpu: busy share of CPU time; memory: share not available; disk_io: share of time with I/O
    in flight; io_pressure: share of time in which some task waited for I/O. Of a container, container_cpu and
    container_memory: of its limit; throttling: share of periods in which it was held back. Of a process,
    one_core: CPU time as a share of one core; event_loop: seconds by which Node.js is late, its P99."""
    source: Name
    """A source of kind prometheus."""


class GaugeSpec(Spec):
    """A share that an application works out itself and sets as a gauge."""

    KEY: ClassVar[str] = "gauge"
    gauge: Metric
    """The metric's name, e.g. cache_hit_rate."""
    source: Name
    """A source of kind prometheus."""
    reads: Literal["percent", "ratio"]
    """What its numbers are: percent runs from 0 to 100, ratio from 0 to 1."""
    labels: dict[Label, LabelValue] = Field(default_factory=dict, max_length=20)
    """Only label sets with exactly these values, e.g. {cache_type: redis}; left out: all."""


def _form(value: Any) -> str | None:
    keys = value if isinstance(value, dict) else (getattr(value, "KEY", None),)
    return next((f"{FORM_TAG}{key}" for key in FORM_KEYS if key in keys), None)


MeasureSpec = Annotated[
    Annotated[HistogramSpec, Tag("form:histogram")]
    | Annotated[StatementsSpec, Tag("form:statements")]
    | Annotated[ConnectionsSpec, Tag("form:connections")]
    | Annotated[PoolSpec, Tag("form:pool")]
    | Annotated[RedisMemorySpec, Tag("form:redis_memory")]
    | Annotated[HitRateSpec, Tag("form:hit_rate")]
    | Annotated[CommandSpec, Tag("form:command_latency")]
    | Annotated[ResourceSpec, Tag("form:resource")]
    | Annotated[GaugeSpec, Tag("form:gauge")],
    Discriminator(_form),
]
