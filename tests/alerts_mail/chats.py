"""Discord and Telegram on the loopback: the limits that they publish, and the words of their refusals.

After https://discord.com/developers/docs/resources/webhook#execute-webhook and
https://core.telegram.org/bots/api#sendmessage.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

from demo.receivers.web import Arrival, Reply, Service


class Discord(Service):
    """One webhook of Discord."""

    PATH = "/api/webhooks/123456789012345678/s3cret-token-of-discord"

    def answer(self, arrival: Arrival) -> Reply:
        """Return Discord's answer."""
        body = arrival.body
        if arrival.path != self.PATH:
            return Reply(404, json.dumps({"message": "Unknown Webhook", "code": 10015}))
        if not isinstance(body, dict) or not 1 <= len(body.get("content", "")) <= 2000:
            return Reply(400, json.dumps({"message": "Invalid Form Body", "code": 50035}))
        if not 1 <= len(body.get("username", "x")) <= 80:
            return Reply(400, json.dumps({"message": "Invalid Form Body", "code": 50035}))
        return Reply(204)


def shown(content: str) -> str:
    """Return what Discord shows of a text, or fail where it would read markup, a link or a mention in it."""
    bare = re.sub(r"\\(.)", "", re.sub(r"https?://\S+", "", content))
    assert not re.search(r"[*_`~|\[\]<>#]|@\S", bare)
    return re.sub(r"\\(.)", r"\1", content)


class Telegram(Service):
    """One bot of Telegram."""

    PATH = "/bot123456789:s3cret_token_of_telegram/sendMessage"

    def answer(self, arrival: Arrival) -> Reply:
        """Return Telegram's answer."""
        body = arrival.body
        if arrival.path != self.PATH:
            return _refused(401, "Unauthorized")
        if not isinstance(body, dict) or body.get("parse_mode") != "HTML" or not body.get("text"):
            return _refused(400, "Bad Request: message text is empty")
        reader = _Reader()
        reader.feed(body["text"])
        reader.close()
        if reader.wrong:
            return _refused(400, f"Bad Request: can't parse entities: {reader.wrong}")
        if len(reader.text) > 4096:
            return _refused(400, "Bad Request: message is too long")
        return Reply(200, json.dumps({"ok": True, "result": {"message_id": 1}}))


class _Reader(HTMLParser):
    """Reads the little HTML that Telegram takes."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.wrong = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        """Take the tags that Apprise makes of a title."""
        if tag not in ("b", "i", "u", "s", "code", "pre") or attrs:
            self.wrong = f"unsupported tag {tag}"

    def handle_data(self, data: str) -> None:
        """Collect what is shown."""
        self.text += data


def read(html: str) -> str:
    """Return what Telegram shows."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text


def _refused(code: int, why: str) -> Reply:
    return Reply(code, json.dumps({"ok": False, "error_code": code, "description": why}))
