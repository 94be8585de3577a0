"""Slack's incoming webhooks: the limits of its blocks and the words of its refusals.

After https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
https://docs.slack.dev/reference/block-kit/blocks.
"""

import re
from typing import Any

from demo.receivers.web import Arrival, Reply, Service

MOST_BLOCKS, MOST_FIELDS, LONGEST_TEXT = 50, 10, 40_000
LONGEST = {"header": 150, "section": 3000, "field": 2000}
FIELDS = frozenset(
    [
        "text",
        "blocks",
        "attachments",
        "mrkdwn",
        "parse",
        "link_names",
        "unfurl_links",
        "unfurl_media",
        "thread_ts",
        "username",
        "icon_emoji",
        "icon_url",
        "channel",
    ]
)
_LINK = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")


class Slack(Service):
    """One webhook; messages are what the channel shows."""

    def __init__(self, path: str = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX") -> None:
        super().__init__()
        self.path = path
        self.url = self.origin + path
        self.archived = False
        self.messages: list[dict[str, Any]] = []

    def answer(self, arrival: Arrival) -> Reply:
        """Returns Slack's answer and keeps what it takes."""
        if arrival.path != self.path:
            return Reply(404, "no_service")
        if self.archived:
            return Reply(410, "channel_is_archived")
        body = arrival.body
        if not isinstance(body, dict) or not arrival.headers.get("content-type", "").startswith(
            "application/json"
        ):
            return Reply(400, "invalid_payload")
        problem = _problem(body)
        if problem:
            return Reply(400, problem)
        self.messages.append(body)
        return Reply(200, "ok")


def shown(message: dict[str, Any]) -> str:
    """Returns what people read of a message, its links as name (address)."""
    lines = [
        _read(text["text"], markup=text["type"] == "mrkdwn")
        for block in _all_blocks(message)
        for text in (block.get("text"), *block.get("fields", ()))
        if text
    ]
    return "\n".join(lines or [_read(message.get("text", ""), markup=True)])


def links(message: dict[str, Any]) -> list[str]:
    """Returns everything in a message that Slack would make a link, a mention or a command."""
    texts = [message.get("text", "")]
    for block in _all_blocks(message):
        objects = (block.get("text"), *block.get("fields", ()))
        texts += [text["text"] for text in objects if text and text["type"] == "mrkdwn"]
    return [match[1] for text in texts for match in _LINK.finditer(text)]


def _all_blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    attached = [block for one in message.get("attachments", ()) for block in one.get("blocks", ())]
    return [*message.get("blocks", ()), *attached]


def _read(text: str, *, markup: bool) -> str:
    if not markup:
        return text
    text = _LINK.sub(lambda match: f"{match[2] or match[1]} ({match[1]})", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _problem(body: dict[str, Any]) -> str:
    """Returns the first thing that Slack refuses, in its word."""
    if not (body.get("text") or body.get("blocks") or body.get("attachments")):
        return "no_text"
    if set(body) - FIELDS:
        return "invalid_payload"
    if len(body.get("text", "")) > LONGEST_TEXT:
        return "msg_too_long"
    blocks, attachments = body.get("blocks", []), body.get("attachments", [])
    if not isinstance(blocks, list) or not isinstance(attachments, list) or len(attachments) > 100:
        return "invalid_payload"
    for group in (blocks, *(one.get("blocks", []) for one in attachments)):
        if len(group) > MOST_BLOCKS or not all(_fits(block) for block in group):
            return "invalid_blocks"
    return ""


def _fits(block: Any) -> bool:
    match block:
        case {"type": "header", "text": {"type": "plain_text"} as text, **rest}:
            return not rest and _text(text, LONGEST["header"])
        case {"type": "section", **rest}:
            fields: Any = rest.get("fields", [])
            text = rest.get("text")
            within = len(fields) <= MOST_FIELDS and all(_text(one, LONGEST["field"]) for one in fields)
            known = set(rest) <= {"text", "fields"} and bool(fields or text)
            return known and within and (text is None or _text(text, LONGEST["section"]))
        case {"type": "divider"}:
            return True
        case _:
            return False


def _text(text: Any, longest: int) -> bool:
    match text:
        case {"type": "plain_text", "text": str(words), **rest}:
            options = {"emoji"}
        case {"type": "mrkdwn", "text": str(words), **rest}:
            options = {"verbatim"}
        case _:
            return False
    # Slack counts as JavaScript does.
    return set(rest) <= options and 0 < len(words.encode("utf-16-le")) // 2 <= longest
