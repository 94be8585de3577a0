"""What the spelling of the file means, form by form."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from headroom.budgets import Kind, Limit, Measure, Severity, Statistic, Unit
from headroom.config import ConfigError, load
from headroom.sources import EndpointClass, Failures, QueryClass, SourceKind

GOOD = (Path(__file__).parent / "good.yaml").read_text()
MEASURE = "measure: {histogram: http_request_duration_seconds, source: metrics, class: endpoints.login}"
LIMIT = "{statistic: p95, max: 200ms}"


def written(folder: Path, *changes: tuple[str, str]) -> Path:
    """Write the good file with changes."""
    text = GOOD
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = folder / "budgets.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("measure", "limit", "meant", "expected"),
    [
        (
            "{statements: exec_time, source: erp-db, class: queries.lookup}",
            "{statistic: mean, max: 10ms}",
            Measure("erp-db", Kind.STATEMENTS, "exec_time", "queries.lookup"),
            Limit("mean", Statistic.MEAN, 0.01, Unit.SECONDS, Severity.CRITICAL),
        ),
        (
            "{histogram: up_seconds, source: metrics, class: endpoints.read}",
            "{statistic: p99.9, max: 1.5s, severity: warning, name: tail}",
            Measure("metrics", Kind.HISTOGRAM, "up_seconds", "endpoints.read"),
            Limit("tail", Statistic.P999, 1.5, Unit.SECONDS, Severity.WARNING),
        ),
        (
            "{connections: max_connections, source: erp-db}",
            "{statistic: average, max: 70%}",
            Measure("erp-db", Kind.CONNECTIONS, "max_connections"),
            Limit("average", Statistic.AVERAGE, 0.7, Unit.SHARE, Severity.CRITICAL),
        ),
        (
            "{connections: 20, source: erp-db, role: erp_app}",
            "{statistic: average, max: 70%}",
            Measure("erp-db", Kind.CONNECTIONS, "20", "role.erp_app"),
            Limit("average", Statistic.AVERAGE, 0.7, Unit.SHARE, Severity.CRITICAL),
        ),
        (
            "{redis_memory: maxmemory, source: erp-cache}",
            "{statistic: average, max: 80%}",
            Measure("erp-cache", Kind.MEMORY_LIMIT, "maxmemory"),
            Limit("average", Statistic.AVERAGE, 0.8, Unit.SHARE, Severity.CRITICAL),
        ),
        (
            "{hit_rate: keyspace, source: erp-cache}",
            "{statistic: average, min: 90%}",
            Measure("erp-cache", Kind.HIT_RATE, "keyspace"),
            Limit("average", Statistic.AVERAGE, 0.9, Unit.SHARE, Severity.CRITICAL, at_least=True),
        ),
        (
            "{gauge: cache_hit_rate, source: metrics, reads: percent}",
            "{statistic: average, min: 80%}",
            Measure("metrics", Kind.GAUGE, "cache_hit_rate", "percent.min"),
            Limit("average", Statistic.AVERAGE, 0.8, Unit.SHARE, Severity.CRITICAL, at_least=True),
        ),
        (
            """{gauge: pool_use, source: metrics, reads: ratio, labels: {pool: 'a"b', app: erp}}""",
            "{statistic: average, max: 70%}",
            Measure("metrics", Kind.GAUGE, r'pool_use{app="erp",pool="a\"b"}', "ratio.max"),
            Limit("average", Statistic.AVERAGE, 0.7, Unit.SHARE, Severity.CRITICAL),
        ),
        (
            "{resource: disk_io, source: metrics}",
            "{statistic: average, max: 60%}",
            Measure("metrics", Kind.DISK_IO),
            Limit("average", Statistic.AVERAGE, 0.6, Unit.SHARE, Severity.CRITICAL),
        ),
    ],
)
def test_forms(measure: str, limit: str, meant: Measure, expected: Limit, tmp_path: Path) -> None:
    """Each form of measure becomes its Measure, and its limit a figure in the right unit."""
    (budget,) = load(written(tmp_path, (MEASURE, f"measure: {measure}"), (LIMIT, limit)), {}).budgets
    assert budget.measure == meant
    assert budget.limits == (expected,)


def test_what_is_left_out(tmp_path: Path) -> None:
    """Keys that are left out, or left empty, have the documented values."""
    config = load(
        written(
            tmp_path,
            ("    limits:", "    owner:\n    window:\n    limits:"),
            ("version: 1", "version: 1\nalerts:"),
        ),
        {},
    )
    (budget,) = config.budgets
    minute = timedelta(minutes=1)
    assert (budget.window, budget.pending_for, budget.recover_for) == (5 * minute, minute, 2 * minute)
    assert (budget.owner, budget.guide, budget.note, budget.review_by, budget.evicting) == (
        "",
        "",
        "",
        None,
        (),
    )
    assert [source.every for source in config.sources] == [timedelta(seconds=15)] * 3
    assert config.endpoints.ignored.paths == ("/metrics", "/health*")
    assert config.endpoints.labels == {"method": "method", "path": "path", "status": "status"}
    assert (config.channels, config.routes) == ((), ())


def test_a_second_measure(tmp_path: Path) -> None:
    """A latency may have a second measure, of another class even; left out, there is none."""
    queries = ("{name: lookup}", "{name: lookup, labels: {query_type: lookup}}")
    second = f"second: {MEASURE.removeprefix('measure: ').replace('endpoints.login', 'queries.lookup')}"
    (budget,) = load(written(tmp_path, queries, (MEASURE, f"{MEASURE}\n    {second}")), {}).budgets
    expected = Measure("metrics", Kind.HISTOGRAM, "http_request_duration_seconds", "queries.lookup")
    assert (budget.second, budget.measures) == (expected, (budget.measure, expected))
    (plain,) = load(written(tmp_path), {}).budgets
    assert (plain.second, plain.measures) == (None, (plain.measure,))


def test_four_polls_fit_a_window(tmp_path: Path) -> None:
    """A window of exactly four polls is long enough."""
    (budget,) = load(written(tmp_path, ("    limits:", "    window: 1m\n    limits:")), {}).budgets
    assert budget.window == timedelta(minutes=1)


def test_one_poll_fits_a_window_of_what_is_read_off(tmp_path: Path) -> None:
    """A share that each poll reads off may be judged by the newest reading alone, and fire at once."""
    memory = "measure: {redis_memory: maxmemory, source: erp-cache}\n    window: 15s\n    for: 0s"
    share = "{statistic: average, max: 80%}"
    (budget,) = load(written(tmp_path, (MEASURE, memory), (LIMIT, share)), {}).budgets
    assert (budget.window, budget.pending_for) == (timedelta(seconds=15), timedelta(0))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("window: 15s", "window: 14s"), "at least 15 s, which is one poll"),
        (
            (
                "    limits:",
                "    evicting:\n      - {statistic: average, max: 5 per 1000 commands}\n    limits:",
            ),
            "at least 1 min, which is four polls",
        ),
    ],
)
def test_a_window_that_is_too_short_for_what_is_read_off(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    """Less than a poll holds nothing; limits on evictions are counted, and need as many polls as others."""
    memory = "measure: {redis_memory: maxmemory, source: erp-cache}\n    window: 15s"
    share = "{statistic: average, max: 80%}"
    path = written(tmp_path, (MEASURE, memory), (LIMIT, share), change)
    with pytest.raises(ConfigError, match=said):
        load(path, {})


def test_sources_and_classes(tmp_path: Path) -> None:
    """Sources keep the file's order; a single word and a list of one mean the same in a class."""
    config = load(
        written(
            tmp_path,
            (
                "{name: read, method: GET}",
                (
                    '{name: read, method: [GET], path: ["/a*", "/b"], status: [2xx, 404],'
                    ' labels: {tenant: "acme*", region: [eu, us]}}'
                ),
            ),
            ("{name: lookup}", "{name: mine, patterns: ^select 1, labels: {query_type: mine}}"),
        ),
        {},
    )
    assert [(source.name, source.kind) for source in config.sources] == [
        ("erp-db", SourceKind.POSTGRES),
        ("erp-cache", SourceKind.REDIS),
        ("metrics", SourceKind.PROMETHEUS),
    ]
    assert config.endpoints.classes == (
        EndpointClass("login", frozenset({"POST"}), ("/auth/login",)),
        EndpointClass(
            "read",
            frozenset({"GET"}),
            ("/a*", "/b"),
            ("2xx", "404"),
            (("region", ("eu", "us")), ("tenant", ("acme*",))),
        ),
    )
    assert config.endpoints.asked == ("region", "tenant")
    mine = QueryClass("mine", ("^select 1",), (("query_type", ("mine",)),))
    assert (config.queries.classes, config.queries.asked) == ((mine,), ("query_type",))


