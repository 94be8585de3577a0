"""What is polled, and how requests and statements fall into classes.

The records of `sources:` and `classes:` in budgets.yaml, frozen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from headroom.patterns import globs, of_status, routes

Labels = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of labels, each with shell patterns of which its value must match one."""
Compiled = tuple[tuple[str, re.Pattern[str]], ...]
"""The same, ready to be matched."""
_WORDS = ("method", "path", "status")
_NONE: Mapping[str, str] = {}


class SourceKind(StrEnum):
    """The kinds of sources."""

    POSTGRES = "postgres"
    PGBOUNCER = "pgbouncer"
    REDIS = "redis"
    PROMETHEUS = "prometheus"


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must never be printed; `reveal` is for the driver that needs it."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the value, for a driver only."""
        return self._value

    def __str__(self) -> str:
        return "<secret>"


@dataclass(frozen=True, slots=True)
class Access:
    """How a Prometheus-compatible API is logged in to, and whom we believe to be it.

    Attributes:
        user, password: basic authentication; both or neither.
        bearer: a token.
        bearer_file: a file with a token, read anew for every poll, since others renew it.
        headers: sent with every request, such as X-Scope-OrgID.
        ca: the certificates that are trusted instead of the system's.
        cert, key: what we show of ourselves; the key may stand in the same file.
    """

    user: str = ""
    password: Secret | None = None
    bearer: Secret | None = None
    bearer_file: Path | None = None
    headers: Mapping[str, Secret] = field(default_factory=dict)
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Something polled, known by its name in the file.

    Attributes:
        url: None where the file's `${NAME}` is not set: the source is not configured.
        unset: the name of that environment variable.
        every: time between two polls.
        memory_limit: for redis, what its container or machine gives it, in bytes; None where not declared.
        cost: for postgres, the share of one core that Headroom's own statements may take.
    """

    name: str
    kind: SourceKind
    url: Secret | None
    every: timedelta
    unset: str = ""
    access: Access = Access()
    memory_limit: int | None = None
    cost: float = 0.01


@dataclass(frozen=True, slots=True)
class EndpointClass:
    """Requests that share a promise; the first class that matches takes the request.

    Attributes:
        methods: upper case; empty matches every method.
        paths: routes, as `headroom.patterns` reads them; empty matches every path.
        statuses: "2xx", "404", "4*"; empty matches every status.
        labels: what further labels of the metric must be; all of them must match.
    """

    name: str
    methods: frozenset[str] = frozenset()
    paths: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    labels: Labels = ()
    _path: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _status: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _labels: Compiled = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_path", routes(self.paths))
        object.__setattr__(self, "_status", globs(of_status(status) for status in self.statuses))
        object.__setattr__(self, "_labels", _compiled(self.labels))

    def matches(self, method: str, path: str, status: str = "", labels: Mapping[str, str] = _NONE) -> bool:
        """Tell whether a request belongs here; `labels` are all that the metric has, under its own names."""
        if self.methods and method.upper() not in self.methods:
            return False
        if self.paths and not self._path.match(path):
            return False
        if self.statuses and not self._status.match(status):
            return False
        return _match(self._labels, labels)


@dataclass(frozen=True, slots=True)
class Failures:
    """A counter of failed requests that is not the histogram's own, such as the proxy's.

    Attributes:
        counter: the metric's name.
        labels: which of its label sets are failures, `*` matching anything; empty where all are.
    """

    counter: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EndpointRules:
    """The endpoint classes in order, and the paths that are no traffic of users.

    Attributes:
        labels: what the metrics call "method", "path" and "status".
        failures: where failures are counted elsewhere; None where nothing is known of such a counter.
    """

    classes: tuple[EndpointClass, ...]
    ignored: EndpointClass = field(
        default_factory=lambda: EndpointClass("ignored", paths=("/metrics", "/health*"))
    )
    labels: Mapping[str, str] = field(
        default_factory=lambda: {"method": "method", "path": "path", "status": "status"}
    )
    failures: Failures | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """The further labels that requests are told by, under the metrics' own names, each once."""
        return tuple(dict.fromkeys(name for rule in self.classes for name, _ in rule.labels))

    def request(self, labels: Mapping[str, str]) -> tuple[str, str, str]:
        """Return method, path and status out of a metric's labels; "" for what it does not have.

        A path ends at its query: no class is told by what follows, and it may hold secrets.
        """
        method, path, status = (labels.get(self.labels[word], "") for word in _WORDS)
        return method, path.partition("?")[0], status

    def classify(self, labels: Mapping[str, str]) -> str | None:
        """Return the class's name for a metric's labels, "ignored", or None for unclassified."""
        return self.class_of(*self.request(labels), labels)

    def class_of(
        self, method: str, path: str, status: str = "", labels: Mapping[str, str] = _NONE
    ) -> str | None:
        """Return the same where method, path and status are known already; `labels` are the further ones."""
        if self.ignored.paths and self.ignored.matches(method, path):
            return "ignored"
        return next((rule.name for rule in self.classes if rule.matches(method, path, status, labels)), None)


