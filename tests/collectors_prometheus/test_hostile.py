"""Servers that hang, lie or flood: each gives one sentence, on time, and the next good answer is read."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from time import time
from typing import Any

import pytest

from headroom.observation import SourceError
from tests.collectors_prometheus.figures import LOGIN, METRIC, absent
from tests.collectors_prometheus.hostile import (
    OK,
    Behaviour,
    collector,
    hanging,
    prometheus,
    raw,
    refusal,
    resetting,
    says,
    serving,
    success,
)

LATE = "Prometheus at {place} did not answer within 0.7 s; is it overloaded, or behind a firewall?"
REFUSED = "Prometheus at {place} cannot be reached: %s; is it running, and is the address right?"
BROKEN_OFF = REFUSED % "the connection broke off"
NO_HTTP = REFUSED % "what answers does not speak HTTP"
ENDLESS = REFUSED % "the headers of its answer have no end"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
TOO_LARGE = (
    "the answer of Prometheus at {place} is larger than 32 MiB; drop labels with many values, or split "
    "the metric over several sources"
)
TOO_MANY = (
    "the answer of Prometheus at {place} holds more than 4000000 values; drop labels with many values, or "
    "split the metric over several sources"
)


BOMB = gzip.compress(bytes(2**20)) * 1024
"""A gigabyte of nothing, as gzip writes it: 1 MiB, a thousand times."""
RESET = REFUSED % "connection reset by peer"


def no_json(size: int, kind: str = "application/json") -> str:
    """Return the sentence about an answer that is no JSON."""
    return (
        f"what answers at {{place}} is no Prometheus: /api/v1/query gives {size} bytes ({kind}) that are no "
        "JSON; is the address that of a login page or a proxy?"
    )


def strange(what: str) -> str:
    """Return the sentence about JSON that Prometheus does not send."""
    return f"what answers at {{place}} is no Prometheus: {what}; is the address right?"


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        pytest.param(hanging, LATE, id="hangs"),
        pytest.param(
            raw(OK + b"Content-Length: 100\r\n\r\n", *[b"x"] * 100, pause=0.05), LATE, id="drips its body"
        ),
        pytest.param(
            raw(OK + b"Content-Length: 100\r\n\r\n{", pause=20), LATE, id="stops in the middle of its body"
        ),
        pytest.param(
            raw(OK + b"Content-Length: 100\r\n\r\n", b"{", b"x", *[b""] * 50, pause=0.4),
            LATE,
            id="stops after a late byte",
        ),
        pytest.param(
            raw(OK + b"Content-Length: 100\r\n\r\n{"),
            BROKEN_OFF,
            id="closes in the middle of its body",
        ),
        pytest.param(raw(), BROKEN_OFF, id="closes"),
        pytest.param(
            raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
            NO_HTTP,
            id="speaks another protocol",
        ),
        pytest.param(
            raw(b'{"status":"success","data":{"result":[]}}'),
            NO_HTTP,
            id="speaks HTTP/0.9, which is a body and nothing else",
        ),
        pytest.param(raw(b"HTTP/1.1 200 OK\r\nX: ", *[b"x"] * 100, pause=0.02), LATE, id="drips its headers"),
        pytest.param(raw(*[b"H"] * 100, pause=0.02), LATE, id="drips its status line"),
        pytest.param(
            raw(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 100_000, b"\r\n\r\n"), ENDLESS, id="sends a huge header"
        ),
        pytest.param(
            raw(*[b"HTTP/1.1 100 Continue\r\nX: %s\r\n\r\n" % (b"x" * 60_000)] * 600),
            TOO_LARGE,
            id="asks to continue without end",
        ),
        pytest.param(resetting(b"HTTP/1.1 200 OK\r\nContent-Le"), RESET, id="resets amid its headers"),
        pytest.param(
            resetting(OK + b"Content-Length: 100\r\n\r\n{"), RESET, id="resets in the middle of its body"
        ),
        pytest.param(raw(CHUNKED + b"zz\r\n{}\r\n"), BROKEN_OFF, id="sends a chunk of no size"),
        pytest.param(
            raw(CHUNKED + b"-5\r\n{}\r\n0\r\n\r\n"), BROKEN_OFF, id="sends a chunk of less than nothing"
        ),
        pytest.param(
            raw(CHUNKED + b"f" * 17 + b"\r\n{}\r\n"), BROKEN_OFF, id="announces a chunk of all the world"
        ),
        pytest.param(raw(CHUNKED, *[b"1\r\n \r\n" * 10_000] * 800), LATE, id="sends tiny chunks without end"),
        pytest.param(
            raw(OK, *[b"X-%d: y\r\n" % number for number in range(200)], b"\r\n"),
            ENDLESS,
            id="sends headers without end",
        ),
        pytest.param(
            raw(OK + b"\r\n", *[b" " * 2**20] * 40),
            TOO_LARGE,
            id="sends a huge body",
        ),
        pytest.param(
            says(b'{"data":[' + b"[]," * 2_000_000),
            TOO_MANY,
            id="sends a small body that is huge to keep",
        ),
        pytest.param(
            says(b"[" * 100_000),
            no_json(100000),
            id="nests without end",
        ),
        pytest.param(
            says('{"status":"success","data":{"result":['),
            no_json(38),
            id="truncates its JSON",
        ),
        pytest.param(
            says('{"status":"success","data":{"result":[NaN,"1"]}}'),
            no_json(48),
            id="writes NaN where JSON has none",
        ),
        pytest.param(
            says(b"\xff\xfe\xff"),
            no_json(3),
            id="sends no text",
        ),
        pytest.param(
            says("<html><form>password</form>", kind="text/html"),
            no_json(27, "text/html"),
            id="is a login page",
        ),
        pytest.param(
            says(gzip.compress(b"{}"), headers=("Content-Encoding: gzip",)),
            no_json(len(gzip.compress(b"{}"))),
            id="compresses unasked",
        ),
        pytest.param(
            says(BOMB, headers=("Content-Encoding: gzip",)), no_json(len(BOMB)), id="compresses a gigabyte"
        ),
        pytest.param(
            says(b'{"status":"success","data":{"result":["\xff\xfe","1"]}}'),
            no_json(49),
            id="puts what is no text into its JSON",
        ),
        pytest.param(
            says('{"status":"success","data":{"result":[1' + "0" * 5000 + ',"1"]}}'),
            no_json(5046),
            id="sends a number of 5,000 digits",
        ),
        pytest.param(
            says('{"status":"success","data":{"result":[1,"1"]},"status":"error","error":"no, after all"}'),
            "Prometheus at {place} answers without success: no, after all; see its log",
            id="says one key twice",
        ),
        pytest.param(
            says('{"status":"success"}'),
            strange("an answer without data.result"),
            id="leaves out the data",
        ),
        pytest.param(
            says('{"status":"success","data":[]}'),
            strange("an answer without data.result"),
            id="has a list for data",
        ),
        pytest.param(
            says(success("soon")),
            strange("no time in answer to time()"),
            id="has no clock",
        ),
        pytest.param(
            says(success(["NaN", "NaN"])),
            strange("no time in answer to time()"),
            id="has a clock of NaN",
        ),
        pytest.param(
            says(success([1, "1e300"])),
            strange("no time in answer to time()"),
            id="lives in another age",
        ),
        pytest.param(
            raw(b"HTTP/1.1 302 Found\r\nLocation: //[\r\n\r\n", *[b" " * 2**20] * 40),
            TOO_LARGE,
            id="redirects with a huge body",
        ),
    ],
)
async def test_a_server_that_misbehaves_gives_one_sentence_on_time(
    behaviour: Behaviour, sentence: str
) -> None:
    """Whatever it does, it ends before the next poll, says what happened, and leaves nothing behind."""
    with serving(behaviour) as server:
        error = await refusal(server.place)

        assert error.message == sentence.format(place=server.place)


def many(count: int) -> Iterable[dict[str, Any]]:
    """Return that many series of one metric."""
    now = time()
    return [
        {"metric": {"__name__": f"{METRIC}_bucket", "path": str(n)}, "values": [[now, "1"]]}
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("behaviour", "detail"),
    [
        pytest.param(
            prometheus(counters=many(20_001)),
            (
                "too many series: 20001 or more at {place}, and 20000 are read at most; drop labels with "
                "many values, such as raw URLs as path"
            ),
            id="too many series",
        ),
        pytest.param(
            prometheus(beside={"warnings": ["store 10.0.0.7 is gone\n", 5]}),
            (
                "the answer of Prometheus at {place} is incomplete: store 10.0.0.7 is gone; 5; see the "
                "stores behind it"
            ),
            id="warnings",
        ),
        pytest.param(
            prometheus(beside={"isPartial": True}),
            "the answer of Prometheus at {place} is incomplete: isPartial is set; see the stores behind it",
            id="partial",
        ),
        pytest.param(
            prometheus(counters_status="422 Unprocessable Entity"),
            "Prometheus at {place} refuses a query: 422; see its limits and version",
            id="refused",
        ),
    ],
)
async def test_a_metric_that_cannot_be_read_whole_is_blind_alone(behaviour: Behaviour, detail: str) -> None:
    """What is incomplete is no evidence; the source as a whole was read."""
    with serving(behaviour) as server:
        asking = collector(server.place)
        snapshot = await asking.fetch()
        await asking.close()

    reading = asking.difference(snapshot, snapshot)

    assert absent(reading, LOGIN) == ("no data", detail.format(place=server.place))
    assert reading.observations == ()


@pytest.mark.parametrize(
    ("counters", "what"),
    [
        ({"a": 1}, "a dict instead of a list of series"),
        ([[]], "a series of another form (TypeError)"),
        (
            [{"metric": {"le": ["x"]}, "values": [[0, "1"]]}],
            "samples of another time or type than was asked for",
        ),
        ([{"metric": {"a": {}}, "values": [["now", "1"]]}], "labels that are no texts"),
        (
            [{"metric": {"__name__": f"{METRIC}_bucket", "le": 5}, "values": [["now", "1"]]}],
            None,
        ),
        (
            [{"metric": {"__name__": f"{METRIC}_bucket", "le": "+Inf", "path": 5}, "values": [["now", "1"]]}],
            "labels that are no texts",
        ),
        (
            [{"metric": {"__name__": f"{METRIC}_bucket", "le": "+Inf", "x": 5}, "values": [["now", "1"]]}],
            None,
        ),
    ],
)
async def test_counters_of_another_form_end_the_poll_or_their_class(counters: Any, what: str | None) -> None:
    """Wrong types inside a good envelope: a sentence, or counters that are broken, never a crash."""
    now = time()
    for series in counters if isinstance(counters, list) else []:
        if series and series["values"][0][0] == "now":
            series["values"] = [[now, "1"]]
    with serving(prometheus(counters=counters)) as server:
        asking = collector(server.place)
        if what is None:
            snapshot = await asking.fetch()
            assert asking.difference(snapshot, snapshot).observations == ()
            assert asking.load(snapshot.dump()) is not None
        else:
            with pytest.raises(SourceError) as caught:
                await asking.fetch()
            assert caught.value.message == strange(what).format(place=server.place)
        await asking.close()
