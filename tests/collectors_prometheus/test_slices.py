"""Histograms of more series than one answer may hold: cut by instance, and the same to the last integer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic, sleep, time
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client import Histogram as ClientHistogram

from collectors.prometheus.asked import Asked
from collectors.prometheus.difference import difference
from collectors.prometheus.fetch import Reader
from collectors.prometheus.snapshot import Counters, PrometheusSnapshot
from collectors.prometheus.wire.address import Address
from headroom.bounds import Bounds
from headroom.budgets import Measure, Reason
from headroom.evidence import Evidence, Histogram
from headroom.observation import Reading, Series, SourceError
from headroom.sources import Secret, Source, SourceKind
from tests import servers
from tests.collectors_prometheus.figures import LOGIN, METRIC, READ, RULES, requests, seen
from tests.collectors_prometheus.hostile import Server, Write, prometheus, raw, says, serving, success
from tests.collectors_prometheus.real import PERIOD, Target

EVERY = 1.0
OF_A_SET = 9
"""Series of one label set: seven buckets, sum and count."""
INSTANCES = (
    ("erp", "10.0.0.1:80", 3),
    ("erp", "10.0.0.2:80", 2),
    ("erp", 'a "b"|.*\\d+ ü', 2),
    ("erp", "10.0.0.4:80", 1),
    ("erp.eu|.*", "10.0.0.1:80", 2),
    ("mail", "m:1", 1),
    ("mail", "m:2", 1),
)
"""Job, instance, and how many label sets it gives; hostile names among them."""
IN_ALL = OF_A_SET * sum(sets for _, _, sets in INSTANCES)


@dataclass
class Instance:
    """A process of the sample kind behind one address."""

    target: Target
    histogram: ClientHistogram
    registry: CollectorRegistry
    paths: list[str]
    served: int = 0

    def serve(self, times: int) -> None:
        """Serve so many logins, and one more of each other path."""
        for number, path in enumerate(self.paths):
            requests_made = times + bool(number)
            self.served += requests_made
            for _ in range(requests_made):
                self.histogram.labels("GET" if number else "POST", path, "200").observe(0.03 * (number + 1))
        self.target.text = generate_latest(self.registry).decode()


@dataclass
class World:
    """One Prometheus, and the instances that it scrapes."""

    place: str
    instances: list[Instance]

    @property
    def queries(self) -> float:
        """How many queries this Prometheus has answered, by its own count."""
        with urlopen(f"http://{self.place}/metrics", timeout=2) as answer:
            lines = answer.read().decode().splitlines()
        name = 'prometheus_http_requests_total{code="200",handler="/api/v1/query"}'
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0.0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start everything once, and wait until all is scraped."""
    folder = tmp_path_factory.mktemp("slices")
    with ExitStack() as stack:
        instances: list[Instance] = []
        scrapes: list[dict[str, object]] = []
        for job, name, sets in INSTANCES:
            target = stack.enter_context(Target())
            registry = CollectorRegistry()
            histogram = ClientHistogram(
                METRIC,
                "Durations.",
                ("method", "path", "status"),
                buckets=(0.01, 0.05, 0.1, 0.5, 1, 5),
                registry=registry,
            )
            paths = ["/auth/login", *(f"/{number}" for number in range(1, sets))]
            instances.append(Instance(target, histogram, registry, paths))
            instances[-1].serve(1)
            config = {"targets": [target.address], "labels": {"instance": name, "job": job}}
            scrapes.append({"job_name": f"job{len(scrapes)}", "static_configs": [config]})
        place = stack.enter_context(servers.prometheus(folder, scrapes, period=PERIOD))
        one = World(place, instances)
        deadline = monotonic() + 20
        while True:
            counters = reader(one).read().histograms[METRIC]
            if sum(len(each.bounds) + 3 for each in counters.sets) == IN_ALL:
                break
            assert monotonic() < deadline, "prometheus has not scraped everything within 20 s"
            sleep(PERIOD)
        yield one


def asked(place: str, *measures: Measure) -> Asked:
    """Return what is asked for."""
    return Asked("metrics", place, EVERY, dict.fromkeys(measures, (0.2,)), RULES)