@dataclass(frozen=True, slots=True)
class _Claims:
    """By what a class claims statements, compiled; None where it does not ask."""

    patterns: tuple[re.Pattern[str], ...]
    tags: Compiled
    roles: re.Pattern[str] | None
    databases: re.Pattern[str] | None

    def match(self, text: str, tags: Mapping[str, str], role: str, database: str) -> bool:
        named = (self.roles is None or self.roles.match(role)) and (
            self.databases is None or self.databases.match(database)
        )
        if not named or not _match(self.tags, tags):
            return False
        return not self.patterns or any(pattern.search(text) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class QueryClass:
    """Statements that share a promise.

    Attributes:
        name: lookup, list, aggregate, analytics, write or utility decide themselves by the statement's
            shape; other names need patterns.
        patterns: regular expressions searched in the normalised text, before the shape is asked.
        tags: what the tags in the statement's comment must be, such as controller:users; all of them.
        roles, databases: shell patterns of who runs it, and where. Of patterns, tags, roles and databases,
            all that are given must match; with none of them only the shape puts a statement here.
        labels: by what an application's own histogram of queries is classed; without them nothing of a
            histogram belongs here.
    """

    name: str
    patterns: tuple[str, ...] = ()
    labels: Labels = ()
    tags: Labels = ()
    roles: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    _labels: Compiled = field(init=False, repr=False, compare=False)
    _claims: _Claims = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_labels", _compiled(self.labels))
        patterns = tuple(re.compile(pattern, re.IGNORECASE) for pattern in self.patterns)
        roles, databases = (globs(names) if names else None for names in (self.roles, self.databases))
        object.__setattr__(self, "_claims", _Claims(patterns, _compiled(self.tags), roles, databases))

    @property
    def claiming(self) -> bool:
        """Whether it takes statements by more than their shape."""
        return bool(self.patterns or self.tags or self.roles or self.databases)

    def claims(self, text: str, tags: Mapping[str, str] = _NONE, role: str = "", database: str = "") -> bool:
        """Tell whether a statement belongs here whatever its shape; `text` has one space between words."""
        return self.claiming and self._claims.match(text, tags, role, database)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tell whether a label set of a histogram belongs here: all labels that are named must match."""
        return bool(self.labels) and _match(self._labels, labels)


@dataclass(frozen=True, slots=True)
class QueryRules:
    """The query classes in order."""

    classes: tuple[QueryClass, ...]

    @property
    def asked(self) -> tuple[str, ...]:
        """All labels that a histogram of queries is classed by, each once."""
        return tuple(dict.fromkeys(name for rule in self.classes for name, _ in rule.labels))

    def classify(self, labels: Mapping[str, str]) -> str | None:
        """Return the class's name for the labels of a histogram of queries, or None for unclassified."""
        return next((rule.name for rule in self.classes if rule.matches(labels)), None)


def _compiled(labels: Labels) -> Compiled:
    return tuple((name, globs(patterns)) for name, patterns in labels)


def _match(wanted: Compiled, labels: Mapping[str, str]) -> bool:
    # As in PromQL, a label that is not there is an empty one.
    return all(pattern.match(labels.get(name, "")) for name, pattern in wanted)
