"""Whatever a broken server says, nothing but SourceError is raised, memory is bounded, and nothing is met."""

from __future__ import annotations

import asyncio
import copy
import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.prometheus import build
from collectors.prometheus.wire.address import Address
from collectors.prometheus.wire.session import BoundedSession
from headroom.budgets import Budget, Limit, Measure, Outcome, Severity, Statistic, Unit
from headroom.judge import Case, judge
from headroom.observation import Absence, Collector, Observation, Reading, SourceError
from headroom.sources import Access, Secret, Source, SourceKind
from tests.collectors_prometheus.figures import CPU, LOGIN, NOON, RULES, node, requests, up
from tests.collectors_prometheus.hostile import Server, Write, says, serving, success
from tests.judge.cases import Held

POLLS = 4
EVERY = 15.0
HOUR = timedelta(hours=1)
LATER = datetime.fromtimestamp(NOON + 600, UTC)
LIMITS = {
    LOGIN: Limit("p95", Statistic.P95, 0.2, Unit.SECONDS, Severity.CRITICAL),
    CPU: Limit("alert", Statistic.AVERAGE, 0.8, Unit.SHARE, Severity.CRITICAL),
}
JUNK: list[Any] = [
    *(None, True, 0, -1, 1e308, [], {}, [[]], [None], {"a": 1}, ""),
    *("NaN", "+Inf", "-Inf", "-1", "1e999", "0x10", "1_0", "٣", " 1", "\x00", "\ud800", "x" * 5000),
]
"""What may stand in place of anything; a count that is wrong but sound nobody could tell from a right one."""


KINDS = ["replace", "lose", "double", "shift", "cut", "twice", "bytes", "clock", "other"]
QUERIES = ["time()", "process_start_time", "http_request", "node_cpu"]
"""What each of our queries contains."""


def truth(query: str, poll: int, late: float = 0.0) -> Any:
    """Return what a sound server says: a thousand requests of two seconds per poll, and a CPU at work."""
    now = NOON + EVERY * poll - late
    if query == "time()":
        return [now, str(now)]
    if "process_start_time" in query:
        return [*up(now - 1, started=NOON - 3600), *up(now - 1, job="node", instance="n:9100")]
    if "node_cpu" in query:
        idle = node(now - 1, "node_cpu_seconds_total", 500, cpu="0", mode="idle")
        return [*idle, *node(now - 1, "node_cpu_seconds_total", 100 + EVERY * poll, cpu="0", mode="user")]
    return requests(now - 1, 0, 0, 0, 0, 0, 1000 * poll) if "http_request" in query else []


@dataclass
class Fault:
    """What is wrong with one answer: the values or the text of it.

    Attributes:
        query: which query of a poll, by what it contains.
        spoil: how to spoil the answer's values, in place; it draws.
        mangle: how to mangle the text of it.
        late: by how many seconds all clocks of the server went back.
        other: the query that is answered instead.
    """

    query: str
    spoil: Callable[[Any], None] = lambda _: None
    mangle: Callable[[bytes], bytes] = lambda body: body
    late: float = 0.0
    other: str = ""


@dataclass
class Story:
    """What the server does, poll by poll."""

    faults: dict[int, Fault] = field(default_factory=dict)
    poll: int = 0

    def __call__(self, server: Server, write: Write, query: str) -> bool:
        """Answer one query."""
        fault = self.faults.get(self.poll, Fault("nothing"))
        struck = fault.query in query
        told = fault.other if struck and fault.other else query
        whole = json.loads(success(truth(told, self.poll, fault.late)))
        if not struck:
            return says(json.dumps(whole))(server, write, query)
        fault.spoil(whole)
        return says(fault.mangle(json.dumps(whole).encode()))(server, write, query)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every holder and key inside a JSON value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places(value[key])


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """Draw something wrong with one answer."""
    query = draw(st.sampled_from(QUERIES))
    kind = draw(st.sampled_from(KINDS))
    place, junk = draw(st.integers(0, 10_000)), draw(st.sampled_from(JUNK))

    def spoil(whole: Any) -> None:
        found = list(places(whole))
        holder, key = found[place % len(found)]
        if kind == "replace":
            holder[key] = copy.deepcopy(junk)
        elif kind == "lose":
            del holder[key]
        elif kind == "double" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif kind == "shift":
            for series, name in found:
                if name == "values":
                    series[name] = [[at + (place % 99 - 50), text] for at, text in series[name]]

    late = draw(st.sampled_from([1.0, EVERY, 100.0])) if kind == "clock" else 0.0
    other = draw(st.sampled_from(QUERIES)) if kind == "other" else ""
    return Fault(query, spoil, lambda body: mangled(body, kind, place), late, other)


def mangled(body: bytes, kind: str, place: int) -> bytes:
    """Return the text of an answer as it may arrive, too."""
    at = place % (len(body) + 1)
    if kind == "cut":
        return body[:at]
    if kind == "twice":
        return body.replace(b'"data":', b'"data": {"result": []}, "data":', 1)
    return body[:at] + b"\xff" + body[at:] if kind == "bytes" else body