def test_failures_counted_elsewhere(tmp_path: Path) -> None:
    """A counter of the proxy is named with the label sets that are failures; left out, there is none."""
    named = 'failures: {counter: nginx_http_requests_total, labels: {status: "5*"}}'
    config = load(written(tmp_path, ("classes:", f"classes:\n  {named}")), {})
    assert config.endpoints.failures == Failures("nginx_http_requests_total", {"status": "5*"})
    assert load(written(tmp_path), {}).endpoints.failures is None


@pytest.mark.parametrize(
    ("classes", "covered"),
    [
        ('[{name: a, path: "/x*"}, {name: b, path: "/x/y"}]', True),
        ('[{name: a, path: "/x/*"}, {name: b, path: "/x"}]', False),
        ('[{name: a, path: "/x?"}, {name: b, path: "/x*"}]', False),
        ('[{name: a, path: ["/x", "/y"]}, {name: b, path: ["/y", "/z"]}]', False),
        ("[{name: a, method: GET}, {name: b, method: [GET, HEAD]}]", False),
        ('[{name: a, method: [GET, HEAD]}, {name: b, method: GET, path: "/x"}]', True),
        ("[{name: a}, {name: b, method: GET}]", True),
        ("[{name: a, method: GET}, {name: b}]", False),
        ('[{name: a, path: "/u/{id}"}, {name: b, path: "/u/:id"}]', True),
        ('[{name: a, path: "/u/{id}"}, {name: b, path: "/u/*"}]', False),
        ('[{name: a, path: "/*id*"}, {name: b, path: "/{id}"}]', False),
        ('[{name: a, path: "/x", status: 2xx}, {name: b, path: "/x", status: [200, 2XX]}]', True),
        ('[{name: a, path: "/x", status: 200}, {name: b, path: "/x", status: 2xx}]', False),
        ('[{name: a, path: "/x", status: 2xx}, {name: b, path: "/x"}]', False),
        ('[{name: a, path: "/x", status: 4xx}, {name: b, path: "/x", status: 4*}]', False),
        ('[{name: a, labels: {t: "a*"}}, {name: b, labels: {t: [a, ab], u: x}}]', True),
        ('[{name: a, labels: {t: "a*", u: x}}, {name: b, labels: {t: a}}]', False),
        ('[{name: a, labels: {t: "*"}}, {name: b, path: "/x"}]', True),
        ('[{name: a, labels: {t: "?*"}}, {name: b, path: "/x"}]', False),
    ],
)
def test_only_what_is_surely_covered_is_refused(classes: str, covered: bool, tmp_path: Path) -> None:
    """A later class is refused only where no request whatever could reach it."""
    path = tmp_path / "budgets.yaml"
    path.write_text(
        "version: 1\n"
        'sources: {metrics: {kind: prometheus, url: "http://127.0.0.1"}}\n'
        f"classes: {{endpoints: {classes}}}\n"
        "budgets:\n"
        "  - {id: cpu, title: CPU, measure: {resource: cpu, source: metrics},"
        " limits: [{statistic: average, max: 70%}]}\n"
    )
    with pytest.raises(ConfigError, match="can never match") if covered else nullcontext():
        load(path, {})