def reader(world: World, **bounds: int) -> Reader:
    """Return a reader of the world's Prometheus."""
    return reader_of(world.place, **bounds)


def reader_of(place: str, **bounds: int) -> Reader:
    """Return a reader of a Prometheus."""
    source = Source("metrics", SourceKind.PROMETHEUS, Secret(f"http://{place}"), timedelta(seconds=EVERY))
    return Reader(Address.of(source), asked(place, LOGIN, READ), 5.0, **bounds)


def figures(counters: Counters) -> dict[str, object]:
    """Return all that was counted, by label set."""
    assert counters.refused is None, counters.refused
    return {
        one.key: (one.target, one.method, one.path, one.status, one.bounds, one.counts, one.total)
        for one in counters.sets
    }


@pytest.mark.parametrize("most", [27, 30, 45, 80, IN_ALL - 1])
def test_slices_are_the_whole(world: World, most: int) -> None:
    """However it is cut, every label set of every instance is there once, with the same counts."""
    whole, cut = reader(world), reader(world, most_series=most)

    expected, found = whole.read().histograms[METRIC], cut.read().histograms[METRIC]

    assert len(expected.sets) == IN_ALL / OF_A_SET
    assert figures(found) == figures(expected)
    assert len(found.sets) == len(expected.sets)


def settled(world: World, reads: Reader) -> PrometheusSnapshot:
    """Poll until all that was served is seen."""
    served = sum(instance.served for instance in world.instances)
    deadline = monotonic() + 5
    while True:
        snapshot = reads.read()
        if sum(one.counts[-1] for one in snapshot.histograms[METRIC].sets) == served:
            return snapshot
        assert monotonic() < deadline, "what was served is not seen within 5 s"
        sleep(PERIOD / 2)


def counted(reading: Reading) -> dict[Series, list[tuple[Evidence, tuple[Bounds, ...]]]]:
    """Return what a reading counted, without the moments of its scrapes."""
    return {one.series: [(part.evidence, part.bounds) for part in one.parts] for one in reading.observations}


def test_evidence_from_slices_is_that_of_the_whole(world: World) -> None:
    """What happened between two polls is the same to the last integer, in all and for each instance."""
    readers = reader(world), reader(world, most_series=30)
    before = [settled(world, each) for each in readers]
    for number, instance in enumerate(world.instances):
        instance.serve(number + 2)
    after = [settled(world, each) for each in readers]

    whole, cut = (
        difference(old, new, asked(world.place, LOGIN, READ)) for old, new in zip(before, after, strict=True)
    )

    assert counted(cut) == counted(whole)
    logins = [part.evidence.n for part in seen(cut, LOGIN) if isinstance(part.evidence, Histogram)]
    assert logins == [sum(number + 2 for number, _ in enumerate(INSTANCES))]
    assert len([one for one in cut.observations if one.series.subject]) == len(INSTANCES) + 4


def queries_of(world: World, reads: Reader) -> float:
    """Return how many queries one poll sends: the time, the scrapes, and what the histogram takes."""
    before = world.queries
    reads.read()
    return world.queries - before


def test_what_has_shrunk_is_read_as_a_whole_again(world: World) -> None:
    """Its number of series decides: they were counted anyway."""
    cut = reader(world, most_series=IN_ALL - 1)
    cut.read()
    mail = world.instances[-1]
    text, mail.target.text = mail.target.text, ""
    deadline = monotonic() + 10
    try:
        # Time, scrapes, the whole, and what else the instance counts that gives no histogram any more.
        while queries_of(world, cut) != 4:
            assert monotonic() < deadline, "it is still counted after 10 s"
            sleep(PERIOD)
    finally:
        mail.target.text = text
        sleep(5 * PERIOD)  # until it is scraped with all of it again


def test_the_next_poll_does_not_try_the_whole_again(world: World) -> None:
    """The answer that was too large is asked for once; from then on the series are counted first."""
    cut = reader(world, most_series=45)

    assert [queries_of(world, cut) for _ in range(3)] == [7, 6, 6]


