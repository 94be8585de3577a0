"""The types of budgets.yaml, as the file spells them: keys, forms and defaults, but no meaning yet.

`headroom.config.mapping` makes the model of them, `headroom.config.schema` the JSON Schema.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from headroom.budgets import Severity, Statistic
from headroom.config.scalars import (
    Address,
    AnyClassName,
    ClassLabels,
    Connections,
    Credential,
    Date,
    Every,
    Globs,
    HeaderName,
    HeaderValue,
    HistogramName,
    Id,
    Label,
    LabelValue,
    Methods,
    Metric,
    Name,
    Paths,
    Patterns,
    QueryClassName,
    Regexes,
    Share,
    Size,
    Span,
    Statuses,
    Tags,
    Text,
    Threshold,
    Timeout,
    Token,
    User,
)
from headroom.sources import SourceKind

FORM_TAG = "form:"
FORM_KEYS = (
    *("histogram", "statements", "connections", "pool"),
    *("redis_memory", "hit_rate", "resource", "gauge"),
)
BY_VALUE = Field(strict=False)  # strict validation would want the enum itself, which no file can hold


class Spec(BaseModel):
    """What all parts of the file share: unknown keys are refused, nothing is converted."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )

    @model_validator(mode="before")  # `alerts:` with all below it commented out is left out, not wrong
    @classmethod
    def _without_empty_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in data.items() if value is not None or key not in known}


class AuthSpec(Spec):
    """How a source of kind prometheus is logged in to: user and password, bearer, or bearer_file."""

    user: User = ""
    """The user of basic authentication."""
    password: Credential = ""
    """Its password; ${NAME} or ${file:PATH} is the place for it."""
    bearer: Token = ""
    """A token; ${NAME} or ${file:PATH} is the place for it."""
    bearer_file: Text = ""
    """A file with a token, relative to this file; read anew for every poll, for others renew it."""


class TlsSpec(Spec):
    """Certificates in PEM form, relative to this file; those that are renewed are noticed."""

    ca: Text = ""
    """A file, or a folder of files, with the authorities to trust instead of the publicly known ones."""
    cert: Text = ""
    """What we show of ourselves, where the server demands it."""
    key: Text = ""
    """Its key, without a password; left out: in the same file."""


class SourceSpec(Spec):
    """Something that is polled."""

    kind: Annotated[SourceKind, BY_VALUE]
    """What it is: postgres, pgbouncer, redis or prometheus (any Prometheus-compatible API)."""
    url: Address
    """Its address. One unset ${NAME} means: not configured. Passwords belong into ${NAME} or ${file:PATH}."""
    every: Every = "15s"
    """The time between two polls."""
    cost: Share = ""
    """For postgres: the share of one core that Headroom's own statements may take, 1% if left out; when they
    take more, the source is polled half as often until they take less than half of it."""
    memory_limit: Size = ""
    """For redis: what its container or machine gives it, e.g. 512mb; `headroom doctor` compares maxmemory."""
    auth: AuthSpec = AuthSpec()
    """For prometheus: how to log in, where that does not stand in the url."""
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, max_length=50)
    """For prometheus: what else is sent with every request, e.g. X-Scope-OrgID for a tenant."""
    tls: TlsSpec = TlsSpec()
    """For prometheus: certificates, for an address with https://."""


class EndpointClassSpec(Spec):
    """Requests that share a promise."""

    name: Name
    """What budgets call it: endpoints.NAME."""
    method: Methods = Field(default_factory=list)
    """One HTTP method or a list of them; left out: every method."""
    path: Paths = Field(default_factory=list)
    """One pattern or a list of them; left out: every path. * matches anything, / too, and ? one sign but /.
    {name}, <name> and a whole segment :name match one segment: /users/{id} takes /users/17, /users/:id and
    /users/{id} itself, and not /users/17/wallet."""
    status: Statuses = Field(default_factory=list)
    """One HTTP status or a list of them: 2xx for all from 200 to 299, 404, or 4*; left out: every status."""
    labels: ClassLabels = Field(default_factory=dict)
    """Further labels of the metric, each with a value or a list of them, in which * matches anything, e.g.
    {tenant: "acme*"}. All labels must match; one that the metric does not have is an empty text."""


class LabelsSpec(Spec):
    """How the metrics call what classes are made of."""

    method: Label = "method"
    """The label with the HTTP method."""
    path: Label = "path"
    """The label with the path."""
    status: Label = "status"
    """The label with the HTTP status."""


class FailuresSpec(Spec):
    """A counter of failed requests that is not the histogram's own, such as the proxy's."""

    counter: Metric
    """The metric's name, e.g. nginx_http_requests_total."""
    labels: dict[Label, LabelValue] = Field(default_factory=dict, max_length=20)
    """Which of its label sets are failures, * matching anything, e.g. {status: "5*"}; left out: all."""


class QueryClassSpec(Spec):
    """Statements that share a promise."""

    name: Name
    """lookup, list, aggregate, analytics, write and utility are told by their shape; others need patterns,
    tags, role or database. Where a class has several of these, all must match."""
    patterns: Regexes = Field(default_factory=list)
    """Regular expressions searched in the normalised statement, before any shape is asked."""
    tags: Tags = Field(default_factory=dict)
    """What the tags in the statement's comment must be, each with a value or a list of them, in which *
    matches anything, e.g. {controller: users}. Understood are /* controller:users */ and sqlcommenter's
    /* controller='users' */. The server keeps the comment of a statement's first execution only."""
    role: Globs = Field(default_factory=list)
    """Only statements of this role, or of a list of them; * matches anything."""
    database: Globs = Field(default_factory=list)
    """Only statements in this database, or in a list of them; * matches anything."""
    labels: ClassLabels = Field(default_factory=dict)
    """By which labels an application's own histogram of queries is classed, each with a value or a list of
    them, in which * matches anything, e.g. {query_type: [lookup, "select_*"]}. All labels must match; a class
    without labels takes nothing of a histogram."""

    @property
    def claiming(self) -> bool:
        """Whether it takes statements by more than their shape."""
        return bool(self.patterns or self.tags or self.role or self.database)


