"""A real history with incidents in it, and a pusher on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.alertmanager.pusher import Pusher
from headroom.budgets import Severity
from headroom.channels import Alertmanager, Channel
from headroom.history import Cycle, History
from headroom.incidents import Incident, State, Transition, Why
from headroom.sources import Secret
from tests.alerts.delivering import Writer
from tests.alerts.examples import incident

EVERY, TTL = timedelta(seconds=1), timedelta(seconds=4)


def now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def cluster(*urls: str, timeout: float = 5.0, watchdog: bool = False, ca: str = "") -> Channel:
    """Return a channel to these members."""
    receiver = Alertmanager(tuple(Secret(url) for url in urls), watchdog=watchdog, ca=ca)
    return Channel("cluster", receiver, timedelta(seconds=timeout), digest="digest")


def firing(number: str = "one", *, at: datetime | None = None, **changes: Any) -> Incident:
    """Return an incident that fires since `at`."""
    at = at or now()
    good = incident(State.FIRING, id=number, opened=at, fired=at, source="metrics")
    return replace(good, **changes)


def commit(history: History, *pairs: tuple[Incident, Why], at: datetime | None = None) -> None:
    """Record incidents as they are after a move, with the move."""
    at = at or now()
    moves = tuple(
        Transition(one.id, one.ended or at, State.FIRING, one.state, why, "", one.severity)
        for one, why in pairs
    )
    history.record(Cycle(at, incidents=tuple(one for one, _ in pairs), transitions=moves))


def fire(history: History, *incidents: Incident) -> None:
    """Record that incidents fire."""
    for one in incidents:
        commit(history, (one, Why.HELD), at=one.fired)


def end(history: History, one: Incident, at: datetime | None = None) -> Incident:
    """Record that an incident is resolved."""
    ended = replace(one, state=State.RESOLVED, ended=at or now())
    commit(history, (ended, Why.RECOVERED))
    return ended


def payload(one: Incident) -> dict[str, Any]:
    """Return the words on an incident, as the message has them."""
    return {
        "title": f"[{one.severity.value.upper()}] {one.budget}",
        "text": f"{one.budget} is over 200 ms: 35 of 412 slower.",
        "runbook": "https://wiki.example/runbooks/login",
        "link": "https://headroom.example/alerts?from=2026-08-03T14:02:10Z",
        "value": {"low": 0.2, "high": 0.5},
        "unit": "s",
        "threshold": 0.2,
        "slow": {"low": 35, "high": 35},
        "n": 412,
    }


def always(_channel: str, _incident: Incident, _severity: Severity, at: datetime) -> datetime:
    """Open every route at once."""
    return at


@asynccontextmanager
async def pushing(history: History, channels: Sequence[Channel], **settings: Any) -> AsyncIterator[Pusher]:
    """Run a pusher beside the block."""
    usual: dict[str, Any] = {
        "payload": payload,
        "opens": always,
        "healthy": lambda: True,
        "every": EVERY,
        "ttl": TTL,
    }
    pusher = Pusher(channels, history, Writer(), **{**usual, **settings})
    running = asyncio.create_task(pusher.run())
    try:
        yield pusher
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await pusher.close()
