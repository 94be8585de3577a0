"""What is asked of a Prometheus for resources: no more than is wanted, and seldom where there is nothing."""

from __future__ import annotations

from datetime import timedelta
from time import time
from urllib.parse import parse_qs, urlsplit

from collectors.prometheus import build
from collectors.prometheus.resources import POLLS
from headroom.budgets import Measure
from headroom.observation import Collector
from headroom.sources import EndpointRules, Secret, Source, SourceKind
from tests.collectors_prometheus.figures import Answer, up
from tests.collectors_prometheus.hostile import Server, Write, says, serving, success
from tests.prometheus_resources.exposition import (
    CONTAINER_CPU,
    CPU,
    EVENT_LOOP,
    IO_PRESSURE,
    answer,
    container,
)


def asking(server: Server, *measures: Measure) -> Collector:
    """Return a collector of a server."""
    source = Source("metrics", SourceKind.PROMETHEUS, Secret(f"http://{server.place}"), timedelta(seconds=5))
    return build(source, dict.fromkeys(measures, ()), EndpointRules(()))


class Behaviour:
    """A Prometheus with a machine and, once there are any, containers."""

    def __init__(self) -> None:
        self.containers: Answer = []

    def __call__(self, server: Server, write: Write, query: str) -> bool:
        """Answer one request."""
        now = time()
        machine = 'node_cpu_seconds_total{cpu="0",mode="idle"} 1\n'
        told: object = answer(machine, now, job="node", instance="n:9100")
        if query == "time()":
            told = [now, str(now)]
        elif "process_start_time_seconds" in query:
            told = up(now, job="node", instance="n:9100")
        elif "container_" in query:
            told = self.containers
        return says(success(told))(server, write, query)


def queries(server: Server) -> list[str]:
    """Return the queries that were sent, without those for the clock and the scrapes."""
    sent = [parse_qs(urlsplit(target).query).get("query", [""])[0] for target in server.targets]
    return [query for query in sent if query != "time()" and "process_start_time_seconds" not in query]


async def test_containers_that_nobody_asks_for_are_looked_for_now_and_then() -> None:
    """Where there are none, that costs one query in twenty polls; where there are, none is left out."""
    behaviour = Behaviour()
    with serving(behaviour) as server:
        polling = asking(server, CPU)
        for _ in range(POLLS):
            await polling.fetch()
        while_none = len([query for query in queries(server) if "container_" in query])
        behaviour.containers = answer(container(), time())
        server.targets.clear()
        for _ in range(3):
            await polling.fetch()
        once_some = len([query for query in queries(server) if "container_" in query])
        await polling.close()

    assert (while_none, once_some) == (1, 3)


async def test_containers_that_are_asked_for_are_looked_for_at_every_poll() -> None:
    """And once more in a wider window: they may be scraped seldom."""
    with serving(Behaviour()) as server:
        polling = asking(server, CONTAINER_CPU)
        for _ in range(3):
            await polling.fetch()
        await polling.close()

        wanted = [query for query in queries(server) if "container_" in query]
        assert all(',image!=""}' in query for query in wanted)
        assert [query.rpartition("[")[2] for query in wanted] == ["120000ms]", "660000ms]"] * 3


async def test_only_what_is_wanted_is_asked() -> None:
    """Of machines only where a budget is of them; processes are recorded beside whatever is measured."""
    asked = {}
    for measure in (IO_PRESSURE, EVENT_LOOP, CPU):
        with serving(Behaviour()) as server:
            polling = asking(server, measure)
            await polling.fetch()
            await polling.close()
            asked[measure] = queries(server)[0].partition("~")[2].partition(",")[0]

    assert set(asked.pop(IO_PRESSURE).strip('"').split("|")) == set(asked[CPU].strip('"').split("|"))
    assert asked == {
        EVENT_LOOP: (
            '"process_cpu_seconds_total|process_resident_memory_bytes|nodejs_eventloop_lag_p99_seconds|'
            'nodejs_heap_size_used_bytes"'
        ),
        CPU: (
            '"node_cpu_seconds_total|node_disk_io_time_seconds_total|node_pressure_io_waiting_seconds_total|'
            "node_disk_read_time_seconds_total|node_disk_write_time_seconds_total|"
            "node_disk_reads_completed_total|node_disk_writes_completed_total|process_cpu_seconds_total|"
            'process_resident_memory_bytes|nodejs_eventloop_lag_p99_seconds|nodejs_heap_size_used_bytes"'
        ),
    }
