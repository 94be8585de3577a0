"""A channel that is not reached for long keeps its messages, and the one that the file names is told too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headroom.history import History, open_history
from headroom.incidents import Notice
from tests.alerts.delivering import at_once, delivering, notice, queue, until, webhook
from tests.alerts.receiver import Receiver, answer


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Give a new history."""
    with open_history(str(tmp_path / "history.db"), collecting=True) as history:
        yield history


def texts(receiver: Receiver) -> list[str]:
    """Return what arrived, in order."""
    return [json.loads(arrival.body)["text"] for arrival in receiver.arrivals]


def alarm(key: str, status: str = "firing", severity: str = "critical") -> Notice:
    """Return a notice of one incident that says how severe it is."""
    one = notice("i1", key, status, channel="chat")
    fields = {**json.loads(one.payload), "severity": severity}
    return replace(one, payload=json.dumps(fields))


@pytest.mark.parametrize(
    ("severities", "fallback", "expected"),
    [
        (["critical"], "mail", ["0"]),
        (["warning"], "mail", []),
        (["warning", "critical"], "mail", ["1"]),
        (["critical"], "", []),
    ],
    ids=["critical", "a warning", "a warning that grew", "no fallback in the file"],
)
async def test_a_channel_that_fails_for_long_has_its_fallback_told(
    history: History, severities: list[str], fallback: str, expected: list[str]
) -> None:
    """By a clock of the test: after 15 minutes, once; the channel keeps its own, and both hear the end."""
    begun = now = datetime.now(UTC)
    queue(history, *(alarm(str(n), severity=severity) for n, severity in enumerate(severities)))
    with Receiver(answer(500)) as down, Receiver() as mail:
        two = [webhook("chat", down.url, fallback=fallback), webhook("mail", mail.url)]
        async with delivering(history, two, clock=lambda: now, spread=at_once) as deliverer:

            def later(condition: Callable[[], object]) -> bool:
                """Let a second pass, and tell whether it came about."""
                nonlocal now
                now += timedelta(seconds=1)
                deliverer.wake()
                return bool(condition())

            for minute in range(20):
                now = begun + timedelta(minutes=minute)
                tried = len(down.arrivals)
                await until(lambda tried=tried: later(lambda: len(down.arrivals) > tried))  # type: ignore[misc]
                if minute == 13:
                    assert mail.arrivals == []
            down.behaviours = [answer(200)]
            await until(lambda: later(lambda: not history.outbox_depth()))
            met = alarm("met", "resolved")
            queue(history, *(replace(met, channel=name) for name in sorted(history.told("i1"))))
            await until(lambda: later(lambda: not history.outbox_depth()))

    found = texts(mail)
    assert [text.rpartition(" ")[2] for text in found] == [*expected, *(["met"] if expected else [])]
    since = f"{begun:%Y-%m-%d %H:%M} UTC (the receiver answered 500); this waits for it too."
    assert all(f'Channel "chat" cannot be reached since {since}' in text for text in found[:1])
    last = [text.rpartition(" ")[2] for text in texts(down)[-2:]]
    assert last == [str(len(severities) - 1), "met"]
