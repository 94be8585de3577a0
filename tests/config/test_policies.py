"""What `caching:`, `invalidation:`, `application:` and the newer measures of a file become."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from headroom.budgets import Kind, Limit, Measure, Severity, Statistic, Unit
from headroom.config import Config, load
from headroom.policies import NOTHING, Application, KeyPolicy

GOOD = (Path(__file__).parent / "good.yaml").read_text()
LIMITED = GOOD[: GOOD.index("    measure:")]


def loaded(folder: Path, text: str, **env: str) -> Config:
    """Return what a text says."""
    path = folder / "budgets.yaml"
    path.write_text(text)
    return load(path, env)


def test_nothing_is_declared(tmp_path: Path) -> None:
    """A file without these parts has no policies, and one with empty parts has none either."""
    assert loaded(tmp_path, GOOD).policies == NOTHING
    assert loaded(tmp_path, f"{GOOD}caching:\ninvalidation: []\napplication:\n").policies == NOTHING


@pytest.mark.parametrize(
    ("keys", "prefix"),
    [
        ('"*"', b""),
        ('"finance:report:*"', b"finance:report:"),
        ('"{acme}:*"', b"{acme}:"),
        ('"café:*"', "café:".encode()),
        (r"'\x00\xfF:*'", b"\x00\xff:"),
        (r"'a\\x2a*'", b"a\\x2a"),
        (r"'a\x2a\x5b*'", b"a*["),
    ],
)
def test_beginnings_of_keys(tmp_path: Path, keys: str, prefix: bytes) -> None:
    """They are bytes: as written, in UTF-8, or escaped."""
    text = f"{GOOD}caching:\n  - {{name: a, source: erp-cache, keys: {keys}, ttl: {{min: 1m}}}}\n"
    assert loaded(tmp_path, text).policies.keys == (
        KeyPolicy("a", "erp-cache", prefix, timedelta(minutes=1), None),
    )


def test_the_same_keys_in_two_caches(tmp_path: Path) -> None:
    """What covers a beginning in one source hides nothing of another's."""
    entries = [f"  - {{name: {name}, source: {name}, keys: '*', ttl: {{max: 1h}}}}\n" for name in ("a", "b")]
    sources = "".join(f"  {name}: {{kind: redis, url: 'redis://127.0.0.1'}}\n" for name in ("a", "b"))
    text = GOOD.replace("sources:\n", f"sources:\n{sources}") + "caching:\n" + "".join(entries)
    assert [each.source for each in loaded(tmp_path, text).policies.keys] == ["a", "b"]


def test_an_application(tmp_path: Path) -> None:
    """Its address may hold a password, which neither the record nor the stored text shows."""
    text = (
        f"{GOOD}application:\n  url: 'https://probe:s3cret@127.0.0.1:3000/erp'\n  live: ''\n  ready: /up\n"
        "  payloads: ['/export?token=s3cret&all=1', /bookings]\n  slow_requests: 750ms\n  timeout: 2s\n"
    )
    config = loaded(tmp_path, text)
    application = config.policies.application
    assert application is not None
    assert application.url is not None
    assert application.url.reveal() == "https://probe:s3cret@127.0.0.1:3000/erp"
    assert application == Application(
        application.url,
        live="",
        ready="/up",
        payloads=("/export?token=s3cret&all=1", "/bookings"),
        slow_requests=timedelta(milliseconds=750),
        timeout=timedelta(seconds=2),
    )
    assert "s3cret" not in config.text + repr(application.url)
    assert "'https://probe:<secret>@127.0.0.1:3000/erp'" in config.text
    assert "'/export?token=<secret>&all=1'" in config.text


def test_an_application_that_is_not_configured(tmp_path: Path) -> None:
    """One unset variable is no mistake; an empty one is unset."""
    text = f'{GOOD}application: {{url: "${{APP}}"}}\n'
    for env in ({}, {"APP": ""}):
        assert loaded(tmp_path, text, **env).policies.application == Application(None, "APP")
    configured = loaded(tmp_path, text, APP="http://127.0.0.1:1").policies.application
    assert configured is not None
    assert configured.unset == ""


@pytest.mark.parametrize(
    ("given", "measure"),
    [
        ("command_latency: all, source: erp-cache", Measure("erp-cache", Kind.COMMANDS, "all")),
        ("command_latency: config|get, source: erp-cache", Measure("erp-cache", Kind.COMMANDS, "config|get")),
        ("command_latency: json.get, source: erp-cache", Measure("erp-cache", Kind.COMMANDS, "json.get")),
    ],
)
def test_latencies_of_commands(tmp_path: Path, given: str, measure: Measure) -> None:
    """They are latencies like others, by the names that Redis reports."""
    limits = "    limits:\n      - {statistic: p99, max: 5ms}\n      - {statistic: mean, max: 1ms}\n"
    (budget,) = loaded(tmp_path, f"{LIMITED}    measure: {{{given}}}\n{limits}").budgets
    assert (budget.measure, budget.measure.latency) == (measure, True)
    assert budget.limits == (
        Limit("p99", Statistic.P99, 0.005, Unit.SECONDS, Severity.CRITICAL),
        Limit("mean", Statistic.MEAN, 0.001, Unit.SECONDS, Severity.CRITICAL),
    )


@pytest.mark.parametrize(
    ("kind", "most", "unit", "threshold"),
    [
        (Kind.IO_PRESSURE, "10%", Unit.SHARE, 0.1),
        (Kind.CONTAINER_CPU, "80%", Unit.SHARE, 0.8),
        (Kind.CONTAINER_MEMORY, "90%", Unit.SHARE, 0.9),
        (Kind.THROTTLING, "5%", Unit.SHARE, 0.05),
        (Kind.ONE_CORE, "80%", Unit.SHARE, 0.8),
        (Kind.EVENT_LOOP, "50ms", Unit.SECONDS, 0.05),
    ],
)
def test_resources(tmp_path: Path, kind: Kind, most: str, unit: Unit, threshold: float) -> None:
    """All are shares, but for the delay of an event loop."""
    measure = f"    measure: {{resource: {kind.value}, source: metrics}}\n"
    limits = f"    limits:\n      - {{statistic: average, max: {most}}}\n"
    (budget,) = loaded(tmp_path, LIMITED + measure + limits).budgets
    assert budget.measure == Measure("metrics", kind)
    assert budget.limits == (Limit("average", Statistic.AVERAGE, threshold, unit, Severity.CRITICAL),)


def test_limits_of_an_evicting_cache(tmp_path: Path) -> None:
    """Those with a max are rates of evictions, those with a min hit rates; one name may stand for both."""
    text = (
        f"{LIMITED}    measure: {{redis_memory: maxmemory, source: erp-cache}}\n"
        "    limits:\n      - {statistic: average, max: 80%}\n"
        "    evicting:\n      - {statistic: average, min: 80%}\n"
        "      - {statistic: average, max: 1 per 1000 commands}\n"
        "      - {name: flood, statistic: average, max: 99 per 1000 commands}\n"
    )
    (budget,) = loaded(tmp_path, text).budgets
    hits = Limit("average", Statistic.AVERAGE, 0.8, Unit.SHARE, Severity.CRITICAL, at_least=True)
    rates = [
        Limit(name, Statistic.AVERAGE, rate, Unit.PER_1000_COMMANDS, Severity.CRITICAL)
        for name, rate in (("average", 1.0), ("flood", 99.0))
    ]
    assert budget.evicting == (hits, *rates)
