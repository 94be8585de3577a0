"""Knocking at doors where something else than an application is: one sentence for each, in time."""

from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest

from collectors.http import knock
from collectors.http.decoding import MOST_PLAIN
from headroom.audit.application.facts import Answer
from headroom.policies import Application
from headroom.sources import Secret
from tests import servers
from tests.audit_application.application import ROWS, Page, serving
from tests.collectors_prometheus import hostile
from tests.collectors_prometheus.certificates import Authority

NOW = datetime(2026, 1, 8, 12, tzinfo=UTC)
HEAD = b"HTTP/1.1 200 OK\r\n"


async def asked(place: str, path: str = "/x", *, scheme: str = "http", seconds: float = 1.0) -> Answer:
    """Return the answer to one payload path."""
    application = Application(
        Secret(f"{scheme}://{place}"), live="", ready="", payloads=(path,), timeout=timedelta(seconds=seconds)
    )
    doors = await knock(application, NOW)
    return doors.payloads[0]


def dripping(piece: bytes) -> hostile.Behaviour:
    """Return the behaviour of a server that sends a piece every 0.05 s, without end."""
    return hostile.raw(*[piece] * 400, pause=0.05)


@pytest.mark.parametrize(
    "behaviour",
    [
        hostile.hanging,
        dripping(b"H"),
        hostile.raw(HEAD + b"\r\n", *[b"x"] * 400, pause=0.05),
        hostile.raw(HEAD, *[b"X: y\r\n"] * 400, pause=0.05),
    ],
)
async def test_time_ends_what_never_ends(behaviour: hostile.Behaviour) -> None:
    """A server that hangs, or drips its head or body, is left after the time of one answer."""
    with hostile.serving(behaviour) as server:
        began = monotonic()
        answer = await asked(server.place)

    assert monotonic() - began < 1.6
    assert answer.failure == (
        f"{server.place} did not answer in full within 1 s; is it overloaded, or behind a firewall?"
    )
    assert answer.status == 0


def endless(server: hostile.Server, write: hostile.Write, _: str) -> bool:
    """Say ten gigabytes come, and send them."""
    write(HEAD + b"Content-Length: 10000000000\r\n\r\n")
    while not server.gone.is_set():
        write(b"x" * 2**16)
    return False


async def test_ten_gigabytes_are_read_for_two_mebibytes() -> None:
    """What was read is told as a part."""
    with hostile.serving(endless) as server:
        answer = await asked(server.place, seconds=5)

    assert (answer.status, answer.size, answer.truncated) == (200, 2 * 2**20, True)
    assert answer.packed is not None
    assert answer.packed < 10_000


