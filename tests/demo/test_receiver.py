"""The webhook receiver, over real connections."""

import http.client
import json
import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from demo import receiver as receiver_module
from demo.inbox import Inbox
from demo.received import BadAlertError, read_alerts
from demo.receiver import LARGEST_BYTES, Receiver

ALERT = {"incident": 7, "budget": "api.login", "status": "firing", "statistic": "p95", "severity": "critical"}


class Listening:
    """A receiver with what it has said and written."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.file = folder / "received.jsonl"
        self.receiver = Receiver(Inbox(self.file, self.said.append))
        self.port = urlsplit(self.receiver.url).port

    def post(self, body: bytes) -> tuple[int, str]:
        """Posts a body and returns status and answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def raw(self, sent: bytes) -> bytes:
        """Sends bytes as they are and returns the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(sent)
            return connection.makefile("rb").read()


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Listening]:
    """A receiver on a free port."""
    started = Listening(tmp_path)
    yield started
    started.receiver.close()


def test_alert(listening: Listening) -> None:
    """An alert becomes one line of the file, all its keys kept, and one sentence."""
    before = datetime.now(UTC)

    assert listening.post(json.dumps(ALERT).encode()) == (200, "received")

    (line,) = listening.file.read_text().splitlines()
    written = json.loads(line)
    received_at = datetime.fromisoformat(written.pop("received_at"))
    assert written == {"channel": "webhook"} | ALERT
    assert abs((received_at - before).total_seconds()) < 5
    assert listening.said == ["Alert received: api.login p95 is firing (incident 7)"]


def test_second_alert_is_appended(listening: Listening) -> None:
    """A second alert is a second line."""
    listening.post(json.dumps(ALERT).encode())
    listening.post(json.dumps({**ALERT, "status": "resolved"}).encode())

    statuses = [json.loads(line)["status"] for line in listening.file.read_text().splitlines()]
    assert statuses == ["firing", "resolved"]


def test_alerts_that_are_told_together(listening: Listening) -> None:
    """A message of several alerts becomes a line and a sentence for each."""
    both = {"status": "firing", "title": "[OVER] 2 budgets", "alerts": [ALERT, {**ALERT, "incident": 8}]}

    assert listening.post(json.dumps(both).encode()) == (200, "received")

    incidents = [json.loads(line)["incident"] for line in listening.file.read_text().splitlines()]
    assert incidents == [7, 8]
    assert [sentence[-12:] for sentence in listening.said] == ["(incident 7)", "(incident 8)"]


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"{", "not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"[1]", "not a JSON object"),
        (b'{"budget": "b", "status": "firing"}', "the key incident is missing"),
        (b'{"incident": [1], "budget": "b", "status": "firing"}', "incident is neither text nor a number"),
        (b'{"alerts": [{"budget": "b"}]}', "the key incident is missing"),
        (b'{"alerts": [7]}', "not a JSON object"),
        (b'{"incident": NaN, "budget": "b", "status": "s"}', "not JSON: NaN is no JSON"),
        (b'{"incident": 1e999, "budget": "b", "status": "s"}', "a number is too large"),
    ],
)
def test_junk(body: bytes, answer: str, listening: Listening, caplog: pytest.LogCaptureFixture) -> None:
    """What is no alert is answered 400 with the reason, which is logged, and is not written down."""
    with caplog.at_level(logging.WARNING):
        assert listening.post(body) == (400, answer)

    assert caplog.messages == [f"answered 400: {answer}"]
    assert not listening.file.exists()
    assert listening.said == []


def test_deeply_nested() -> None:
    """A body nested too deeply to be read is junk, not a crash."""
    with pytest.raises(BadAlertError, match="not JSON"):
        read_alerts(b"[" * 60_000)


@pytest.mark.parametrize("size", [LARGEST_BYTES + 1, 10 * LARGEST_BYTES])
def test_huge(size: int, listening: Listening) -> None:
    """A body over 1 MiB is answered 413, and the sender gets to read that."""
    assert listening.post(b" " * size) == (413, "more than 1048576 bytes")


def test_largest(listening: Listening) -> None:
    """A body of exactly 1 MiB is read."""
    body = json.dumps(ALERT).encode()

    assert listening.post(body + b" " * (LARGEST_BYTES - len(body))) == (200, "received")


def test_no_length(listening: Listening) -> None:
    """A body without a length is refused unread."""
    answer = listening.raw(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.0 411 ")


def test_slow_sender(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender who does not finish is answered 408 when its time is up."""
    monkeypatch.setattr(receiver_module, "READ_SECONDS", 0.2)

    answer = listening.raw(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")

    assert answer.startswith(b"HTTP/1.0 408 ")
    assert answer.endswith(b"the body took longer than 0.2 s")


def test_terminal_is_safe(listening: Listening) -> None:
    """Control characters and length of what arrives do not reach the terminal."""
    listening.post(json.dumps({**ALERT, "budget": "\x1b[2Jx" + "y" * 200, "incident": None}).encode())

    assert listening.said == [f"Alert received: ?[2Jx{'y' * 75} p95 is firing (incident null)"]
