"""What is read for a measure: the query, a line to paste, and the rule by which a class is told."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from headroom.budgets import Budget, Kind, Measure, Subject
from headroom.config import Config
from headroom.instances import name as named
from headroom.observation import SourceError
from headroom.sources import EndpointClass, QueryClass, Source, SourceKind
from headroom.units import format_duration
from headroom.whose import Whose
from monitor.explain.query_redis import redis

ENDPOINTS, QUERIES = "endpoints.", "queries."

_SHAPES = {
    "lookup": "one row at most, by the primary or unique keys of its tables",
    "list": "what is bounded: LIMIT or FETCH FIRST, or a list of keys",
    "aggregate": "GROUP BY, an aggregate function, or DISTINCT without LIMIT",
    "analytics": "window functions, recursion, grouping sets, or sums over three joins or WITH queries",
    "write": "INSERT, UPDATE, DELETE, MERGE or COPY FROM",
    "utility": "no query, or one of no table or of the system catalogue only",
}


@dataclass(frozen=True, slots=True)
class Query:
    """What is read.

    Attributes:
        whom: the source, where it is and how often it is read.
        sent: what is sent, line by line, as it is sent.
        paste: a line for a shell that shows the same figures; empty where there is none.
        rules: which of the answer counts, one sentence each.
    """

    whom: str
    sent: tuple[str, ...]
    paste: str
    rules: tuple[str, ...]


def query_of(config: Config, budget: Budget, measure: Measure, at: datetime, subject: Subject = ()) -> Query:
    """Return what is read for a measure whose window ends at a moment.

    With a subject, what is read is the same for all, but only its part counts, and is asked for by the line
    to paste.
    """
    source = next(one for one in config.sources if one.name == measure.source)
    sent, paste, rules = _SENT[source.kind](config, source, budget, measure, at, subject)
    whom = (
        f"{source.name}, {_KIND[source.kind]} at {_place(source)}, read every {format_duration(source.every)}"
    )
    own = (f"only what is of {named(subject)}",) if subject else ()
    return Query(whom, sent, paste, (*own, *rules))


_Sent = tuple[tuple[str, ...], str, Iterator[str]]
_KIND = {
    SourceKind.PROMETHEUS: "Prometheus",
    SourceKind.POSTGRES: "PostgreSQL",
    SourceKind.PGBOUNCER: "PgBouncer",
    SourceKind.REDIS: "Redis",
}


def _place(source: Source) -> str:
    """Return host and port as the source's collector names them; never a password."""
    if source.url is None:
        return f"an address that is not set ({source.unset})"
    try:
        match source.kind:
            case SourceKind.PROMETHEUS:
                from collectors.prometheus.wire.address import Address  # noqa: PLC0415 only what is asked for

                return Address.of(source).place
            case SourceKind.POSTGRES:
                from collectors.postgres.address import address  # noqa: PLC0415 as above

                return address(source).place
            case SourceKind.PGBOUNCER:
                from collectors.pgbouncer.address import address as of_console  # noqa: PLC0415 as above

                return of_console(source).place
            case SourceKind.REDIS:
                from collectors.redis.address import address as of_redis  # noqa: PLC0415 as above

                return of_redis(source).place
    except SourceError:
        return "an address that cannot be read"


def _prometheus(
    config: Config, source: Source, budget: Budget, measure: Measure, at: datetime, subject: Subject
) -> _Sent:
    from collectors.prometheus import query  # noqa: PLC0415 as above
    from collectors.prometheus.asked import OF_CONTAINERS, OF_MACHINES, OF_PROCESSES  # noqa: PLC0415 as above
    from collectors.prometheus.fetch import FIRST_WINDOW  # noqa: PLC0415 as above

    def asked(seconds: float) -> str:
        if measure.kind is Kind.HISTOGRAM:
            return query.histogram(measure.of, seconds)
        if measure.kind is Kind.GAUGE:
            return query.gauge(measure.of, seconds)
        if measure.kind in OF_CONTAINERS:
            return query.containers(OF_CONTAINERS[measure.kind], seconds)
        return query.machines((OF_MACHINES | OF_PROCESSES)[measure.kind], seconds)

    whole = _of_subject(asked((budget.window + 2 * source.every).total_seconds()), subject)
    paste = _curl(source, whole, at)
    rules = _of_class(config, measure) if measure.kind is Kind.HISTOGRAM else _of_machines(measure)
    return (asked(FIRST_WINDOW),), paste, rules


