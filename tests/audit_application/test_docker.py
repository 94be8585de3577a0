"""Containers against the guide's docker-compose.yml."""

from __future__ import annotations

import pytest

from headroom.audit.application.docker import limits, throttling
from headroom.audit.application.facts import Container
from headroom.audit.finding import Finding
from headroom.checks import State
from tests.audit_application.cases import case, only, told

GIB = 2**30
APP = Container("erp-app-1", "app", 2.0, 2 * GIB, 300 * 2**20, 0.1)
REDIS = Container("erp-redis-1", "redis", 1.0, GIB // 2)
CONTRADICTS = (
    "; the guide contradicts itself here: its maxmemory 1gb does not fit into 512M (see redis.container)"
)
POSTGRES = Container("erp-postgres-1", "postgres", 2.0, 4 * GIB)


def of(service: str, *containers: Container) -> Finding:
    """Return what is found of the containers of a service."""
    (finding,) = (
        one for one in limits(case(None, told(containers=containers))) if ("service", service) in one.subject
    )
    return finding


def test_the_guides_own_limits_pass() -> None:
    """What cannot be seen is said of the app alone."""
    assert of("app", APP, REDIS, POSTGRES) == Finding(
        "docker.limits",
        (("container", "erp-app-1"), ("service", "app"), ("source", "metrics")),
        State.PASS,
        "Docker Resource Limits: app cpus 2, memory 2G",
        "its limit of CPU is 2 CPUs, the guide's; its limit of memory is 2 GiB, the guide's; it uses 300 MiB "
        "of memory; its reservations (cpus 1, memory 1G) cannot be seen in cAdvisor's metrics",
    )
    assert of("postgres", POSTGRES).state is State.PASS


@pytest.mark.parametrize(
    ("container", "state", "found", "fix"),
    [
        (
            Container("erp-redis-1", "redis"),
            State.FAIL,
            "it has no limit of CPU; the guide's is 1 CPU; it has no limit of memory; the guide's is 512 MiB",
            (
                "CONFIG SET maxmemory 384mb first, for the guide's 1gb does not fit into 512M; then only "
                "where docker stats --no-stream erp-redis-1 shows less than 410 MiB: "
                "docker update --cpus 1 --memory 512M --memory-swap 512M erp-redis-1; and in "
                "docker-compose.yml: limits: {cpus: '1', memory: 512M}"
            ),
        ),
        (
            Container("erp-redis-1", "redis", 1.0, GIB, GIB // 4),
            State.WARN,
            (
                "its limit of CPU is 1 CPU, the guide's; its limit of memory is 1 GiB; the guide's is 512 MiB"
                "; it uses 256 MiB of memory"
            ),
            (
                "CONFIG SET maxmemory 384mb first, for the guide's 1gb does not fit into 512M; then docker "
                "update --memory 512M --memory-swap 512M erp-redis-1; and in docker-compose.yml: limits: "
                "{memory: 512M}"
            ),
        ),
        (
            Container("erp-redis-1", "redis", 1.0, 4 * GIB, 3 * GIB),
            State.WARN,
            (
                "its limit of CPU is 1 CPU, the guide's; its limit of memory is 4 GiB; the guide's is 512 MiB"
                "; it uses 3 GiB of memory"
            ),
            (
                "no limit of 512M yet: it uses 3 GiB, more than 80% of that, and would be killed; first let "
                "it use less than 410 MiB (CONFIG SET maxmemory 384mb, which evicts, and MEMORY PURGE), or "
                "give it what it needs"
            ),
        ),
        (
            Container("redis; rm -rf /", "redis", 0.5, GIB // 2),
            State.WARN,
            "its limit of CPU is 0.5 CPUs; the guide's is 1 CPU; its limit of memory is 512 MiB, the guide's",
            ("docker update --cpus 1 CONTAINER; and in docker-compose.yml: limits: {cpus: '1'}"),
        ),
        (
            Container("erp-redis-1", "redis", None, GIB // 2, unknown=("cores",)),
            State.CANNOT_CHECK,
            (
                "its limit of CPU cannot be told: cAdvisor's container_spec metrics are missing; its limit "
                "of memory is 512 MiB, the guide's"
            ),
            "",
        ),
    ],
)
def test_other_limits_are_told_with_both_figures(
    container: Container, state: State, found: str, fix: str
) -> None:
    """None is worse than another one, and one that is not told is not taken for none."""
    finding = of("redis", container)

    assert (finding.state, finding.found, finding.fix) == (state, f"{found}{CONTRADICTS}", fix)


@pytest.mark.parametrize(
    ("container", "fix"),
    [
        (
            Container("a", "app", None, 4 * GIB, 3 * GIB),
            (
                "docker update --cpus 2 a; and in docker-compose.yml: limits: {cpus: '2'}; no limit of 2G "
                "yet: it uses 3 GiB, more than 80% of that, and would be killed; first let it use less than "
                "1.6 GiB (see memory.leak, and let --max-old-space-size be 3/4 of the limit), or give it "
                "what it needs"
            ),
        ),
        (
            Container("a", "app", 2.0, GIB, GIB),
            "docker update --memory 2G --memory-swap 2G a; and in docker-compose.yml: limits: {memory: 2G}",
        ),
        (
            Container("a", "app", 2.0, None, round(1.6 * GIB)),
            "docker update --memory 2G --memory-swap 2G a; and in docker-compose.yml: limits: {memory: 2G}",
        ),
    ],
)
def test_no_command_would_kill_what_it_mends(container: Container, fix: str) -> None:
    """A limit is given where at most four fifths of it are used, or where it becomes larger."""
    assert of("app", container).fix == fix


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("redis", True),
        ("erp_redis_1", True),
        ("ns/pod-7/redis", True),
        ("redis-exporter", False),
        ("predis", False),
    ],
)
def test_without_a_label_the_name_tells_the_service(name: str, fits: bool) -> None:
    """Only as a word at its end, behind which nothing but a number stands."""
    finding = of("redis", Container(name, "", 1.0, GIB // 2))

    assert (finding.state is State.PASS) is fits


def test_a_service_that_is_nowhere_cannot_be_checked() -> None:
    """It may be no container at all."""
    finding = of("postgres", APP, REDIS)

    assert finding.state is State.CANNOT_CHECK
    assert finding.found == (
        "cannot be checked: cAdvisor tells of 2 containers, and by docker compose's label or by name none is "
        "of the service postgres: it is named otherwise, or runs in no container"
    )


@pytest.mark.parametrize(
    ("metrics", "found"),
    [
        ((), "cannot be checked: no source of kind prometheus could be read"),
        (
            (told(),),
            "cannot be checked: metrics has no metrics of cAdvisor (container_spec_memory_limit_bytes)",
        ),
        ((told(why={"containers": "too many series"}),), "cannot be checked: too many series"),
    ],
)
def test_without_cadvisor_each_service_says_why(metrics: tuple[object, ...], found: str) -> None:
    """One line for each of the guide's, and for throttling."""
    findings = [*limits(case(None, *metrics)), *throttling(case(None, *metrics))]  # type: ignore[arg-type]

    assert [one.state for one in findings] == [State.CANNOT_CHECK] * 4
    assert {one.found for one in findings} == {found}
    assert all(bool(one.fix) is ("too many" not in found) for one in findings)


def test_a_container_that_is_held_back_is_told_with_its_share() -> None:
    """A quarter of the periods is the limit, of which exactly as much passes."""
    over = Container("erp-app-1", "app", 2.0, throttled=0.41)

    assert only(throttling, case(None, told(containers=(over, REDIS)))) == Finding(
        "docker.throttling",
        (("container", "erp-app-1"), ("source", "metrics")),
        State.WARN,
        "Docker Resource Limits: cpus; what is over the limit waits for the next 100 ms",
        "its CPU limit of 2 CPUs held it back in 41% of the scheduling periods of the last 3600 s: answers "
        "then wait, however low its average use is; 25% is what kubernetes-mixin alerts at",
        "docker update --cpus 4 erp-app-1, or spread the work",
    )
    fine = only(throttling, case(None, told(containers=(APP, Container("b", "", 1.0, throttled=0.25)))))
    assert (fine.state, fine.found) == (
        State.PASS,
        (
            "none of 2 containers with a CPU limit was held back in more than 25% of the scheduling periods "
            "of the last 3600 s; the most was 25%, of b"
        ),
    )


def test_without_limits_nothing_can_be_held_back() -> None:
    """And without the counters nobody knows."""
    free = only(throttling, case(None, told(containers=(Container("a"),))))
    untold = only(throttling, case(None, told(containers=(REDIS,))))

    assert (free.state, free.found) == (
        State.NOT_APPLICABLE,
        "no container has a CPU limit that could hold it back; see docker.limits",
    )
    assert (untold.state, untold.found) == (
        State.CANNOT_CHECK,
        "containers have CPU limits, but no metric tells how often they were held back",
    )
