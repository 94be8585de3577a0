"""The guide's own metrics as the doctor finds them, which takes two readings of a Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from headroom.audit.finding import Finding
from headroom.checks import Check, State
from headroom.config import Config
from headroom.sources import SourceKind
from monitor.doctor.diagnosis import diagnose

REQUESTS, QUERIES, HIT_RATE = "http_request_duration_seconds", "db_query_duration_seconds", "cache_hit_rate"
METRICS = (REQUESTS, QUERIES, HIT_RATE)
_HISTOGRAMS = (REQUESTS, QUERIES)
_PERCENT = "percent-as-ratio"  # the doctor reads it as a ratio, to tell; the guide's own is a percentage
_LONG = 6  # lines of a remedy: beyond them it is a listing
_GUIDE = "Performance Metrics: "


async def metrics(config: Config, say: Callable[[str], None]) -> tuple[Finding, ...]:
    """Look at every Prometheus as `headroom doctor` does, and return what is found of the guide's metrics."""
    sources = tuple(
        one for one in config.sources if one.kind is SourceKind.PROMETHEUS and one.url is not None
    )
    if not sources:
        return ()
    # All budgets: the limits of statements are held against the application's histogram of queries, too.
    found = await diagnose(replace(config, sources=sources), say)
    return tuple(of_checks(found.checks, [source.name for source in sources], unreachable=found.unreachable))


def of_checks(checks: Sequence[Check], sources: Sequence[str], *, unreachable: bool) -> Iterator[Finding]:
    """Yield for each of the guide's metrics what the doctor's checks say of how it is filled."""
    for metric in METRICS:
        rule, guide = f"metrics.{metric}", f"{_GUIDE}{metric}"
        about = [one for one in checks if _of(metric, one)]
        for one in about:
            fault = one.id.removeprefix(f"instrumentation:{metric}").removeprefix(":")
            if metric == HIT_RATE and fault == _PERCENT:
                yield Finding(rule, (), State.PASS, guide, "it is a percentage, as in the guide")
                continue
            subject = (("fault", fault),) if fault else ()
            fix = (
                one.fix
                if one.fix.count("\n") < _LONG
                else f"`headroom doctor` prints what to paste ({one.id})"
            )
            yield Finding(rule, subject, one.state, guide, one.detail, fix)
        if not about:
            place = ", ".join(sources)
            state = State.CANNOT_CHECK if unreachable else State.FAIL
            told = "could not be read" if unreachable else f"has no metric {metric}"
            yield Finding(rule, (), state, guide, f"{place} {told}")
        if metric in _HISTOGRAMS:
            yield from _buckets(metric, checks, ", ".join(sources), unreachable=unreachable)


def _buckets(metric: str, checks: Sequence[Check], place: str, *, unreachable: bool) -> Iterator[Finding]:
    """Yield what the doctor says of a histogram's buckets: what counts is which limits they decide."""
    rule, guide = f"metrics.{metric}.buckets", f"{_GUIDE}the buckets of {metric}"
    about = [one for one in checks if one.id.partition("{")[0] == f"buckets:{metric}"]
    for one in about:
        yield Finding(rule, (), one.state, guide, f"by the limits held against them: {one.detail}", one.fix)
    if not about:
        lacks = (
            "could not be read" if unreachable else f"has no buckets of {metric} that a limit is held against"
        )
        yield Finding(rule, (), State.CANNOT_CHECK, guide, f"cannot be checked: {place} {lacks}")


def _of(metric: str, one: Check) -> bool:
    name = f"instrumentation:{metric}"
    return one.id == name or one.id.startswith(f"{name}:")
