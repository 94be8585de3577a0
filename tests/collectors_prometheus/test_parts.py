"""The small pieces: addresses, words, queries, samples, scrapes, the stored snapshot, the thread."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from datetime import timedelta
from time import monotonic, sleep

import pytest

from collectors.prometheus import build, query
from collectors.prometheus.samples import StrangeAnswerError, series_of, target_of
from collectors.prometheus.scrapes import scrapes_of
from collectors.prometheus.snapshot import load
from collectors.prometheus.wire.address import Address
from collectors.prometheus.wire.thread import OneAtATime, StillBusyError
from collectors.prometheus.words import listed, printable
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Secret, Source, SourceKind
from tests.collectors_prometheus.figures import (
    NOON,
    RULES,
    WINDOW,
    node,
    one,
    refusing,
    requests,
    snapshot,
    up,
)


def source(url: str | None) -> Source:
    """Return a source at an address."""
    secret = None if url is None else Secret(url)
    return Source(
        "metrics", SourceKind.PROMETHEUS, secret, timedelta(seconds=1), unset="HEADROOM_PROMETHEUS_URL"
    )


def test_an_address_shows_neither_user_nor_password() -> None:
    """They are needed to log in, and for nothing else."""
    address = Address.of(source("https://ann:s3cret@prom.example/prometheus/?x=1#y"))

    assert address.place == "prom.example:443"
    assert address.base == "https://prom.example/prometheus"
    assert "s3cret" not in repr(address)


def test_the_epoch_follows_the_address_and_not_the_login() -> None:
    """Another password is the same server; another path may be another tenant."""
    epochs = [
        Address.of(source(url)).epoch
        for url in (
            "http://h:9090",
            "http://u:p@h:9090/",
            "http://h:9090/other",
            "http://h:9091",
            "https://h:9090",
        )
    ]

    assert epochs[0] == epochs[1]
    assert len(set(epochs)) == 4


@pytest.mark.parametrize("url", ["prom:9090", "ftp://prom", "http://", "http://h:99999", "http://[::1"])
def test_an_address_that_cannot_be_asked_is_refused(url: str) -> None:
    """It is said which source, and how an address is written."""
    with pytest.raises(SourceError) as caught:
        Address.of(source(url))

    assert caught.value.reason is Reason.UNREACHABLE
    assert caught.value.message == (
        "the address of metrics is none of a Prometheus: write it as http://host:9090"
    )


def test_a_source_without_an_address_is_not_configured() -> None:
    """The name of the variable that is not set is the remedy."""
    with pytest.raises(SourceError) as caught:
        build(source(None), {}, RULES)

    assert (caught.value.reason, caught.value.message) == (
        Reason.NOT_CONFIGURED,
        "HEADROOM_PROMETHEUS_URL is not set",
    )


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        ("two\nlines\tand \x1b[31mred\x00", "two lines and [31mred"),
        ('Get "http://u:pw@h:80/m?token=1": refused', 'Get "http://h:80/m": refused'),
        ("half a pair \ud800", "half a pair"),
        ("x" * 300, "x" * 199 + "…"),
        (None, "None"),
    ],
)
def test_words_of_others_are_made_safe(raw: object, shown: str) -> None:
    """No control characters, no credentials, no parameters, a bounded length."""
    assert printable(raw) == shown


def test_names_are_put_in_a_row() -> None:
    """More than three are counted."""
    rows = [listed(list("abcde"[:count])) for count in range(6)]

    assert rows == ["", "a", "a and b", "a, b and c", "a, b, c and 1 more", "a, b, c and 2 more"]


def test_names_in_queries_are_escaped() -> None:
    """A metric's name from the file can neither end the string nor widen the pattern."""
    assert query.histogram('a.b"}c', 2.4) == '{__name__=~"a\\\\.b\\"\\\\}c(_bucket|_sum|_count)?"}[2400ms]'
    assert query.health(120) == '{__name__=~"up|process_start_time_seconds"}[120000ms]'
    assert query.machines(["x", "y"], 1) == (
        '{__name__=~"x|y",device!~"(loop|ram|zram|sr|fd|dm-).*"}[1000ms]'
    )


@pytest.mark.parametrize(
    ("result", "why"),
    [
        ({}, "a dict instead of a list of series"),
        ("x", "a str instead of a list of series"),
        ([1], "a series of another form (TypeError)"),
        ([{}], "a series of another form (KeyError)"),
        ([{"metric": {}, "values": [[NOON]]}], "a series of another form (ValueError)"),
        ([{"metric": {}, "values": 7}], "a series of another form (TypeError)"),
        ([{"metric": {}, "values": [["1", "1"]]}], "a series of another form (TypeError)"),
        ([{"metric": [], "values": [[NOON, "1"]]}], "samples of another time or type than was asked for"),
        ([{"metric": {}, "values": [[NOON, 1]]}], "samples of another time or type than was asked for"),
        ([{"metric": {}, "values": [[1e300, "1"]]}], "samples of another time or type than was asked for"),
        ([{"metric": {}, "values": [[-NOON, "1"]]}], "samples of another time or type than was asked for"),
    ],
)
def test_an_answer_of_another_form_is_named(result: object, why: str) -> None:
    """Wrong types are an error with a text, never an exception of the language."""
    with pytest.raises(StrangeAnswerError) as caught:
        list(series_of(result, NOON, WINDOW))

    assert str(caught.value) == why


def test_native_histograms_and_empty_series_are_passed_over() -> None:
    """They have no values that could be read here."""
    rows = [{"metric": {}, "histograms": [[NOON, {}]]}, {"metric": {}, "values": []}]

    assert list(series_of(rows, NOON, WINDOW)) == []