class ClassesSpec(Spec):
    """How requests and statements fall into classes. The first class that matches takes them."""

    endpoints: list[EndpointClassSpec] = Field(default_factory=list, max_length=200)
    """Classes of requests, in order. What matches none is counted as unclassified."""
    ignored: Paths = Field(default_factory=lambda: ["/metrics", "/health*"])
    """Paths that are no traffic of users."""
    labels: LabelsSpec = LabelsSpec()
    """How the metrics call method, path and status."""
    failures: FailuresSpec | None = None
    """Where failures are counted elsewhere; tells whether the histogram leaves them out."""
    queries: list[QueryClassSpec] = Field(default_factory=list, max_length=200)
    """Classes of statements, in order."""


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


class ResourceSpec(Spec):
    """The use of a machine, from node_exporter."""

    KEY: ClassVar[str] = "resource"
    resource: Literal["cpu", "memory", "disk_io"]
    """cpu: busy share of CPU time; memory: share not available; disk_io: share of time with I/O in flight."""
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
    | Annotated[ResourceSpec, Tag("form:resource")]
    | Annotated[GaugeSpec, Tag("form:gauge")],
    Discriminator(_form),
]


class LimitSpec(Spec):
    """One number of a budget; either max or min."""

    name: Id = ""
    """Unique in its budget; left out: the statistic."""
    statistic: Annotated[Statistic, BY_VALUE]
    """p50, p90, p95, p99, p99.9 or mean of a latency; average of anything else."""
    max: Threshold = ""
    """The value must not be over it. The limit itself is kept: "< 200ms" of the guide is 200ms here."""
    min: Threshold = ""
    """The value must not be under it; for hit rates and gauges."""
    severity: Annotated[Severity, BY_VALUE] = Severity.CRITICAL
    """How loud it is when broken."""


class BudgetSpec(Spec):
    """A promise."""

    id: Id
    """What everything refers to; keep it when the words change."""
    title: Text
    """What people call it."""
    guide: Text = ""
    """The place in the guide that the figures come from."""
    measure: MeasureSpec
    """What is measured, and where."""
    second: HistogramSpec | None = None
    """For a latency: another histogram of the same calls, such as the application's own of its queries. Where
    it can decide, it judges; otherwise `measure` does, and the verdict names which."""
    window: Span = "5m"
    """The evidence that is judged: minutes for busy classes, hours for rare ones; at least four polls."""
    for_: Span = Field("1m", alias="for")
    """How long a limit must be over before its incident fires."""
    recover_for: Span = "2m"
    """How long it must be met before the incident resolves."""
    limits: list[LimitSpec] = Field(min_length=1, max_length=20)
    """The numbers."""
    evicting: list[LimitSpec] = Field(default_factory=list, max_length=20)
    """For redis_memory: what holds instead while Redis evicts by policy, per 1000 commands."""
    owner: Text = ""
    """Who keeps the promise."""
    runbook: Text = ""
    """Where to look first when it is broken."""
    if_broken: Text = ""
    """What was agreed to happen when a period ends with it broken."""
    review_by: Date = ""
    """When the figures are to be looked at again."""
    note: Text = ""
    """Anything a reader should know."""


class ChannelSpec(Spec):
    """Where alerts go."""

    kind: Literal["webhook"]
    """webhook: a JSON document by HTTP POST."""
    url: Address
    """The address; it counts as a secret, so ${NAME} or ${file:PATH} is the place for it."""
    timeout: Timeout = "10s"
    """How long one delivery may take."""


class RouteSpec(Spec):
    """Which alerts go where."""

    channels: list[Name] = Field(min_length=1, max_length=100)
    """Names of alerts.channels."""
    severities: list[Annotated[Severity, BY_VALUE]] = Field(
        default_factory=lambda: list(Severity), min_length=1
    )
    """Only these; left out: all."""
    budgets: Patterns = Field(default_factory=lambda: ["*"])
    """Only budgets whose id matches, e.g. api.*; left out: all."""


class AlertsSpec(Spec):
    """Who is told."""

    channels: dict[Name, ChannelSpec] = Field(default_factory=dict, max_length=200)
    """Receivers by name."""
    routes: list[RouteSpec] = Field(default_factory=list, max_length=200)
    """An alert goes to the channels of every route that it matches."""


class FileSpec(Spec):
    """A budgets.yaml of Headroom."""

    version: Literal[1]
    """The version of this format."""
    history: Text = ".headroom/history.db"
    """The database with all that was seen, relative to this file."""
    sources: dict[Name, SourceSpec] = Field(min_length=1, max_length=1000)
    """What is polled, by name."""
    classes: ClassesSpec = ClassesSpec()
    """How requests and statements fall into classes."""
    budgets: list[BudgetSpec] = Field(min_length=1, max_length=1000)
    """The promises."""
    alerts: AlertsSpec = AlertsSpec()
    """Who is told when one is broken."""
