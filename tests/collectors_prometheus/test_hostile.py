"""Servers that hang, lie or flood: each gives one sentence, on time, and the next good answer is read."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterable
from time import monotonic, time
from typing import Any

import pytest

from headroom.budgets import Reason
from headroom.observation import SourceError
from tests.collectors_prometheus.figures import LOGIN, METRIC, absent
from tests.collectors_prometheus.hostile import (
    EVERY,
    OK,
    Behaviour,
    collector,
    hanging,
    prometheus,
    raw,
    says,
    serving,
    success,
)

LATEST = 0.8 * EVERY
"""When the caller would give up."""


async def refusal(place: str, login: str = "") -> SourceError:
    """Return the error that one poll gives, after checking that it came before the caller gives up."""
    asking = collector(place, login)
    start = monotonic()
    with pytest.raises(SourceError) as caught:
        await asking.fetch()
    assert monotonic() - start < LATEST
    await asking.close()
    return caught.value


LATE = "Prometheus at {place} did not answer within 0.7 s; is it overloaded, or behind a firewall?"
REFUSED = "Prometheus at {place} cannot be reached: %s; is it running, and is the address right?"
BROKEN_OFF = REFUSED % "the connection broke off"
TOO_LARGE = (
    "the answer of Prometheus at {place} is larger than 32 MiB; drop labels with many values, or split "
    "the metric over several sources"
)
TOO_MANY = (
    "the answer of Prometheus at {place} holds more than 1500000 values; drop labels with many values, or "
    "split the metric over several sources"
)


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
            BROKEN_OFF,
            id="speaks another protocol",
        ),
        pytest.param(
            raw(OK, *[b"X-%d: y\r\n" % number for number in range(200)], b"\r\n"),
            BROKEN_OFF,
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
            says("[]"),
            "Prometheus at {place} answers without success: no reason given; see its log",
            id="answers with a list",
        ),
        pytest.param(
            says('{"status":"error","errorType":"execution","error":"query timed out\\nin expression"}'),
            "Prometheus at {place} answers without success: query timed out in expression; see its log",
            id="answers 200 with an error",
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
            says("upstream connect error\x1b[2J", status="503 Service Unavailable", kind="text/plain"),
            "Prometheus at {place} fails: 503 upstream connect error [2J; see its log",
            id="is down behind a proxy",
        ),
        pytest.param(
            says("<html>Bad Gateway</html>", status="502 Bad Gateway", kind="text/html"),
            "Prometheus at {place} fails: 502; see its log",
            id="shows a page of its proxy",
        ),
        pytest.param(
            says('{"status":"error","error":"max samples"}', status="422 Unprocessable Entity"),
            "Prometheus at {place} refuses a query: 422 max samples; see its limits and version",
            id="refuses the query",
        ),
        pytest.param(
            says("", status="404 Not Found"),
            "Prometheus at {place} has no /api/v1/query: 404; check the path of its address",
            id="has no such page",
        ),
        pytest.param(
            says(
                b"x" * 100,
                status="302 Found",
                headers=("Location: http://u:p@elsewhere.example:81/login?next=1",),
            ),
            (
                "Prometheus at {place} redirects to elsewhere.example:81 (302); redirects are not "
                "followed: give the final address"
            ),
            id="redirects to elsewhere",
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


async def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    """Nothing listens: the operating system's own words."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"

    error = await refusal(place, "ann:s3cret@")

    assert error.reason is Reason.UNREACHABLE
    assert error.message == (REFUSED % "connection refused").format(place=place)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_server_that_lets_nobody_in_is_not_permitted(status: str) -> None:
    """That is another reason than being out of reach."""
    with serving(says('{"error":"no such user"}', status=status)) as server:
        error = await refusal(server.place, "ann:s3cret@")

    assert (error.reason, error.message) == (
        Reason.NOT_PERMITTED,
        (
            f"Prometheus at {server.place} denies access: {status[:3]} no such user; check user and "
            "password in its address"
        ),
    )


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
