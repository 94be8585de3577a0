"""The receivers of all channels: what each is sent is written down and told in a sentence."""

import json
import smtplib
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from demo.channels import Channels
from demo.inbox import Inbox

SLACK = {"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "[OVER] Login"}}]}
RUN = {"type": "TextRun", "text": "[OVER] Login"}
CARD = {
    "type": "AdaptiveCard",
    "version": "1.4",
    "body": [{"type": "RichTextBlock", "inlines": [RUN]}],
}
ALERT = {
    "status": "resolved",
    "labels": {"alertname": "PerfBudgetBreach", "severity": "critical"},
    "annotations": {"summary": "[RESOLVED] Login", "incident": "i1"},
}


class Receiving:
    """All receivers with what they have said and written."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.file = folder / "received.jsonl"
        self.channels = Channels(Inbox(self.file, self.said.append), folder / "mails")

    def post(self, url: str, body: object) -> int:
        """Posts JSON and returns the status."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)

    def written(self) -> list[dict[str, Any]]:
        """Returns the lines of the file, without their times."""
        lines = [json.loads(line) for line in self.file.read_text().splitlines()]
        assert all(line.pop("received_at") for line in lines)
        return lines


@pytest.fixture
def receiving(tmp_path: Path) -> Iterator[Receiving]:
    """The receivers on free ports."""
    started = Receiving(tmp_path)
    with started.channels:
        yield started


def test_slack(receiving: Receiving) -> None:
    """The header is the title, and what Slack refuses is not told."""
    url = receiving.channels.addresses()["slack"]
    assert receiving.post(url, SLACK) == 200
    with pytest.raises(urllib.error.HTTPError, match="HTTP Error 400"):
        receiving.post(url, {})

    assert receiving.written() == [{"channel": "slack", "title": "[OVER] Login", "text": ""}]
    assert receiving.said == ["Alert received by slack: [OVER] Login"]


def test_teams(receiving: Receiving) -> None:
    """A card is told; one that never reaches the channel, though it was accepted, is told as lost."""
    url = receiving.channels.addresses()["teams"]
    for version in ("1.4", "9.9"):
        content = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": CARD | {"version": version},
        }
        assert receiving.post(url, {"type": "message", "attachments": [content]}) == 202

    assert receiving.said == [
        "Alert received by teams: [OVER] Login",
        "Alert lost by teams: not an Adaptive Card that Teams knows",
    ]


def test_pagerduty(receiving: Receiving) -> None:
    """An alert is opened and resolved by its key; the end of what never began is not told."""
    pagerduty = receiving.channels.addresses()["pagerduty"]
    event = {"routing_key": pagerduty["routing_key"], "dedup_key": "k1"}
    payload = {"summary": "[OVER] Login", "source": "metrics", "severity": "critical"}
    receiving.post(pagerduty["url"], event | {"event_action": "trigger", "payload": payload})
    receiving.post(pagerduty["url"], event | {"event_action": "resolve"})
    receiving.post(pagerduty["url"], event | {"event_action": "resolve", "dedup_key": "k2"})

    assert [(one["action"], one["key"]) for one in receiving.written()] == [
        ("trigger", "k1"),
        ("resolve", "k1"),
    ]
    assert receiving.said == [
        "Alert received by pagerduty: [OVER] Login",
        "Alert received by pagerduty: resolve: [OVER] Login",
    ]


def test_ntfy(receiving: Receiving) -> None:
    """Title and message are kept as they are, and what is printed is safe."""
    host = receiving.channels.addresses()["ntfy"]["host"]
    receiving.post(f"http://{host}/", {"topic": "on-call", "title": "\x1b[2J[OVER]", "message": "text"})

    assert receiving.written() == [{"channel": "ntfy", "title": "\x1b[2J[OVER]", "text": "text"}]
    assert receiving.said == ["Alert received by ntfy: ?[2J[OVER]"]


def test_alertmanager(receiving: Receiving) -> None:
    """Each alert of a group is told with its status, its severity and its summary."""
    receiving.post(receiving.channels.alertmanager_hook, {"version": "4", "alerts": [ALERT, ALERT]})

    line = {"channel": "alertmanager", "title": "resolved critical: [RESOLVED] Login", "text": ""}
    more = {"status": "resolved", "incident": "i1", "labels": ALERT["labels"]}
    assert receiving.written() == [line | more] * 2
    assert receiving.said == ["Alert received by alertmanager: resolved critical: [RESOLVED] Login"] * 2


def test_mail(receiving: Receiving, tmp_path: Path) -> None:
    """A mail is kept as a file, which the line names."""
    mail = EmailMessage()
    mail["Subject"] = "[OVER] Login"
    mail.set_content("35 of 412 were slow")
    place = receiving.channels.addresses()["mail"]
    with smtplib.SMTP(place["host"], place["port"], local_hostname="localhost") as client:
        client.send_message(mail, "headroom@erp.example", [place["to"]])

    (line,) = receiving.written()
    assert (line["channel"], line["title"], line["text"].strip()) == (
        "mail",
        "[OVER] Login",
        "35 of 412 were slow",
    )
    assert (tmp_path / "mails" / line["file"]).exists()
    assert receiving.said == ["Alert received by mail: [OVER] Login"]