def _of_subject(text: str, subject: Subject) -> str:
    """Return a query for raw samples of one subject alone; PromQL reads strings as JSON writes them."""
    selector, _, window = text.rpartition("[")
    metric, _, labels = selector.removesuffix("}").partition("{")
    own = [f"{label}={json.dumps(value, ensure_ascii=False)}" for label, value in subject]
    matchers = ",".join([*([labels] if labels else []), *own])
    return f"{metric}{{{matchers}}}[{window}" if own else text


def _curl(source: Source, text: str, at: datetime) -> str:
    """Return a line that asks for all raw samples of the window; credentials are left to who pastes it."""
    if source.url is None:
        return ""
    from collectors.prometheus.wire.address import Address  # noqa: PLC0415 as above

    try:
        address = Address.of(source)
    except SourceError:
        return ""
    access, words = address.access, ["curl", "-sG"]
    if access.user or access.password:
        words += ["-u", "USER:PASSWORD"]
    if access.bearer or access.bearer_file:
        words += ["-H", '"Authorization: Bearer $TOKEN"']
    words += [word for name in access.headers for word in ("-H", _header(name))]
    rest = ["--cacert", str(access.ca)] if access.ca else []
    rest.append(f"{address.base}/api/v1/query")
    rest += ["--data-urlencode", f"query={text}", "-d", f"time={at.timestamp():.3f}"]
    return f"{' '.join(words)} {shlex.join(rest)}"


def _header(name: str) -> str:
    """Return a header for a shell, its value being the variable that is named like it."""
    variable = re.sub("[^A-Z0-9]", "_", name.upper())
    if re.fullmatch("[A-Za-z][A-Za-z0-9-]*", name):
        return f'"{name}: ${variable}"'
    return f'{shlex.quote(f"{name}: ")}"$H{variable}"'


def _of_class(config: Config, measure: Measure) -> Iterator[str]:
    rules = config.endpoints
    yield "differences of two readings of one series; a lower reading counts from zero (a restart)"
    if measure.group.startswith(QUERIES):
        name = measure.group.removeprefix(QUERIES)
        found = next((one for one in config.queries.classes if one.name == name), None)
        if found is not None:
            labels = " and ".join(f"{label} {_either(values)}" for label, values in found.labels)
            yield f"of the class {name}: label {labels}"
        return
    name = measure.group.removeprefix(ENDPOINTS)
    if not name:
        yield "of every class"
    before: list[str] = []
    for rule in rules.classes:
        if rule.name == name:
            yield f"of the class {name}: {_told(rule, rules.labels)}"
            if before:
                yield f"and not of an earlier class: {', '.join(before)}"
        before.append(rule.name)
        if rule.name == name:
            break
    if rules.ignored.paths:
        yield f"never {rules.labels['path']} {_either(rules.ignored.paths)}, which is ignored"
    yield f"without answers whose {rules.labels['status']} is 5xx: those are counted apart"


def _told(rule: EndpointClass, names: object) -> str:
    labels = names if isinstance(names, dict) else {}
    told = []
    if rule.methods:
        told.append(f"{labels.get('method', 'method')} {_either(sorted(rule.methods))}")
    if rule.paths:
        told.append(f"{labels.get('path', 'path')} {_either(rule.paths)}")
    if rule.statuses:
        told.append(f"{labels.get('status', 'status')} {_either(rule.statuses)}")
    told += [f"{label} {_either(values)}" for label, values in rule.labels]
    return ", ".join(told) or "any request"


def _either(values: object) -> str:
    return " or ".join(str(value) for value in values) if isinstance(values, list | tuple) else str(values)


def _of_machines(measure: Measure) -> Iterator[str]:
    yield {
        Kind.CPU: (
            "part is the busy seconds of all CPUs of all machines, whole is all of their seconds; every mode "
            "but idle and iowait is busy"
        ),
        Kind.MEMORY: "1 - MemAvailable/MemTotal of the machine that uses most",
        Kind.DISK_IO: "seconds with I/O in flight of all seconds, of the busiest disk of any machine",
        Kind.IO_PRESSURE: "seconds in which some task waited for I/O of all seconds, of the worst machine",
        Kind.CONTAINER_CPU: "CPU seconds used of those that the limit allows, of the worst container",
        Kind.CONTAINER_MEMORY: "the working set of the limit, of the worst container",
        Kind.THROTTLING: "scheduling periods in which it was held back, of all, of the worst container",
        Kind.ONE_CORE: "CPU seconds of all seconds, so of one core, of the worst process",
        Kind.EVENT_LOOP: "the p99 of the delay since the scrape before, of the worst process",
        Kind.GAUGE: "the samples of each label set, each for the seconds since the one before",
    }.get(measure.kind, "")


