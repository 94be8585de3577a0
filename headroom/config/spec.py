"""The types of budgets.yaml, as the file spells them: keys, forms and defaults, but no meaning yet.

`headroom.config.mapping` makes the model of them, `headroom.config.schema` the JSON Schema.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from headroom.budgets import Severity, Statistic
from headroom.config.scalars import (
    Address,
    Credential,
    Date,
    Every,
    HeaderName,
    HeaderValue,
    Id,
    Name,
    Patience,
    Share,
    Size,
    Span,
    Text,
    Threshold,
    Token,
    User,
)
from headroom.config.spec_alerts import AlertsSpec, ServeSpec
from headroom.config.spec_base import BY_VALUE, Spec
from headroom.config.spec_classes import ClassesSpec
from headroom.config.spec_measures import HistogramSpec, MeasureSpec
from headroom.config.spec_policies import ApplicationSpec, CachingSpec, InvalidationSpec
from headroom.sources import SourceKind


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
    """The evidence that is judged: minutes for busy classes, hours for rare ones; at least four polls,
    or one where each reads the figure off: redis_memory, connections, pool."""
    for_: Patience = Field("1m", alias="for")
    """How long a limit must be over before its incident fires; 0s: at once."""
    recover_for: Span = "2m"
    """How long it must be met before the incident resolves."""
    limits: list[LimitSpec] = Field(min_length=1, max_length=20)
    """The numbers."""
    evicting: list[LimitSpec] = Field(default_factory=list, max_length=20)
    """For redis_memory: what holds instead while Redis evicts by policy: max, evictions per 1000 commands, or
    min, a hit rate in percent. Where one name stands for both, it is over only where both are."""
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
    caching: list[CachingSpec] = Field(default_factory=list, max_length=200)
    """How long the parts of the cache are kept, in order; `headroom audit` looks."""
    invalidation: list[InvalidationSpec] = Field(default_factory=list, max_length=200)
    """What changes of data must do to the cache."""
    application: ApplicationSpec | None = None
    """Where the application answers by HTTP."""
    serve: ServeSpec | None = None
    """Where Headroom tells of itself; left out: nowhere."""
    alerts: AlertsSpec = AlertsSpec()
    """Who is told when one is broken."""
