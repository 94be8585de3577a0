"""Knocking at the doors of an application that is well."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from time import sleep

import pytest

from collectors.http import knock
from collectors.http.place import Place
from headroom.audit.application.facts import Doors
from headroom.observation import SourceError
from headroom.policies import Application
from headroom.sources import Secret
from tests.audit_application.application import ROWS, UP, Page, page, serving

NOW = datetime(2026, 1, 8, 12, tzinfo=UTC)


async def knocked(
    url: str, *payloads: str, live: str = "/health/live", ready: str = "/health/ready"
) -> Doors:
    """Return what the doors at an address answer, within 2 s each."""
    application = Application(
        Secret(url), live=live, ready=ready, payloads=payloads, timeout=timedelta(seconds=2)
    )
    return await knock(application, NOW)


async def test_each_door_is_asked_once_by_get_and_its_answer_is_measured() -> None:
    """Health words, sizes and encodings come out; one compressed answer is asked for without packing, too."""
    with serving() as app:
        doors = await knocked(app.url, "/bookings", "/plain")

    assert [path for path, _ in app.asked] == [
        "/health/live",
        "/health/ready",
        "/bookings",
        "/plain",
        "/bookings",
    ]
    assert [headers["Accept-Encoding"] for _, headers in app.asked] == [*["gzip"] * 4, "identity"]
    assert doors.live is not None
    assert (doors.live.status, doors.live.said, doors.live.failure) == (200, {"status": "ok"}, "")
    assert doors.ready is not None
    assert doors.ready.said == {"database": "up", "cache": "up"}
    packed, plain = doors.payloads
    small = len(gzip.compress(ROWS, 6, mtime=0))
    assert (packed.encoding, packed.size, packed.plain, packed.packed) == ("gzip", small, len(ROWS), None)
    assert (plain.encoding, plain.size, plain.plain, plain.packed) == ("", len(ROWS), len(ROWS), small)
    assert (packed.bare, plain.bare) == ("", None)
    assert 0 < plain.seconds < 1


async def test_who_compresses_for_everybody_is_told() -> None:
    """It heeds nobody's Accept-Encoding."""
    body = gzip.compress(ROWS, 6, mtime=0)
    with serving(x=Page(body, headers={"Content-Encoding": "gzip"})) as app:
        doors = await knocked(app.url, "/x", live="", ready="")

    assert [one.bare for one in doors.payloads] == ["gzip"]


async def test_only_gzip_is_asked_for_and_nothing_of_the_environment_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy of the environment is not used, no cookie comes back, and the login is that of the URL."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(bookings=page([], headers={"Set-Cookie": "session=1"})) as app:
        await knocked(app.url.replace("//", "//me:pass%20word@"), "/bookings", "/plain")

    headers = app.asked[-1][1]
    assert headers["Accept-Encoding"] == "gzip"
    assert headers["Authorization"] == "Basic bWU6cGFzcyB3b3Jk"
    assert "Cookie" not in headers


async def test_a_path_behind_a_prefix_and_without_a_slash_is_found() -> None:
    """The address may end in a path, which all doors are behind."""
    with serving(api_x=page({"status": "OK"})) as app:
        doors = await knocked(f"{app.url}/api/", live="x", ready="")

    assert doors.live is not None
    assert doors.live.status == 200
    assert doors.ready is None


async def test_at_most_twenty_payloads_are_asked() -> None:
    """The rest is told as not asked."""
    with serving() as app:
        doors = await knocked(app.url, *[f"/plain?page={number}" for number in range(22)])

    assert len(app.asked) == 22
    assert [one.failure for one in doors.payloads[19:]] == [
        "",
        *["not asked: 20 paths are asked at most"] * 2,
    ]


async def test_a_slow_health_endpoint_is_asked_again_and_the_best_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first request may have had to wait for a cold start; what it took is kept beside the answer."""
    monkeypatch.setattr("collectors.http.doors.SLOW", 0.2)
    with serving() as app:

        class Cold(dict[str, Page]):
            def get(self, path: str, default: Page | None = None) -> Page | None:  # type: ignore[override]
                if len(app.asked) == 1:
                    sleep(0.3)
                return super().get(path, default)

        app.pages = Cold(app.pages)
        doors = await knocked(app.url, ready="")

    assert doors.live is not None
    assert (doors.live.status, doors.live.before, len(app.asked)) == (200, ("0.3 s",), 2)
    assert doors.live.seconds < 0.2


async def test_a_ready_of_503_is_an_answer_and_not_asked_again() -> None:
    """It says the truth the first time."""
    down = {**UP, "cache": {"key": "cache", "status": "down", "error": "connect ECONNREFUSED"}}
    with serving(health_ready=page(down, status=503)) as app:
        doors = await knocked(app.url, live="")

    assert doors.ready is not None
    assert (doors.ready.status, doors.ready.said) == (503, {"database": "up", "cache": "down"})
    assert len(app.asked) == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (None, "APP_URL is not set"),
        (
            "redis://user:s3cret@x",
            "the address of the application is none of HTTP: write application.url as http://host:3000",
        ),
        (
            "http://",
            "the address of the application is none of HTTP: write application.url as http://host:3000",
        ),
        (
            "http://a:b:c",
            "the address of the application is none of HTTP: write application.url as http://host:3000",
        ),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused(url: str | None, message: str) -> None:
    """The sentence repeats nothing of the address."""
    with pytest.raises(SourceError) as caught:
        Place.of(Application(None if url is None else Secret(url), unset="APP_URL"))

    assert caught.value.message == message
