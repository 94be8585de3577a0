"""Slack by an incoming webhook: blocks of plain text, with links only where we made them ourselves."""

from __future__ import annotations

from typing import Any

from alerts.channels import ChannelError
from alerts.channels.refused import post_plainer
from alerts.link import web_address
from alerts.rendered import Rendered, rendered
from alerts.text import cut
from headroom.channels import Channel, Slack
from headroom.incidents import Message

_HEADER, _SECTION, _FIELD, _FIELDS, _TEXT = 150, 3000, 2000, 10, 4000
"""Slack's limits in characters (blocks: docs.slack.dev/reference/block-kit); of text it cuts 40,000."""

_COLOURS = {"critical": "#c62828", "warning": "#b26a00", "": "#546e7a"}
_GOOD = "#2e7d32"


def send(channel: Channel, message: Message) -> str:
    """Post the message once and return Slack's answer.

    Raises:
        ChannelError: the message was not accepted.
    """
    assert isinstance(channel.receiver, Slack)
    words = rendered(message)
    answer = post_plainer(
        channel.receiver.url.reveal(),
        [_blocks(words), _plain(words)],
        key=message.key,
        within=channel.timeout.total_seconds(),
        ca=channel.receiver.ca,
    )
    if answer.text.startswith("<"):
        raise ChannelError(
            "a web page answered instead of Slack; check the channel's url, and whether a proxy is in the way"
        )
    return f"{answer.status} {answer.text}".strip()


def _blocks(words: Rendered) -> dict[str, Any]:
    """Return the message in blocks.

    Whatever a source may have written is `plain_text`, in which Slack knows no markup, mention or link.
    """
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _text(words.title, _HEADER)}]
    blocks.append({"type": "section", "text": _text("\n".join(words.lines), _SECTION)})
    if links := _links(words):
        text = {"type": "mrkdwn", "text": links, "verbatim": True}
        blocks.append({"type": "section", "text": text})
    message = {**_envelope(_escaped(words.title)), "blocks": blocks}
    if sections := _facts(words):
        colour = _GOOD if words.good else _COLOURS.get(words.severity, _COLOURS[""])
        # Only an attachment can have a coloured edge; what it holds is folded away on a phone.
        message["attachments"] = [{"color": colour, "blocks": sections}]
    return message


def _plain(words: Rendered) -> dict[str, Any]:
    """Return the message as text alone."""
    links = [web_address(link) for link in (words.link, words.runbook)]
    text = "\n".join([words.title, *words.lines, *(link for link in links if link)])
    return _envelope(_escaped(cut(text, _TEXT)))


def _envelope(text: str) -> dict[str, Any]:
    # `parse` and `link_names` are what would turn @here and bare names into mentions.
    still = {"mrkdwn": False, "parse": "none", "link_names": False}
    return {"text": text, **still, "unfurl_links": False, "unfurl_media": False}


def _facts(words: Rendered) -> list[dict[str, Any]]:
    """Return sections with the facts, none of which is left out: a section takes so many."""
    facts = list(words.facts)
    if words.runbook and not web_address(words.runbook):
        facts.insert(0, ("Runbook", words.runbook))
    told = [_text(f"{name}: {value}", _FIELD) for name, value in facts]
    return [
        {"type": "section", "fields": told[begin : begin + _FIELDS]} for begin in range(0, len(told), _FIELDS)
    ]


def _links(words: Rendered) -> str:
    named = ((words.link, "Open in Headroom"), (words.runbook, "Runbook"))
    return "  ·  ".join(f"<{_escaped(link)}|{name}>" for link, name in named if web_address(link))


def _text(text: str, longest: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": cut(text, longest) or "-", "emoji": False}


def _escaped(text: str) -> str:
    """Return text that stands for itself where Slack reads markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
