"""The part `classes:` of budgets.yaml as the file spells it."""

from __future__ import annotations

from pydantic import Field

from headroom.config.scalars import (
    ClassLabels,
    Globs,
    Label,
    LabelValue,
    Methods,
    Metric,
    Name,
    Paths,
    Regexes,
    Statuses,
    Tags,
)
from headroom.config.spec_base import Spec


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
