"""The command on absurd input: no file, a broken one, nothing configured, dead sources, and no Prometheus."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests import servers
from tests.doctor.doctoring import doctor

BUDGET = """
  - id: api.read
    title: Reads
    measure: {histogram: http_request_duration_seconds, source: metrics, class: endpoints.read}
    window: 1m
    limits: [{statistic: p95, max: 200ms}]
"""
CPU = """
  - id: cpu
    title: CPU
    measure: {resource: cpu, source: other}
    window: 1m
    limits: [{statistic: average, max: 100%}]
"""
EVERY = "1s"


def _written(folder: Path, url: str, *, extra: str = "", budgets: str = BUDGET) -> Path:
    path = folder / "budgets.yaml"
    path.write_text(
        f"""version: 1
sources:
  metrics: {{kind: prometheus, url: "{url}", every: {EVERY}}}
{extra}
classes:
  endpoints: [{{name: read, method: GET}}]
budgets:
{budgets}"""
    )
    return path


@pytest.fixture
def website() -> Iterator[str]:
    """A web server that is no Prometheus, and gives its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<html>Welcome to the intranet</html>")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_no_file(tmp_path: Path) -> None:
    """Without a configuration the command ends with 2 and says how to get one."""
    told = doctor(tmp_path / "budgets.yaml")

    assert told.code == 2
    assert told.out == ""
    assert "found a file that is missing" in told.errors
    assert "`headroom init` writes one" in told.errors


def test_a_broken_file(tmp_path: Path) -> None:
    """Every fault of the file is printed, and nothing is looked at."""
    path = _written(tmp_path, "http://127.0.0.1:1")
    path.write_text(path.read_text().replace("max: 200ms", "max: 200"))

    told = doctor(path, "--strict")

    assert told.code == 2
    assert "budgets[0].limits[0].max" in told.errors


def test_wrong_usage(tmp_path: Path) -> None:
    """A form that does not exist is refused."""
    assert doctor(tmp_path / "budgets.yaml", "--format", "xml").code == 2


def test_nothing_configured(tmp_path: Path) -> None:
    """A source whose variable is not set cannot be checked, is told so, and is no source that is away."""
    path = _written(tmp_path, "${HEADROOM_PROMETHEUS_URL}")

    told = doctor(path, "--format", "json")

    assert told.code == 0
    assert told.states["source:metrics"] == "cannot check"
    assert told.details["source:metrics"] == (
        "not configured: the environment variable HEADROOM_PROMETHEUS_URL is not set"
    )
    assert told.errors == ""
    assert doctor(path, "--strict").code == 3


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    """A refused connection ends with 4 and the sentence that a poll gives, whatever else is found."""
    place = servers.free_place()
    told = doctor(_written(tmp_path, f"http://someone:secret@{place}"), "--format", "json", "--strict")

    assert told.code == 4
    assert told.states == {"source:metrics": "cannot check"}
    assert told.details["source:metrics"] == (
        f"unreachable: Prometheus at {place} cannot be reached: connection refused; is it running, and is "
        "the address right?"
    )
    assert "secret" not in told.out + told.errors


def test_something_else_answers(tmp_path: Path, website: str) -> None:
    """A web server that is no Prometheus is told as such, and quoted nowhere."""
    told = doctor(_written(tmp_path, website))

    assert told.code == 4
    assert "what answers at 127.0.0.1:" in told.out
    assert "is no Prometheus" in told.out
    assert "intranet" not in told.out + told.errors


def test_an_empty_prometheus(tmp_path: Path) -> None:
    """A Prometheus that scrapes nothing is sound in itself, and gives nothing to judge."""
    (tmp_path / "prometheus").mkdir()
    with servers.prometheus(tmp_path / "prometheus", []) as place:
        dead = f'  other: {{kind: prometheus, url: "http://{servers.free_place()}", every: {EVERY}}}'
        told = doctor(
            _written(tmp_path, f"http://{place}", extra=dead, budgets=BUDGET + CPU), "--format", "json"
        )

    assert told.code == 4
    assert told.states["source:metrics"] == "pass"
    assert told.states["server:metrics"] == "pass"
    assert told.states["clock:metrics"] == "pass"
    assert told.states["targets:metrics"] == "fail"
    assert told.states["evidence:api.read"] == "fail"
    assert told.states["decidable:api.read:p95"] == "cannot check"
    assert told.states["source:other"] == "cannot check"
    assert told.states["never:cpu:average"] == "fail"
    assert told.errors.startswith("Looking at 2 of 2 sources, metrics, other polled twice: this takes 1 s.")


def test_a_prometheus_without_budgets(tmp_path: Path) -> None:
    """A source that no budget asks anything of is looked at all the same."""
    (tmp_path / "prometheus").mkdir()
    with servers.prometheus(tmp_path / "prometheus", []) as place:
        extra = f'  other: {{kind: prometheus, url: "http://{place}", every: {EVERY}}}'
        told = doctor(_written(tmp_path, f"http://{place}", extra=extra), "--format", "json")

    assert told.code == 0
    assert told.states["server:other"] == "pass"
    assert not any(ident.startswith(("evidence:guide", "review:guide")) for ident in told.states)
