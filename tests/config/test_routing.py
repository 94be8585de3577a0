"""Alerts find their channels."""

from __future__ import annotations

from pathlib import Path

from headroom.budgets import Severity
from headroom.config import load
from headroom.routing import Route, channels_for

GOOD = (Path(__file__).parent / "good.yaml").read_text()


def test_routes_of_the_file(tmp_path: Path) -> None:
    """Channels are found by severity and budget, each once, in the file's order; no condition takes all."""
    path = tmp_path / "budgets.yaml"
    path.write_text(
        GOOD + "alerts:\n"
        "  channels:\n"
        "    pager: {kind: webhook, url: 'https://127.0.0.1/pager', timeout: 3s}\n"
        "    chat: {kind: webhook, url: 'https://127.0.0.1/chat'}\n"
        "  routes:\n"
        "    - {channels: [pager], severities: [critical], budgets: 'api.*'}\n"
        "    - {channels: [chat, pager], budgets: ['*.login']}\n"
    )
    config = load(path, {})
    assert [(channel.name, channel.timeout.total_seconds()) for channel in config.channels] == [
        ("pager", 3.0),
        ("chat", 10.0),
    ]
    assert channels_for(config.routes, "api.login", Severity.CRITICAL) == ("pager", "chat")
    assert channels_for(config.routes, "api.login", Severity.WARNING) == ("chat", "pager")
    assert channels_for(config.routes, "api.read", Severity.CRITICAL) == ("pager",)
    assert channels_for(config.routes, "db.list", Severity.CRITICAL) == ()


def test_a_route_takes_all_by_default() -> None:
    """A route that names only channels takes every alert."""
    assert all(Route(("a",)).takes("resource.cpu", severity) for severity in Severity)