async def test_a_bomb_is_unpacked_up_to_a_bound() -> None:
    """A gigabyte of zeros in one megabyte neither fills the memory nor takes its time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(packer.compress(bytes(2**20)) for _ in range(1024)), packer.flush()])
    with serving(x=Page(bomb, headers={"Content-Encoding": "gzip"})) as app:
        began = monotonic()
        answer = await asked(app.place)

    assert monotonic() - began < 1
    assert (answer.plain, answer.size, answer.truncated) == (MOST_PLAIN, len(bomb), True)


@pytest.mark.parametrize(
    ("body", "encoding", "shown"),
    [
        (b"\xff\xfe no gzip", "gzip", "gzip"),
        (gzip.compress(ROWS), "br", "br"),
        (ROWS, "s3cret-word", "other"),
        (gzip.compress(gzip.compress(ROWS)), "gzip, gzip", "gzip, gzip"),
    ],
)
async def test_what_cannot_be_unpacked_is_told_so(body: bytes, encoding: str, shown: str) -> None:
    """And words that are no encoding are not repeated."""
    with serving(x=Page(body, headers={"Content-Encoding": encoding})) as app:
        answer = await asked(app.place)

    assert (answer.status, answer.encoding, answer.plain, answer.size) == (200, shown, None, len(body))


@pytest.mark.parametrize("raw", [False, True])
async def test_deflate_is_unpacked_with_or_without_its_frame(raw: bool) -> None:
    """Servers disagree about what deflate means."""
    packer = zlib.compressobj(wbits=-15 if raw else 15)
    body = packer.compress(ROWS) + packer.flush()
    with serving(x=Page(body, headers={"Content-Encoding": "deflate"})) as app:
        answer = await asked(app.place)

    assert (answer.encoding, answer.plain) == ("deflate", len(ROWS))


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("https://me:pw@login.example/?token=s3cret", "login.example"),
        ("/elsewhere?token=s3cret", "another path"),
        ("http://[", "nowhere"),
    ],
)
async def test_a_redirect_is_said_and_not_followed(location: str, there: str) -> None:
    """Of where it leads only the host is shown."""
    with serving(x=Page(b"", 302, {"Location": location}), elsewhere=Page(b"here")) as app:
        answer = await asked(app.place)

    assert len(app.asked) == 1
    assert answer.status == 302
    assert answer.failure == (f"it redirects to {there}; redirects are not followed: declare the final path")


@pytest.mark.parametrize(
    ("pieces", "cause"),
    [
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), "what answers does not speak HTTP"),
        ((b"\xe4\xf6\xfc\xff" * 100 + b"\r\n\r\n",), "what answers does not speak HTTP"),
        ((), "the connection broke off"),
        ((HEAD + b"Content-Length: 100\r\n\r\nshort",), "the connection broke off"),
        ((HEAD + b"X: " + b"y" * 300_000 + b"\r\n\r\n",), "the headers of its answer have no end"),
        ((HEAD, *[b"X: %s\r\n" % (b"y" * 60_000)] * 4, b"\r\n"), "the headers of its answer have no end"),
        ((HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",), "the connection broke off"),
    ],
)
async def test_what_is_not_http_is_one_sentence(pieces: tuple[bytes, ...], cause: str) -> None:
    """The words of whatever answers are not repeated."""
    with hostile.serving(hostile.raw(*pieces)) as server:
        answer = await asked(server.place)

    assert answer.failure == (
        f"{server.place} gives no answer: {cause}; is it running, and is application.url right?"
    )


async def test_headers_in_latin_1_do_no_harm() -> None:
    """The answer is as good as any other."""
    with hostile.serving(
        hostile.raw(HEAD + b"X-Name: J\xfcrgen\r\nContent-Encoding: \xe4\r\n\r\n{}")
    ) as server:
        answer = await asked(server.place)

    assert (answer.status, answer.encoding, answer.size) == (200, "other", 2)


async def test_nobody_listens() -> None:
    """The operating system's words are enough."""
    place = servers.free_place()
    answer = await asked(place)

    assert answer.failure == (
        f"{place} gives no answer: connection refused; is it running, and is application.url right?"
    )


async def test_tls_against_a_server_without_it() -> None:
    """The address wants http."""
    with serving() as app:
        answer = await asked(app.place, scheme="https")

    assert answer.failure == f"{app.place} does not speak TLS; write application.url with http://"


async def test_a_certificate_of_nobody_known(tmp_path: Path) -> None:
    """It is not believed, and the sentence says what to do."""
    pair = Authority.founded(tmp_path, "somebody").issue("app")
    web = {"tls_server_config": {"cert_file": str(pair.cert), "key_file": str(pair.key)}}
    with servers.prometheus(tmp_path, [], web=web) as place:
        answer = await asked(place, scheme="https")

    assert answer.failure == (
        f"{place} is not believed to be the application: its certificate does not hold (unable to get local "
        "issuer certificate); write the name that it is for into application.url, or an address of http that "
        "is not seen from outside"
    )


async def test_after_two_silent_doors_the_others_are_not_waited_for() -> None:
    """An application that is gone costs the audit two waits, not twenty."""
    paths = tuple(f"/{number}" for number in range(5))
    with hostile.serving(hostile.hanging) as server:
        application = Application(
            Secret(f"http://{server.place}"),
            live="",
            ready="",
            payloads=paths,
            timeout=timedelta(seconds=0.3),
        )
        began = monotonic()
        doors = await knock(application, NOW)

    assert monotonic() - began < 1.5
    assert [one.failure for one in doors.payloads[2:]] == [
        f"not asked: {server.place} gave no answer 2 times in a row"
    ] * 3


async def test_a_health_endpoint_that_is_not_there_at_first_is_asked_again() -> None:
    """What came of the first try stays beside the answer."""
    with hostile.serving(hostile.resetting(), hostile.says('{"status": "OK"}')) as server:
        application = Application(Secret(f"http://{server.place}"), ready="", timeout=timedelta(seconds=1))
        doors = await knock(application, NOW)

    assert doors.live is not None
    assert doors.live.status == 200
    assert doors.live.before == (
        (
            f"{server.place} gives no answer: connection reset by peer; is it running, and is "
            "application.url right?"
        ),
    )


@pytest.mark.parametrize("path", ["http://elsewhere/x", "//elsewhere/x", "/../../x", "/x y\r\nHost: z"])
async def test_a_path_never_leads_to_another_server(path: str) -> None:
    """Whatever is declared, it is a path of this application."""
    with serving() as app:
        answer = await asked(app.place, path)

    assert answer.status == 404 or answer.failure
    assert all(headers["Host"] == app.place for _, headers in app.asked)
