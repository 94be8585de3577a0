"""What the audit reads of a real Prometheus that scrapes expositions written by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from collectors.prometheus.audited import read
from headroom.audit.application.facts import Breaker, Container, Metrics
from headroom.observation import SourceError
from headroom.policies import LayerPolicy
from headroom.sources import EndpointClass, EndpointRules, Secret, Source, SourceKind
from tests import servers
from tests.collectors_prometheus import hostile
from tests.collectors_prometheus.figures import RULES
from tests.collectors_prometheus.real import Target, prometheus

NOW = datetime(2026, 1, 8, 12, tzinfo=UTC)
METRIC = "http_request_duration_seconds"
LAYERS = tuple(
    LayerPolicy(name, source, gauge, timedelta(seconds=5), timedelta(seconds=30))
    for name, source, gauge in (
        ("in-memory", "metrics", "app_cache_ttl_seconds"),
        ("reports", "metrics", 'app_cache_ttl_seconds{cache="reports"}'),
        ("nowhere", "metrics", "no_such_gauge"),
        ("others", "elsewhere", "app_cache_ttl_seconds"),
    )
)
PERIOD = 2.0


def counts(**by_status: int) -> str:
    """Return the counters of a histogram of GET /bookings, by status: _200=1."""
    lines = [
        f'{METRIC}_count{{method="GET",path="/bookings",status="{status.strip("_")}"}} {count}\n'
        for status, count in by_status.items()
    ]
    return "".join(lines)


def container(name: str, service: str, *, number: int, limit: int, quota: int | None, **counters: int) -> str:
    """Return what cAdvisor says of one container."""
    labels = (
        f'container_label_com_docker_compose_service="{service}",id="/docker/{number:064x}",'
        f'image="{service}:1",name="{name}"'
    )
    figures = {
        "container_spec_cpu_period": 100_000,
        "container_spec_memory_limit_bytes": limit,
        "container_memory_working_set_bytes": 300 * 2**20,
        "container_start_time_seconds": 1_700_000_000 + number,
        **({} if quota is None else {"container_spec_cpu_quota": quota}),
        **{f"container_cpu_cfs_{counter}_total": value for counter, value in counters.items()},
    }
    return "".join(f"{metric}{{{labels}}} {value}\n" for metric, value in figures.items())


def machine(periods: int, throttled: int) -> str:
    """Return the exposition of cAdvisor: three containers, one made anew, and the machine itself."""
    return "".join(
        (
            container(
                "erp-app-1",
                "app",
                number=7,
                limit=2 * 2**30,
                quota=200_000,
                periods=periods,
                throttled_periods=throttled,
            ),
            container("erp-redis-1", "redis", number=2, limit=0, quota=None),
            container("erp-redis-1", "redis", number=1, limit=2**30, quota=None),
            container("erp-postgres-1", "", number=3, limit=9223372036854771712, quota=-1),
            'container_spec_memory_limit_bytes{id="/",image="",name=""} 0\n',
            'container_spec_cpu_period{id="/system.slice",image="",name=""} 100000\n',
            'container_spec_memory_limit_bytes{id="/docker/x",image="z:1",name="s3cret-word"} 5\n',
        )
    )


def circuit(**events: int) -> str:
    """Return the counter of opossum-prometheus, with a prefix, of one breaker."""
    return "".join(f'erp_circuit{{name="deliver",event="{name}"}} {n}\n' for name, n in events.items())


def source(place: str, login: str = "") -> Source:
    """Return the source of a Prometheus at a place."""
    return Source("metrics", SourceKind.PROMETHEUS, Secret(f"http://{login}{place}"), timedelta(seconds=15))


def waited(*targets: Target) -> None:
    """Wait until each target was scraped once more, and that scrape can be asked for."""
    for target in targets:
        target.scraped.clear()
        assert target.scraped.wait(10)
    time.sleep(0.3)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metrics]:
    """What is known of an application with three instances and of its machine, over two seconds."""
    with ExitStack() as stack:
        app, restarted, late, new, cadvisor = (stack.enter_context(Target()) for _ in range(5))
        app.text = counts(_200=1000, _500=3) + circuit(fire=100, failure=10)
        app.text += 'app_cache_ttl_seconds{cache="users"} 5\napp_cache_ttl_seconds{cache="reports"} 40\n'
        app.text += 'http_request_duration_seconds_count{method="GET",path="/health/live",status="429"} 9\n'
        restarted.text = counts(_200=500)
        late.text = new.text = None
        cadvisor.text = machine(1000, 100)
        jobs = {
            "app": [app.address, restarted.address, late.address, new.address],
            "cadvisor": [cadvisor.address],
        }
        place = stack.enter_context(prometheus(tmp_path_factory.mktemp("prometheus"), jobs))
        waited(app, restarted, late, new, cadvisor)
        time.sleep(PERIOD + 0.5)
        app.text = app.text.replace(counts(_200=1000), counts(_200=1090)) + counts(_429=10)
        app.text = app.text.replace(
            circuit(fire=100, failure=10), circuit(fire=140, failure=35, open=2, reject=12)
        )
        app.text = app.text.replace('status="429"} 9', 'status="429"} 99')
        restarted.text = counts(_200=20)
        late.text = counts(_200=7777)
        new.text = counts(_200=30) + f"process_start_time_seconds {time.time()}\n"
        cadvisor.text = machine(1100, 140)
        waited(app, restarted, late, new, cadvisor)
        yield asyncio.run(read(source(place, "me:s3cret-word@"), RULES, [METRIC], LAYERS, NOW, period=PERIOD))


def test_refusals_are_counted_by_class_over_the_period(told: Metrics) -> None:
    """Grown by 90, born with 10, reset to 20, and new with 30; neither ignored paths nor unknown pasts."""
    assert told.period == PERIOD
    assert told.limited == {"read": (10, 150)}


def test_what_a_target_counted_before_it_was_scraped_is_said_to_be_unknown(told: Metrics) -> None:
    """It may have counted for months."""
    assert told.why["limited"].startswith("what app (127.0.0.1:")
    assert told.why["limited"].endswith(
        "counted is not known: scraped only since, and without a time of its start"
    )
    assert told.failed == (told.why["limited"],)


def test_containers_have_limits_or_none(told: Metrics) -> None:
    """Of one that was made anew the newest counts; the login that a name repeats is left out."""
    used = 300 * 2**20
    assert told.containers == (
        Container("(its words repeat our login and are left out)", "", None, 5, None, None, ("cores",)),
        Container("erp-postgres-1", "", None, None, used),
        Container("erp-app-1", "app", 2.0, 2 * 2**30, used, 0.4),
        Container("erp-redis-1", "redis", None, None, used),
    )


def test_breakers_are_told_by_their_events(told: Metrics) -> None:
    """The counter may have a prefix."""
    assert told.breakers == (Breaker("deliver", opened=2, calls=40, failed=25, rejected=12),)


def test_layers_are_told_by_policy(told: Metrics) -> None:
    """Those of other sources are left alone, and what is not there is missing."""
    assert told.layers == {"in-memory": (5.0, 40.0), "reports": (40.0, 40.0)}


async def test_a_prometheus_without_any_of_it_says_nothing(tmp_path: Path) -> None:
    """No metrics are no zeros."""
    with Target() as target, prometheus(tmp_path, {"app": [target.address]}) as place:
        waited(target)
        told = await read(source(place), RULES, [METRIC], (), NOW, period=1.0)

    assert (told.containers, told.limited, told.breakers, told.layers) == (None, None, None, None)
    assert told.why == {}


async def test_the_period_is_as_long_as_the_server_knows(tmp_path: Path) -> None:
    """An hour is halved until the server knows its targets."""
    with Target() as target:
        target.text = counts(_200=5)
        with prometheus(tmp_path, {"app": [target.address]}) as place:
            waited(target)
            await asyncio.sleep(1.5)
            told = await read(source(place), RULES, [METRIC], (), NOW, period=16.0)

    assert told.period in {0.5, 1.0, 2.0}
    assert told.limited == {"read": (0, 0)}


@pytest.mark.parametrize(
    ("label", "words"),
    [('status="2xx"', "tells statuses such as 2xx, not 429"), ('code="200"', "tells none, not 429")],
)
async def test_a_histogram_without_statuses_cannot_tell(tmp_path: Path, label: str, words: str) -> None:
    """A class of statuses, or another label, is no 429."""
    with Target() as target:
        target.text = f'{METRIC}_count{{method="GET",path="/x",{label}}} 5\n'
        with prometheus(tmp_path, {"app": [target.address]}) as place:
            waited(target)
            await asyncio.sleep(1)
            told = await read(source(place), RULES, [METRIC], (), NOW, period=1.0)

    assert told.limited is None
    assert told.why == {"limited": f"the label status of {METRIC} {words}"}


async def test_what_no_class_takes_is_told_as_such(tmp_path: Path) -> None:
    """Its refusals are refusals, too."""
    rules = EndpointRules((EndpointClass("login", paths=("/auth/login",)),))
    with Target() as target:
        target.text = counts(_429=5) + 'db_query_duration_seconds_count{table="x"} 1\n'
        with prometheus(tmp_path, {"app": [target.address]}) as place:
            waited(target)
            await asyncio.sleep(1)
            target.text = counts(_429=8) + 'db_query_duration_seconds_count{table="x"} 99\n'
            waited(target)
            told = await read(
                source(place), rules, [METRIC, "db_query_duration_seconds"], (), NOW, period=1.0
            )

    assert told.limited == {"unclassified": (3, 3)}


async def test_victoria_metrics_tells_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It calls the same things by the same names; here it holds no samples back."""
    monkeypatch.setattr("collectors.prometheus.audited.asking._UNSETTLED", 0.0)
    if not servers.VICTORIA_METRICS.exists():
        pytest.skip("scripts/setup.sh tests fetches VictoriaMetrics")
    with Target() as target:
        target.text = counts(_200=100) + machine(10, 1) + circuit(fire=5)
        scrapes = servers.scraping({"app": [target.address]})
        with servers.victoria_metrics(tmp_path, scrapes) as place:
            waited(target)
            await asyncio.sleep(9)  # new samples can be asked for only after some seconds
            target.text = counts(_200=150, _429=2) + machine(20, 6) + circuit(fire=9, open=1)
            waited(target)
            await asyncio.sleep(4)
            told = await read(source(place), RULES, [METRIC], (), NOW, period=8.0)

    assert told.limited == {"read": (2, 52)}
    assert told.breakers == (Breaker("deliver", opened=1, calls=4),)


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (
            hostile.says("<html>login</html>", kind="text/html"),
            (
                "what answers at {place} is no Prometheus: /api/v1/query gives 18 bytes (text/html) that are "
                "no JSON; is the address that of a login page or a proxy?"
            ),
        ),
        (
            hostile.says('{"status": "success", "data": {"resultType": "scalar", "result": [1, "x"]}}'),
            "what answers at {place} is no Prometheus: no time in answer to time(); is the address right?",
        ),
        (
            hostile.says('{"error": "who are you?"}', status="401 Unauthorized"),
            (
                "Prometheus at {place} denies access: 401 who are you?; it wants a login: give one as auth "
                "of the source"
            ),
        ),
    ],
)
async def test_what_cannot_be_asked_at_all_is_an_error(behaviour: hostile.Behaviour, message: str) -> None:
    """In the words that a poll of the same source has."""
    with hostile.serving(behaviour) as server, pytest.raises(SourceError) as caught:
        await read(source(server.place), RULES, [METRIC], (), NOW)

    assert caught.value.message == message.format(place=server.place)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            hostile.says('{"error": "too many samples"}', status="422 Unprocessable"),
            "Prometheus at {place} refuses a query: 422 too many samples; see its limits and version",
        ),
        (
            hostile.says(hostile.success([{"metric": {}, "value": [1, "1"]}] * 20_001)),
            (
                "too many series: 20001 or more at {place}, and 20000 are read at most; drop labels with "
                "many values, such as raw URLs as path"
            ),
        ),
        (
            hostile.says(hostile.success([{"metric": {"a": 1}, "value": [1, "1"]}])),
            "what answers at {place} is no Prometheus: a series of another form; is the address right?",
        ),
        (
            hostile.says(hostile.success([{"metric": {}, "value": "x"}])),
            "what answers at {place} is no Prometheus: a series of another form; is the address right?",
        ),
        (
            hostile.says(hostile.success({"x": 1})),
            "what answers at {place} is no Prometheus: an answer that is no vector; is the address right?",
        ),
        (
            hostile.says(hostile.success([], warnings=["store down"])),
            "the answer of Prometheus at {place} is incomplete: store down; see the stores behind it",
        ),
    ],
)
async def test_a_part_that_is_refused_is_said_and_the_rest_goes_on(
    answer: hostile.Behaviour, why: str
) -> None:
    """Each question has a reason of its own."""
    clock = hostile.says(hostile.success([time.time(), str(time.time())]))
    with hostile.serving(clock, answer) as server:
        began = monotonic()
        told = await read(source(server.place), RULES, [METRIC], LAYERS, NOW)

    assert monotonic() - began < 5
    assert told.why["counters"] == why.format(place=server.place)
    assert told.limited is None
    assert told.failed == tuple(dict.fromkeys(told.why.values()))