def _postgres(
    config: Config,
    source: Source,  # noqa: ARG001 one signature for all kinds
    budget: Budget,  # noqa: ARG001 as above
    measure: Measure,
    at: datetime,  # noqa: ARG001 as above
    subject: Subject,  # noqa: ARG001 as above
) -> _Sent:
    from collectors.postgres import statements  # noqa: PLC0415 as above

    if measure.kind is Kind.CONNECTIONS:
        return _lines(statements.load("pulse").as_string()), "", _of_connections(measure)
    names = (
        *("userid", "dbid", "queryid", "toplevel", "calls", "total_exec_time", "min_exec_time"),
        *("max_exec_time", "stddev_exec_time", "rows"),
    )
    how = statements.layout("public", names, informed=False, most=None)
    text = "" if how is None else how.counters.as_string()
    return _lines(text), "", _of_statements(config, measure)


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if line.strip())


def _of_connections(measure: Measure) -> Iterator[str]:
    whose = str(Whose.of(measure.group))
    who = f"connections {whose}" if whose else "client backends, Headroom's own among them"
    whole = (
        "max_connections less those reserved for superusers"
        if measure.of == "max_connections"
        else f"the {measure.of} that the budget names"
    )
    of = "the column value x s is this share times the seconds for which it stood"
    yield f"{who}, divided by {whole}; {of}"


def _of_statements(config: Config, measure: Measure) -> Iterator[str]:
    yield (
        "differences of two readings, statement by statement: of calls, total_exec_time, and of the squared "
        "deviations behind stddev_exec_time; only top-level statements"
    )
    yield "k_low and k_high are proven for each statement by itself, then added up, which proves more"
    name = measure.group.removeprefix(QUERIES)
    found = next((one for one in config.queries.classes if one.name == name), None)
    yield f"of the class {name}: {_shape(name, found)}"


def _shape(name: str, found: QueryClass | None) -> str:
    told = []
    if found is not None and found.claiming:
        asked = [f"texts in which /{'/ or /'.join(found.patterns)}/ is found"] if found.patterns else []
        asked += [f"the tag {tag} is {' or '.join(values)}" for tag, values in found.tags]
        asked += [f"the role is {' or '.join(found.roles)}"] if found.roles else []
        asked += [f"the database is {' or '.join(found.databases)}"] if found.databases else []
        told.append(" and ".join(asked))
    if name in _SHAPES:
        told.append(f"by shape, where no class claims the statement: {_SHAPES[name]}")
    return "; ".join(told) or "what matches no other class"


def _pgbouncer(
    config: Config,  # noqa: ARG001 one signature for all kinds
    source: Source,
    budget: Budget,  # noqa: ARG001 as above
    measure: Measure,
    at: datetime,  # noqa: ARG001 as above
    subject: Subject,  # noqa: ARG001 as above
) -> _Sent:
    from collectors.pgbouncer.fetch import COMMANDS  # noqa: PLC0415 as above

    named_in_budget = str(Whose.of(measure.group))
    whose = f"of the pools {named_in_budget}" if named_in_budget else "of all pools"
    rule = (
        f"clients {whose}, divided by max_client_conn"
        if measure.of == "clients"
        else f"the fullest {whose}: sv_active divided by pool_size + reserve_pool_size, "
        "or of all pools of its database by max_db_connections, or of all pools of its user by "
        "max_user_connections; 100% at least while cl_waiting is not 0"
    )
    host, _, port = _place(source).rpartition(":")
    reach = f"-h {shlex.quote(host)} -p {shlex.quote(port)}"
    paste = "" if source.url is None else f"psql {reach} pgbouncer -c 'SHOW POOLS' -c 'SHOW DATABASES'"
    return COMMANDS, paste, iter((rule,))


def _redis(
    config: Config,  # noqa: ARG001 as above
    source: Source,
    budget: Budget,  # noqa: ARG001 as above
    measure: Measure,
    at: datetime,  # noqa: ARG001 as above
    subject: Subject,  # noqa: ARG001 as above
) -> _Sent:
    return redis(source, _place(source), measure)


_SENT = {
    SourceKind.PROMETHEUS: _prometheus,
    SourceKind.POSTGRES: _postgres,
    SourceKind.PGBOUNCER: _pgbouncer,
    SourceKind.REDIS: _redis,
}