def verdict(measure: Measure, held: list[Held], absence: Absence | None) -> Outcome:
    """Judge what is known of a measure, all of it fresh."""
    budget = Budget("b", "B", "", measure, HOUR, HOUR, HOUR, (LIMITS[measure],))
    at = max((one.at for one in held), default=LATER)
    return judge(Case(budget, LIMITS[measure], held, at, fresh_for=HOUR, absence=absence)).outcome


def told(reading: Reading, measure: Measure, kind: type[Any]) -> Any:
    """Return the observation or the absence of a measure's own series; None where there is none."""
    said = reading.observations if kind is Observation else reading.absences
    return next((one for one in said if (one.series.measure, one.series.subject) == (measure.key, ())), None)


def asking(place: str) -> Collector:
    """Return a collector of logins and of the CPU."""
    url = Secret(f"http://{place}")
    source = Source("metrics", SourceKind.PROMETHEUS, url, timedelta(seconds=EVERY))
    return build(source, {LOGIN: (0.2,), CPU: ()}, RULES)


async def outcomes(place: str, story: Story) -> list[Outcome]:
    """Poll a few times, and return all verdicts; only SourceError may be raised on the way."""
    collector = asking(place)
    held: dict[Measure, list[Held]] = {LOGIN: [], CPU: []}
    before, said = None, []
    for story.poll in range(POLLS):
        try:
            after = await collector.fetch()
        except SourceError:
            continue
        reading = collector.difference(before, after)
        before = collector.load(after.dump())
        assert before == after
        for measure, parts in held.items():
            seen = told(reading, measure, Observation)
            parts[:0] = [Held(LATER, part) for part in (seen.parts if seen else ())]
            said.append(verdict(measure, parts, told(reading, measure, Absence)))
    await collector.close()
    return said


@pytest.fixture(scope="module")
def story() -> Iterator[tuple[str, Story]]:
    """Run a server that tells a story, and give its place."""
    one = Story()
    with serving(one) as server:
        yield server.place, one


async def test_the_truth_is_over(story: tuple[str, Story]) -> None:
    """Without a fault both limits are broken, so that `met` below would be a lie and not an accident."""
    place, one = story
    one.faults = {}
    assert (await outcomes(place, one))[-2:] == [Outcome.OVER, Outcome.OVER]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(broken=st.dictionaries(st.integers(0, POLLS - 1), faults(), min_size=1))
def test_no_fault_is_met(story: tuple[str, Story], broken: dict[int, Fault]) -> None:
    """Over, undecided, idle or blind, in any order of faults and sound answers."""
    place, one = story
    one.faults = broken
    assert Outcome.MET not in asyncio.run(outcomes(place, one))


def lost(name: str, value: str) -> Callable[[Any], None]:
    """Return what takes the series out of an answer that have a label of this value."""

    def spoil(whole: Any) -> None:
        data = whole["data"]
        data["result"] = [series for series in data["result"] if series["metric"].get(name) != value]

    return spoil


async def test_a_part_that_comes_back_is_no_change(story: tuple[str, Story]) -> None:
    """Hours of idle time that an answer lacked have not passed since."""
    place, one = story
    one.faults = {1: Fault("node_cpu", lost("mode", "idle"))}
    collector, snapshots = asking(place), []
    for one.poll in range(3):
        snapshots.append(await collector.fetch())
    await collector.close()

    absence = told(collector.difference(snapshots[1], snapshots[2]), CPU, Absence)
    assert absence.detail == "the CPU counters of node (n:9100) leapt: the last poll lacked some of its modes"


async def test_a_metric_without_name_and_number_ends_the_poll(story: tuple[str, Story]) -> None:
    """Two faults at once, where one name stands for what the other is about."""

    def spoil(whole: Any) -> None:
        series = whole["data"]["result"][0]
        series["metric"]["__name__"], series["values"][0][1] = ["a"], "NaN"

    place, one = story
    one.faults = {0: Fault("node_cpu", spoil)}
    collector, one.poll = asking(place), 0
    with pytest.raises(SourceError, match="labels that are no texts"):
        await collector.fetch()
    await collector.close()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"data":[' + b"[]," * 1_990_000 + b"[]]}", id="lists"),
        pytest.param(b'{"data":[' + b'{"a":1},' * 790_000 + b"[]]}", id="objects"),
        pytest.param(b'{"data":[' + b'"ab",' * 3_990_000 + b"[]]}", id="texts"),
        pytest.param(b'{"data":"' + b"a" * (30 * 2**20) + '\N{GRINNING FACE}"}'.encode(), id="wide letters"),
        pytest.param(b" " * (64 * 2**20), id="blanks"),
        pytest.param(b'{"data":[' + b'"ab",' * 6_600_000 + b"[]]}", id="too many texts"),
        pytest.param(b'{"data":[' + b'{"a":1},' * 4_000_000 + b"[]]}", id="too many objects"),
        pytest.param(b'{"data":[' + b"[]," * 20_000_000, id="too many lists"),
    ],
)
def test_no_answer_takes_more_memory_than_there_is(body: bytes) -> None:
    """The worst that passes the limits on bytes and values, and what does not pass them."""
    with serving(says(body)) as server:
        session = BoundedSession(Address(f"http://{server.place}", server.place, "", Access()))
        with session.within(60):
            tracemalloc.start()
            with pytest.raises(SourceError):
                session.get(f"http://{server.place}/")
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        session.close()

    assert peak < 320 * 2**20