def test_names_of_targets_are_fit_to_be_stored() -> None:
    """Labels of targets become subjects, in a database and on a page."""
    assert target_of({"job": "a\x00b", "instance": "\ud800" + "x" * 500}) == ("a b", "x" * 199 + "…")


def test_scrapes_tell_health_and_period() -> None:
    """The newest sample says whether it is well; the median distance is the period."""
    values = [[NOON - 45, "1"], [NOON - 30, "1"], [NOON - 14, "1"], [NOON, "0"]]
    answer = [{"metric": {"__name__": "up", "job": "j", "instance": "i"}, "values": values}]
    start = {"__name__": "process_start_time_seconds", "job": "j", "instance": "i"}

    (scrape,) = scrapes_of([*answer, one(start, NOON - 14, "1.79e9")], NOON, WINDOW).values()

    assert (scrape.up, scrape.at, scrape.ok_at, scrape.every) == (False, NOON, NOON - 14, 15)
    assert scrape.started == 1.79e9


def test_a_start_of_an_older_scrape_is_not_the_process_of_the_newest() -> None:
    """The window still holds what a process said that is gone."""
    start = {"__name__": "process_start_time_seconds", "job": "erp", "instance": "a:80"}

    (scrape,) = scrapes_of([*up(NOON), one(start, NOON - 15, "1.79e9")], NOON, WINDOW).values()

    assert scrape.started is None


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([[NOON, "1"], [NOON - 5, "1"]], "samples of up in no order of time"),
        ([["x", "1"], [NOON, "1"]], "samples of up of another form"),
        ([[1], [NOON, "1"]], "samples of up of another form"),
        ([[float("nan"), "1"], [NOON, "1"]], "samples of up in no order of time"),
    ],
)
def test_scrapes_in_disorder_are_refused(values: object, why: str) -> None:
    """Periods and ages are computed from them."""
    answer = [{"metric": {"__name__": "up"}, "values": values}]

    with pytest.raises(StrangeAnswerError) as caught:
        scrapes_of(answer, NOON, WINDOW)

    assert str(caught.value) == why


def test_a_snapshot_survives_its_own_dump() -> None:
    """All that a difference needs comes back equal, half surrogate pairs too."""
    broken = requests(NOON, 1, path="/broken")
    broken[0]["values"] = [[NOON, "NaN"]]
    whole = snapshot(
        NOON + 1,
        counters=requests(NOON, 5, 6, path="/\ud800?secret=1")
        + requests(NOON, 1, bounds=("1", "+Inf"), path="/b")
        + broken,
        health=up(NOON, started=NOON - 9) + up(NOON, instance="b:80", well=False),
        nodes=node(NOON, "node_cpu_seconds_total", 3, cpu="0", mode="user")
        + node(NOON, "node_disk_io_time_seconds_total", "NaN", device="sda"),
    )

    data = whole.dump()

    assert load(data) == whole
    assert b"secret" not in data
    assert whole.at.timestamp() == NOON + 1


def test_a_refused_snapshot_survives_its_dump() -> None:
    """The reason why there is nothing is kept, so that the next poll knows not to count from zero."""
    refused = refusing(NOON, (Reason.NO_DATA, "too many series"))

    assert load(refused.dump()) == refused


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"version":1}', b'{"version":2}', b"\xff", b"null"])
def test_a_snapshot_of_another_version_is_not_read(data: bytes) -> None:
    """An unreadable snapshot is a first poll, not a crash."""
    assert load(data) is None


def test_a_dump_is_compact() -> None:
    """Targets and layouts stand once: a label set with seven buckets takes less than 120 bytes."""
    many = [series for number in range(500) for series in requests(NOON, number, path=f"/p/{number}")]

    data = snapshot(NOON, counters=many, health=up(NOON)).dump()

    assert len(data) < 500 * 120
    assert len(json.loads(data)["layouts"]) == 1


async def test_a_call_is_run_beside_the_loop() -> None:
    """It returns what it returns and raises what it raises."""
    calls = OneAtATime[str]("test")

    assert await calls.run(lambda: threading.current_thread().name) == "test"
    with pytest.raises(ZeroDivisionError):
        await calls.run(lambda: str(1 // 0))
    assert await calls.run(lambda: "again") == "again"


async def test_an_abandoned_call_holds_back_the_next_until_it_ends() -> None:
    """Calls to a server that hangs must not pile up."""
    calls = OneAtATime[int]("test")
    release = threading.Event()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(calls.run(lambda: int(release.wait(5))), 0.05)

    with pytest.raises(StillBusyError):
        await calls.run(lambda: 2)
    release.set()
    deadline = monotonic() + 2
    while monotonic() < deadline:
        try:
            assert await calls.run(lambda: 3) == 3
            break
        except StillBusyError:
            await asyncio.sleep(0.01)
    else:
        pytest.fail("the thread is still busy 2 s after its call came back")


async def test_the_loop_goes_on_while_a_call_hangs() -> None:
    """Another source's poll takes no longer for it."""
    calls = OneAtATime[None]("test")
    task = asyncio.create_task(calls.run(lambda: sleep(0.3)))
    start = monotonic()
    for _ in range(10):
        await asyncio.sleep(0.01)

    assert monotonic() - start < 0.25
    await task


def test_a_call_that_never_returns_does_not_keep_the_process() -> None:
    """The thread is a daemon: the process ends with its main thread."""
    program = (
        "import asyncio, time\n"
        "from collectors.prometheus.wire.thread import OneAtATime\n"
        "async def main():\n"
        "    try:\n"
        "        await asyncio.wait_for(OneAtATime('hung').run(lambda: time.sleep(60)), 0.05)\n"
        "    except TimeoutError:\n"
        "        print('over')\n"
        "asyncio.run(main())\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True
    )

    assert (done.stdout, done.stderr) == ("over\n", "")
