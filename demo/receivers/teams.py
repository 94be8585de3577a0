"""A workflow of Microsoft Teams that posts Adaptive Cards when its webhook is called.

It answers 202 as soon as the call has the right form; what is wrong with the card, only the run shows. After
https://learn.microsoft.com/en-us/connectors/teams/ (28 KB) and https://adaptivecards.io/explorer/.
"""

import json
from typing import Any

from demo.receivers.web import Arrival, Reply, Service

MOST_BYTES = 28 * 1024
CARD = "application/vnd.microsoft.card.adaptive"
VERSIONS = frozenset({"1.0", "1.1", "1.2", "1.3", "1.4", "1.5"})
STYLES = frozenset({"default", "emphasis", "good", "attention", "warning", "accent"})
_ELEMENTS = {
    "TextBlock": {"text", "size", "weight", "wrap", "color", "isSubtle"},
    "RichTextBlock": {"inlines"},
    "Container": {"items", "style", "bleed"},
}
_COMMON = {"type", "spacing", "separator", "id"}


class Teams(Service):
    """One workflow; `cards` are those that reached the channel, `failed` why others did not."""

    def __init__(self, path: str = "/workflows/0123/triggers/manual/paths/invoke?sig=secret") -> None:
        super().__init__()
        self.path = path
        self.url = self.origin + path
        self.cards: list[dict[str, Any]] = []
        self.failed: list[str] = []

    def answer(self, arrival: Arrival) -> Reply:
        """Returns the workflow's answer, and runs it."""
        if arrival.path.partition("?")[0] != self.path.partition("?")[0]:
            return Reply(404, '{"error":{"code":"WorkflowNotFound"}}')
        if arrival.path != self.path:
            return Reply(401, '{"error":{"code":"AuthorizationFailed"}}')
        match arrival.body:
            case {"type": "message", "attachments": [{"contentType": str(kind), "content": dict(card)}, *_]}:
                problem = _problem(kind, card, len(arrival.raw))
            case _:
                return Reply(400, '{"error":{"code":"TriggerInputSchemaMismatch"}}')
        if problem:
            self.failed.append(problem)
        else:
            self.cards.append(card)
        return Reply(202)


def shown(card: dict[str, Any]) -> str:
    """Returns what people read of a card, its buttons as [name] address."""
    lines = _lines(card["body"])
    return "\n".join([*lines, *(f"[{one['title']}] {one['url']}" for one in card.get("actions", ()))])


def marked_up(card: dict[str, Any]) -> list[str]:
    """Returns the texts that Teams would read as Markdown."""
    return [item["text"] for item in _items(card["body"]) if item["type"] == "TextBlock"]


def _items(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for item in items for one in (item, *_items(item.get("items", [])))]


def _lines(items: list[dict[str, Any]]) -> list[str]:
    lines = []
    for item in _items(items):
        if item["type"] == "RichTextBlock":
            lines.append("".join(run["text"] for run in item["inlines"]))
        elif item["type"] == "TextBlock":
            lines.append(item["text"])
    return lines


def _problem(kind: str, card: dict[str, Any], size: int) -> str:
    if size > MOST_BYTES:
        return "Request Entity too large"
    if kind != CARD or card.get("type") != "AdaptiveCard" or card.get("version") not in VERSIONS:
        return "not an Adaptive Card that Teams knows"
    problems = (_wrong(item) for item in _items(card.get("body", [])))
    found = next((problem for problem in problems if problem), "")
    if found:
        return found
    wrong = [action for action in card.get("actions", ()) if not _opens_a_page(action)]
    return f"an action that opens no page: {json.dumps(wrong[0])[:200]}" if wrong else ""


def _wrong(item: dict[str, Any]) -> str:
    known = _ELEMENTS.get(item.get("type", ""))
    if known is None or set(item) - known - _COMMON:
        return f"unknown element or property: {json.dumps(item)[:200]}"
    if item.get("style", "default") not in STYLES:
        return f"unknown style {item['style']}"
    return "" if all(_is_run(run) for run in item.get("inlines", ())) else "an inline that is no text run"


def _opens_a_page(action: dict[str, Any]) -> bool:
    web = action.get("url", "").startswith(("https://", "http://"))
    return action.get("type") == "Action.OpenUrl" and web


def _is_run(run: Any) -> bool:
    looks = {"type", "text", "size", "weight", "color", "isSubtle", "fontType"}
    return (
        isinstance(run, dict) and run.get("type") == "TextRun" and bool(run.get("text")) and set(run) <= looks
    )
