"""The few questions that only the doctor asks, to a real Prometheus and to servers that answer nonsense."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep, time
from typing import Any
from urllib.parse import urlsplit

import pytest

from collectors.prometheus.examine.server import Answers, Questions
from collectors.prometheus.wire.address import Address
from collectors.prometheus.wire.session import BoundedSession
from headroom.sources import Secret, Source, SourceKind
from tests import servers

DATE = "Sat, 01 Aug 2026 12:00:00 GMT"
NOON = 1_785_585_600


def _ask(place: str, *silent: str) -> Answers:
    source = Source("metrics", SourceKind.PROMETHEUS, Secret(f"http://{place}"), timedelta(seconds=5))
    address = Address.of(source)
    session = BoundedSession(address)
    with session.within(3):
        answers = Questions(address.base, session).ask(silent)
    session.close()
    return answers


@contextmanager
def _answering(pages: Mapping[str, Any]) -> Iterator[str]:
    """Run a server that gives these values as JSON by their path, 404 otherwise, always of one date."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = pages.get(urlsplit(self.path).path)
            self.send_response_only(200 if data is not None else 404)
            self.send_header("Date", DATE)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps({"status": "success", "data": data}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_real_prometheus(tmp_path: Path) -> None:
    """It tells its version and its time, says nothing beside its answers, and has no target twice."""
    with servers.prometheus(tmp_path, []) as place:
        said = _ask(place, "http_request_duration_seconds")

    assert said.version.startswith("2.42")
    assert said.ahead is not None
    assert said.ahead[0] <= 0.01
    assert said.ahead[1] >= -0.01
    assert (said.victoria, said.doubled, said.complaints, said.remarks, said.refused) == (
        False,
        (),
        (),
        (),
        (),
    )
    assert said.declared == {"http_request_duration_seconds": ()}


def test_who_declares_a_histogram(tmp_path: Path) -> None:
    """A target that only declares a histogram is found by its metadata."""
    text = "# HELP quiet_seconds Quiet.\n# TYPE quiet_seconds histogram\n"
    pages: dict[str, str] = {"/metrics": text}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(pages["/metrics"].encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    target = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=target.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    there = f"127.0.0.1:{target.server_port}"
    try:
        with servers.prometheus(tmp_path, servers.scraping({"erp": [there]})) as place:
            deadline = time() + 20
            while not (found := _ask(place, "quiet_seconds").declared["quiet_seconds"]):
                assert time() < deadline, "its metadata never came"
                sleep(0.1)
    finally:
        target.shutdown()
        target.server_close()
        thread.join()

    assert found == (("erp", there),)


def test_a_server_without_a_clock_is_told_by_its_header() -> None:
    """Where time() gives nothing usable, the header Date tells the time to the second."""
    with _answering({"/api/v1/query": {"result": "noon"}, "/api/v1/status/buildinfo": {}}) as place:
        said = _ask(place)

    assert said.version == ""
    assert said.ahead is not None
    assert said.ahead[0] == pytest.approx(NOON - time(), abs=2)
    assert 1 <= said.ahead[1] - said.ahead[0] < 2


def test_victoria_metrics_is_told_by_its_clock() -> None:
    """It makes a vector of a scalar, and calls itself a Prometheus otherwise."""
    clock = {"result": [{"metric": {}, "value": [1, str(time())]}]}
    with _answering({"/api/v1/query": clock, "/api/v1/status/buildinfo": {"version": "2.24.0"}}) as place:
        said = _ask(place)

    assert said.victoria
    assert said.ahead is not None
    assert abs(said.ahead[0]) < 2


@pytest.mark.parametrize(
    "nonsense", [[], [[]], "text", 3, {"result": None}, {"result": [{}]}, {"result": [[1]]}]
)
def test_nonsense_is_no_answer(nonsense: object) -> None:
    """Whatever a server sends, the questions come back, at worst without an answer."""
    pages = dict.fromkeys(("/api/v1/query", "/api/v1/status/buildinfo", "/api/v1/targets/metadata"), nonsense)
    with _answering(pages) as place:
        said = _ask(place, "some_seconds")

    assert said.version == ""
    assert said.declared == {"some_seconds": ()}


def test_what_is_refused_is_said() -> None:
    """A page that is not there is quoted, and the others are asked all the same."""
    with _answering({"/api/v1/query": {"result": [1, str(time())]}}) as place:
        said = _ask(place)

    assert said.ahead is not None
    assert said.refused == (
        f"Prometheus at {place} has no /api/v1/status/buildinfo: 404; check the path of its address",
    )
