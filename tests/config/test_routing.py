"""Alerts find their channels."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from headroom.budgets import Severity
from headroom.config import Config, load
from headroom.routing import Route, Told, channels_for

GOOD = (Path(__file__).parent / "good.yaml").read_text()


AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def told(config: Config, budget: str, severity: Severity) -> tuple[str, ...]:
    """Return the channels that hear of an alert at noon."""
    found = channels_for(config.routes, Told(budget, severity), AT)
    assert set(found.values()) <= {AT}
    return tuple(found)


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
    assert told(config, "api.login", Severity.CRITICAL) == ("pager", "chat")
    assert told(config, "api.login", Severity.WARNING) == ("chat", "pager")
    assert told(config, "api.read", Severity.CRITICAL) == ("pager",)
    assert told(config, "db.list", Severity.CRITICAL) == ()


def test_a_route_takes_all_by_default() -> None:
    """A route that names only channels takes every alert."""
    assert all(Route(("a",)).takes(Told("resource.cpu", severity)) for severity in Severity)
