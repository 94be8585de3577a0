"""Whether the server keeps what shows slow commands: without it nobody can tell them afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from headroom.audit.finding import Finding
from headroom.audit.redis.case import RedisCase
from headroom.audit.redis.told import change, not_read, number
from headroom.budgets import Unit
from headroom.checks import State
from headroom.units import format_value

_SECOND = 1_000_000
_DEFAULT = "10000"
_SINCE = 7


def slow_log(case: RedisCase) -> Iterator[Finding]:
    """Yield whether slow commands are kept in the slow log."""
    facts = case.facts
    guide = "Slow Query Logging: what takes longer than 1 s is logged"
    micros = number("slowlog-log-slower-than", facts)
    fix = change("slowlog-log-slower-than", _DEFAULT)
    if micros is None:
        state, found, fix = State.CANNOT_CHECK, not_read("slowlog-log-slower-than", facts), ""
    elif micros < 0:
        state, found = (
            State.WARN,
            f"slowlog-log-slower-than is {micros}, which is off: slow commands leave no trace",
        )
    elif micros == 0:
        state = State.WARN
        found = "slowlog-log-slower-than is 0: every command is kept, and pushes the slow ones out"
    elif micros > _SECOND:
        state = State.WARN
        found = (
            f"commands are kept from {format_value(micros / 1e6, Unit.SECONDS)} on: slow ones leave no trace"
        )
    else:
        state, fix = State.PASS, ""
        found = f"commands are kept from {format_value(micros / 1e6, Unit.SECONDS)} on"
    yield Finding("redis.slow_log", (("source", facts.source),), state, guide, found, fix)


def latency_tracking(case: RedisCase) -> Iterator[Finding]:
    """Yield whether the server counts how long commands take."""
    facts = case.facts
    guide = "Performance Metrics: durations as histograms"
    value = (facts.settings or {}).get("latency-tracking")
    major = facts.version.partition(".")[0]
    fix = ""
    if value == "yes":
        state, found = State.PASS, "latency-tracking is yes: percentiles of commands are known"
    elif value == "no":
        state, found = (
            State.WARN,
            "latency-tracking is no: only the mean of each command is known, no percentile",
        )
        fix = change("latency-tracking", "yes")
    elif major.isdigit() and int(major) < _SINCE:
        state = State.NOT_APPLICABLE
        found = f"{facts.product} {facts.version} counts means only; percentiles come with Redis 7.0"
    else:
        state, found = State.CANNOT_CHECK, not_read("latency-tracking", facts)
    yield Finding("redis.latency_tracking", (("source", facts.source),), state, guide, found, fix)