def test_paths_start_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history lies beside the file, wherever Headroom is started, also under a strange folder."""
    folder = tmp_path / "50% ü?"
    folder.mkdir()
    written(folder, ("version: 1", "version: 1\nhistory: ../data/./h.db"))
    monkeypatch.chdir(folder)
    config = load(Path("budgets.yaml"), {})
    assert config.path == folder / "budgets.yaml"
    assert config.history == f"sqlite:///{tmp_path}/data/h.db"
    default = load(written(folder), {})
    assert default.history == f"sqlite:///{tmp_path}/50%25%20%C3%BC%3F/.headroom/history.db"


def test_the_digest_is_that_of_the_text(tmp_path: Path) -> None:
    """A version of the configuration is known by its text, which without secrets is the file's own."""
    config = load(written(tmp_path), {})
    assert config.text == GOOD
    assert config.digest == sha256(GOOD.encode()).hexdigest()


def test_a_query_class_claims_by_pattern_tag_role_and_database(tmp_path: Path) -> None:
    """All that it asks for must match; each may be one value or a list."""
    written_so = (
        'patterns: "from orders", tags: {controller: [users, "order*"]}, role: "app_*", database: [erp, shop]'
    )
    queries = ("{name: lookup}", f"{{name: lookup, {written_so}}}")
    (mine,) = load(written(tmp_path, queries), {}).queries.classes
    tags = {"controller": "orders", "action": "show"}

    assert mine == QueryClass(
        "lookup",
        ("from orders",),
        tags=(("controller", ("users", "order*")),),
        roles=("app_*",),
        databases=("erp", "shop"),
    )
    assert mine.claims("SELECT 1 FROM ORDERS", tags, "app_api", "erp")
    assert not mine.claims("SELECT 1 FROM users", tags, "app_api", "erp")
    assert not mine.claims("SELECT 1 FROM orders", {}, "app_api", "erp")
    assert not mine.claims("SELECT 1 FROM orders", tags, "postgres", "erp")
    assert not mine.claims("SELECT 1 FROM orders", tags, "app_api", "template1")
    assert not QueryClass("lookup").claims("SELECT 1")
