"""Label sets, snapshots and budgets written by hand, with the guide's buckets where nothing else is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from collectors.prometheus.asked import Asked
from collectors.prometheus.snapshot import Buckets, Counters, Machines, PrometheusSnapshot, Scrape
from headroom.budgets import Budget, Kind, Limit, Measure, Severity, Statistic, Unit
from headroom.checks import Check
from headroom.config import Config, load
from headroom.evidence import Evidence
from headroom.observation import Observation, Part, Reading, Series
from headroom.sources import EndpointRules
from monitor.shipped import BUDGETS

REQUESTS, QUERIES = "http_request_duration_seconds", "db_query_duration_seconds"
GUIDE = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
GUIDE_QUERIES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5)
ERP = ("erp", "a:80")
NOON = datetime(2026, 8, 1, 12, tzinfo=UTC)
NOW = NOON.timestamp()


def shipped() -> Config:
    """Return the shipped budgets, with no source configured."""
    return load(BUDGETS, {})


def measure(group: str = "endpoints.read", of: str = REQUESTS, kind: Kind = Kind.HISTOGRAM) -> Measure:
    """Return a measure at the source "metrics"."""
    return Measure("metrics", kind, of, group)


def limit(
    threshold: float = 0.2,
    statistic: Statistic = Statistic.P95,
    unit: Unit = Unit.SECONDS,
    *,
    name: str = "",
    at_least: bool = False,
) -> Limit:
    """Return a limit that is called as its statistic."""
    return Limit(name or statistic.value, statistic, threshold, unit, Severity.CRITICAL, at_least)


def budget(of: Measure | None = None, *limits: Limit, window: float = 300, ident: str = "api.read") -> Budget:
    """Return a budget with a window in seconds."""
    return Budget(
        id=ident,
        title="Reads",
        guide="",
        measure=of or measure(),
        window=timedelta(seconds=window),
        pending_for=timedelta(minutes=1),
        recover_for=timedelta(minutes=1),
        limits=limits or (limit(),),
    )


def label_set(
    bounds: Iterable[float] = GUIDE,
    counts: Iterable[int] | None = None,
    *,
    path: str = "/users/{id}",
    target: tuple[str, str] = ERP,
    total: float | None = 1.0,
    broken: str = "",
) -> Buckets:
    """Return one label set of GET requests with status 200."""
    kept = tuple(bounds)
    cumulative = tuple(counts) if counts is not None else (0,) * (len(kept) + 1)
    key = f"{path} {target}"
    return Buckets(key, target, "GET", path, "200", NOW, kept, cumulative, total, broken)


def scrape(
    target: tuple[str, str] = ERP,
    *,
    every: float | None = 15.0,
    up: bool = True,
    gives: Iterable[str] | None = (REQUESTS,),
    error: str = "",
) -> Scrape:
    """Return how the scrapes of a target went."""
    known = None if gives is None else frozenset(gives)
    return Scrape(target, NOW, up, NOW if up else None, every, None, known, error)


def snapshot(
    histograms: Mapping[str, Counters] | None = None, scrapes: Iterable[Scrape] = ()
) -> PrometheusSnapshot:
    """Return a snapshot."""
    return PrometheusSnapshot(
        "epoch", NOW, {one.target: one for one in scrapes}, dict(histograms or {}), Machines()
    )


def asked(*measures: Measure, thresholds: tuple[float, ...] = ()) -> Asked:
    """Return what is asked of the source "metrics"."""
    return Asked("metrics", "prom:9090", 15.0, dict.fromkeys(measures, thresholds), EndpointRules(()))


def reading(of: Measure, evidence: Evidence, seconds: float = 15) -> Reading:
    """Return what one interval gave for one measure."""
    part = Part(NOON - timedelta(seconds=seconds), NOON, evidence)
    return Reading((Observation(Series.of(of), (part,)),))


def one(checks: Iterable[Check], ident: str) -> Check:
    """Return the check of this id."""
    found = {check.id: check for check in checks}
    assert ident in found, sorted(found)
    return found[ident]