def test_an_instance_that_is_too_large_alone_is_named(world: World) -> None:
    """There is nothing smaller to ask for: blind, with the instance, its count and what to do."""
    cut = reader(world, most_series=26)

    for _ in range(2):
        assert cut.read().histograms[METRIC].refused == (
            Reason.NO_DATA,
            (
                f"too many series: erp (10.0.0.1:80) alone has 27 of {METRIC}, and 26 of one instance are "
                "read at most; drop labels with many values, such as raw URLs as path"
            ),
        )


def test_too_many_in_all_are_not_read(world: World) -> None:
    """A bound holds for all slices together."""
    cut = reader(world, most_series=40, most_in_all=100)

    assert cut.read().histograms[METRIC].refused == (
        Reason.NO_DATA,
        (
            f"too many series: 7 instances at {world.place} have {IN_ALL} of {METRIC}, the most erp "
            "(10.0.0.1:80) with 27, and 100 are read at most; drop labels with many values, such as raw URLs "
            "as path, or split the metric over several sources"
        ),
    )


def counts(**by_instance: int) -> list[dict[str, object]]:
    """Return the answer to the question for the numbers of series."""
    return [
        {"metric": {"job": "erp", "instance": name}, "value": [time(), str(number)]}
        for name, number in by_instance.items()
    ]


def flood(server: Server, write: Write, query: str) -> bool:
    """Answer like a Prometheus, and with too many bytes where all instances are asked at once."""
    if query.startswith("{__name__") and METRIC in query and "job=" not in query:
        return raw(b"HTTP/1.1 200 OK\r\n\r\n", *[b" " * 2**20] * 40)(server, write, query)
    two = requests(time(), 3, instance="a") + requests(time(), 5, instance="b")
    some = [one for one in two if f'instance="{one["metric"]["instance"]}"' in query]
    return prometheus(counts=counts(a=9, b=9), counters=some)(server, write, query)


def test_an_answer_that_is_too_large_is_cut_too() -> None:
    """Few series may weigh much, where the span holds many samples of each."""
    with serving(flood) as server:
        cut = reader_of(server.place, most_series=80)
        polls = [cut.read().histograms[METRIC] for _ in range(2)]
        wholes = [each for each in server.targets if METRIC in each and "job%3D" not in each]

    assert [[one.counts[-1] for one in poll.sets] for poll in polls] == [[3, 5], [3, 5]]
    assert len([each for each in wholes if "query=count" not in each]) == 1


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ({"a": 1}, "a dict instead of a list of counts"),
        ([7], "a count of another form (TypeError)"),
        ([{"metric": {"job": "\ud800"}, "value": [0, "1"]}], "a count of another form (UnicodeEncodeError)"),
        ([{"metric": {"job": 7}, "value": [0, "1"]}], "a count of another form (AttributeError)"),
        ([{"metric": {}, "value": [0, "many"]}], "a count of another form (ValueError)"),
        ([{"metric": {}, "value": [0]}], "a count of another form (IndexError)"),
    ],
)
def test_counts_of_another_form_are_no_counts(answer: object, what: str) -> None:
    """A sentence, never an exception of the language, and never a slice with half a name."""

    def counting(server: Server, write: Write, query: str) -> bool:
        if query.startswith("count by"):
            return says(success(answer))(server, write, query)
        return prometheus(counters=requests(time(), 3))(server, write, query)

    with serving(counting) as server, pytest.raises(SourceError) as caught:
        reader_of(server.place, most_series=5).read()

    assert caught.value.message == (
        f"what answers at {server.place} is no Prometheus: {what}; is the address right?"
    )


def test_a_server_that_cannot_count_says_what_is_too_much() -> None:
    """The reason is the series, not the question that followed."""

    def uncounted(server: Server, write: Write, query: str) -> bool:
        if query.startswith("count by"):
            return says("", status="422 Unprocessable Entity")(server, write, query)
        return prometheus(counters=requests(time(), 3))(server, write, query)

    with serving(uncounted) as server:
        refused = reader_of(server.place, most_series=5).read().histograms[METRIC].refused

    assert refused == (
        Reason.NO_DATA,
        (
            f"too many series: 9 or more at {server.place}, and 5 are read at most; drop labels with many "
            "values, such as raw URLs as path"
        ),
    )
