"""A history with incidents in it, a budgets.yaml beside it, and the command line in a process of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from headroom.budgets import Subject
from headroom.config import Config, load
from headroom.delivery import Settled
from headroom.history import Action, Cycle, History, open_history
from headroom.incidents import Incident, Notice, NoticeStatus, State, Transition, Why
from monitor.cli import main
from tests.history.build import incident, verdict

_BUDGETS = """\
version: 1
history: {history}
sources:
  metrics: {{kind: prometheus, url: "http://127.0.0.1:9"}}
  erp-cache: {{kind: redis, url: "redis://127.0.0.1:9"}}
classes:
  endpoints:
    - {{name: login, method: POST, path: "/auth/login"}}
budgets:
  - id: api.login
    title: Login
    owner: identity
    measure: {{histogram: http_request_duration_seconds, source: metrics, class: endpoints.login}}
    limits: [{{statistic: p95, max: 200ms}}]
  - id: cache.memory
    title: Memory
    owner: platform
    measure: {{redis_memory: maxmemory, source: erp-cache}}
    limits: [{{statistic: average, max: 70%, severity: warning}}]
alerts:
{alerts}
"""
CHANNELS = """\
  channels:
    chat: {kind: webhook, url: "http://127.0.0.1:9/hook"}
    mail: {kind: webhook, url: "http://127.0.0.1:9/mail"}
  routes:
    - {channels: [chat, mail]}
"""
NOBODY = "  channels: {}\n  routes: []\n"


@cache
def now() -> datetime:
    """Return the moment of the test that runs: read once in each, since ages are told in minutes."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Stage:
    """A history that somebody collects into, and its configuration."""

    path: Path
    history: History

    @property
    def config(self) -> Config:
        """The configuration, read anew."""
        return load(self.path, {})

    def record(
        self,
        *incidents: Incident,
        notices: Iterable[Notice] = (),
        transitions: Iterable[Transition] = (),
        at: datetime | None = None,
        judged_ago: float = 12,
        subject: Subject = (),
    ) -> None:
        """Record incidents in a cycle, with a verdict of so many seconds before now."""
        judged = replace(verdict(), at=datetime.now(UTC) - timedelta(seconds=judged_ago), subject=subject)
        cycle = Cycle(
            at=at or now(),
            verdicts=(judged,),
            incidents=incidents,
            transitions=tuple(transitions),
            notices=tuple(notices),
        )
        self.history.record(cycle)

    def run(self, *words: str, env: dict[str, str] | None = None) -> Result:
        """Run `headroom alerts …`."""
        arguments = ["alerts", words[0], "--config", str(self.path), *words[1:]]
        return CliRunner().invoke(main, arguments, env=env, catch_exceptions=False)

    def settle(self, notice: Notice, at: datetime | None = None, **became: Any) -> None:
        """Note what became of a notice."""
        assert notice.id is not None
        self.history.settle([Settled(notice.id, **became)], at or now())

    def actions(self, *kinds: str) -> list[Action]:
        """Return what was done."""
        return self.history.actions(kinds)


def staged(folder: Path, alerts: str = NOBODY) -> Stage:
    """Make a history that this process collects into."""
    path = folder / "budgets.yaml"
    path.write_text(_BUDGETS.format(history=folder / "history.db", alerts=alerts))
    return Stage(path, open_history(str(folder / "history.db"), collecting=True))


def firing(name: str = "aaaaaaaa11111111", *, minutes: int = 30, **changes: object) -> Incident:
    """Return an incident that has fired for so long."""
    begun = now() - timedelta(minutes=minutes)
    base = replace(incident(name), opened=begun - timedelta(minutes=1), fired=begun, source="metrics")
    return replace(base, **changes)  # type: ignore[arg-type]  # any field


def ended(name: str = "eeeeeeee11111111", *, hours: int = 2) -> Incident:
    """Return an incident that resolved so long ago."""
    end = now() - timedelta(hours=hours)
    return firing(name, minutes=60 * hours + 10, state=State.RESOLVED, ended=end)


def fired(name: str, *, minutes: int = 30) -> Transition:
    """Return the move by which an incident fired."""
    at = now() - timedelta(minutes=minutes)
    return Transition(name, at, State.PENDING, State.FIRING, Why.HELD, "over for 1 min")


def said(
    name: str, channel: str = "chat", status: NoticeStatus = NoticeStatus.FIRING, *, minutes: int = 30
) -> Notice:
    """Return a notice of an incident."""
    made = now() - timedelta(minutes=minutes)
    return Notice(name, channel, status, f"{name}-{channel}-{status}", "{}", made, made)
