"""What is polled, and how requests and statements fall into classes.

The records of `sources:` and `classes:` in budgets.yaml, frozen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from fnmatch import translate
from pathlib import Path
from types import MappingProxyType


class SourceKind(StrEnum):
    """The kinds of sources."""

    POSTGRES = "postgres"
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
    headers: Mapping[str, Secret] = MappingProxyType({})
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
    """

    name: str
    kind: SourceKind
    url: Secret | None
    every: timedelta
    unset: str = ""
    access: Access = Access()


@dataclass(frozen=True, slots=True)
class EndpointClass:
    """Requests that share a promise; the first class that matches takes the request.

    Attributes:
        methods: upper case; empty matches every method.
        paths: shell patterns in which `*` also matches `/`; empty matches every path.
    """

    name: str
    methods: frozenset[str]
    paths: tuple[str, ...]
    _patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_patterns", tuple(re.compile(translate(path)) for path in self.paths))

    def matches(self, method: str, path: str) -> bool:
        """Tell whether a request belongs here."""
        if self.methods and method.upper() not in self.methods:
            return False
        return not self._patterns or any(pattern.match(path) for pattern in self._patterns)


@dataclass(frozen=True, slots=True)
class EndpointRules:
    """The endpoint classes in order, and the paths that are no traffic of users."""

    classes: tuple[EndpointClass, ...]
    ignored: EndpointClass = field(
        default_factory=lambda: EndpointClass("ignored", frozenset(), ("/metrics", "/health*"))
    )
    labels: Mapping[str, str] = field(
        default_factory=lambda: {"method": "method", "path": "path", "status": "status"}
    )

    def classify(self, method: str, path: str) -> str | None:
        """Return the class's name, "ignored", or None for unclassified."""
        if self.ignored.paths and self.ignored.matches(method, path):
            return "ignored"
        return next((rule.name for rule in self.classes if rule.matches(method, path)), None)


@dataclass(frozen=True, slots=True)
class QueryClass:
    """Statements that share a promise.

    Attributes:
        name: lookup, list, aggregate, analytics, write or utility decide themselves by the statement's
            shape; other names need patterns.
        patterns: regular expressions searched in the normalised text, before the shape is asked.
    """

    name: str
    patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryRules:
    """The query classes in order."""

    classes: tuple[QueryClass, ...]
