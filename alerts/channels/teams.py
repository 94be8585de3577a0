"""Microsoft Teams by a workflow: an Adaptive Card of text runs, in which Teams knows no Markdown."""

from __future__ import annotations

from typing import Any

from alerts.channels import ChannelError
from alerts.channels.refused import encoded, post_plainer
from alerts.link import web_address
from alerts.rendered import Rendered, rendered
from alerts.text import cut
from headroom.channels import Channel, Teams
from headroom.incidents import Message

_MOST_BYTES = 24_000
"""Teams takes 28 KB with what it adds, and refuses more after the workflow has answered: unseen by us."""

_STYLES = {"critical": "attention", "warning": "warning", "": "emphasis"}
_LONGEST = 1500


def send(channel: Channel, message: Message) -> str:
    """Post the message once and return the workflow's answer, which says only that it was queued.

    Raises:
        ChannelError: the message was not accepted.
    """
    assert isinstance(channel.receiver, Teams)
    words = rendered(message)
    answer = post_plainer(
        channel.receiver.url.reveal(),
        [_card(words, len(words.facts), len(words.lines), _actions(words)), _card(words, 0, 3, [])],
        key=message.key,
        within=channel.timeout.total_seconds(),
        ca=channel.receiver.ca,
    )
    # The connectors that workflows replaced told of failures with status 200.
    if answer.text.startswith("<") or "delivery failed" in answer.text.lower():
        raise ChannelError(
            f"the workflow answered {answer.status}, but not that it took the message; is its url complete?"
        )
    return f"{answer.status} {answer.text}".strip()


def _card(words: Rendered, facts: int, lines: int, actions: list[dict[str, Any]]) -> dict[str, Any]:
    """Return so many facts and lines, or as many of them as Teams takes: the facts are left out first."""
    while True:
        message = _message(words, _body(words, facts=facts, lines=lines), actions)
        if len(encoded(message)) <= _MOST_BYTES or not (facts or lines):
            return message
        facts, lines = (facts - 1, lines) if facts else (0, lines - 1)


def _message(words: Rendered, body: list[dict[str, Any]], actions: list[dict[str, Any]]) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": _plain(words.title),
        "msteams": {"width": "Full"},
        "body": body,
        **({"actions": actions} if actions else {}),
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "summary": _plain(words.title), "attachments": [attachment]}


def _body(words: Rendered, *, facts: int, lines: int) -> list[dict[str, Any]]:
    style = "good" if words.good else _STYLES.get(words.severity, "emphasis")
    title = _runs(_run(words.title, size="Medium", weight="Bolder"))
    body = [{"type": "Container", "style": style, "bleed": True, "items": [title]}]
    body += [_runs(_run(line)) for line in words.lines[:lines]]
    told = list(words.facts[:facts])
    if words.runbook and not web_address(words.runbook):
        told.insert(0, ("Runbook", words.runbook))
    rows = [
        _runs(_run(f"{name}: ", size="Small", weight="Bolder"), _run(value, size="Small"), spacing="None")
        for name, value in told
    ]
    return [*body, {"type": "Container", "separator": True, "items": rows}] if rows else body


def _actions(words: Rendered) -> list[dict[str, Any]]:
    named = ((words.link, "Open in Headroom"), (words.runbook, "Runbook"))
    return [
        {"type": "Action.OpenUrl", "title": name, "url": link} for link, name in named if web_address(link)
    ]


def _runs(*runs: dict[str, Any], spacing: str = "Small") -> dict[str, Any]:
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": list(runs)}


def _run(text: str, **look: str) -> dict[str, Any]:
    return {"type": "TextRun", "text": _plain(text) or "-", **look}


def _plain(text: str) -> str:
    """Return text that stands for itself: what is in double braces, cards replace by dates."""
    return cut(text.replace("{{", "{ {"), _LONGEST)
