"""What is asked of a Redis server every fourth poll beside INFO: what its commands took, and its slow log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from redis.asyncio.connection import AbstractConnection

from collectors.redis import commands, latency, slow_log
from collectors.redis.capabilities import Capabilities, lost_without
from collectors.redis.commands import Commands
from collectors.redis.slow_log import SlowLog
from headroom.budgets import Measure
from headroom.observation import Reading
from headroom.sources import Source

_HISTOGRAM = ("LATENCY", "HISTOGRAM")
_TOO_OLD = "Redis {version} has no LATENCY HISTOGRAM, which came with 7.0: {lost}"


@dataclass(frozen=True, slots=True)
class Server:
    """What the poll that this belongs to found out.

    Attributes:
        at: the server's clock.
        run: the server's run_id.
        version: of the server; empty where it does not tell.
        uptime: seconds; None where it does not tell.
    """

    at: datetime
    run: str
    version: str
    uptime: int | None


@dataclass(frozen=True, slots=True)
class Work:
    """The latest readings, and a sentence on each command that is refused."""

    commands: Commands | None = None
    slow_log: SlowLog | None = None
    denied: Mapping[str, str] = field(default_factory=dict)

    def dump(self) -> Dump:
        """Return it as JSON: a snapshot carries it as it is from poll to poll, and dumps it as a text."""
        record = {
            "commands": None if self.commands is None else self.commands.record(),
            "slow_log": None if self.slow_log is None else self.slow_log.record(),
            "denied": dict(self.denied),
        }
        return Dump.of(self, json.dumps(record, separators=(",", ":")))


class Dump(str):
    """A dump that knows what it is of, so that the process that made it need not read it."""

    __slots__ = ("work",)
    work: Work

    @classmethod
    def of(cls, work: Work, text: str) -> Dump:
        """Return the dump of a work."""
        dump = cls(text)
        dump.work = work
        return dump


def load(text: str) -> Work:
    """Return what `dump` gave; nothing where this version did not write it."""
    return text.work if isinstance(text, Dump) else _loaded(text)


@lru_cache(maxsize=64)
def _loaded(text: str) -> Work:
    try:
        record = json.loads(text)
        counted, slow = record["commands"], record["slow_log"]
        return Work(
            None if counted is None else commands.load(counted),
            None if slow is None else slow_log.load(slow),
            {str(command): str(said) for command, said in record["denied"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return Work()


class Inspector:
    """Reads the work of one server over the connection of its polls."""

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self._polls = 0
        self._run = ""
        self._latest = Work()
        self._text = ""

    async def read(self, connection: AbstractConnection, server: Server) -> str:
        """Return the latest `Work` as its dump: read anew at every fourth poll, and after a restart.

        Raises the driver's exceptions where the connection is lost.
        """
        if self._polls % latency.EVERY == 0 or self._run != server.run:
            found, self._latest = await self._read(connection, server)
            self._text, self._run, self._polls = found.dump(), server.run, 0
        self._polls += 1
        return self._text

    async def _read(self, connection: AbstractConnection, server: Server) -> tuple[Work, Work]:
        """Return what is new, and what of it the next reading needs."""
        self.capabilities.of_run(server.run)
        too_old = server.version.startswith(("2.", "3.", "4.", "5.", "6."))
        asked = [("INFO", "commandstats"), slow_log.NEWEST, *(() if too_old else (_HISTOGRAM,))]
        stats, newest, *latencies = await self.capabilities.ask_all(connection, asked)
        by_name, wrong = commands.counters(stats, latencies[0] if latencies else None)
        denied = dict(self.capabilities.denied)
        command = " ".join(_HISTOGRAM)
        if too_old:
            denied[command] = _TOO_OLD.format(version=server.version, lost=lost_without(command))
        elif wrong:
            denied[command] = f"{wrong}: {lost_without(command)}"
        counted = None
        if by_name or commands.told(stats):
            first = self._latest.commands is None
            why = denied.get(command, "")
            counted = Commands(server.at, server.run, server.uptime, by_name, why, first)
        slow = await slow_log.read(
            connection, self.capabilities, self._latest.slow_log, newest, by_name, server.at, server.run
        )
        work = Work(counted, slow, {**self.capabilities.denied, **denied})
        return work, Work(counted, None if slow is None else slow.kept())


def difference(
    source: Source, measures: Mapping[Measure, tuple[float, ...]], before: str, after: str
) -> Reading:
    """Return what the commands of the server took between two dumps, and what is not known of them.

    The earlier one is empty where there is none.
    """
    earlier, later = load(before), load(after)
    took = latency.difference(source, measures, earlier.commands, later.commands)
    slow = slow_log.difference(source, earlier.slow_log, later.slow_log)
    notes = (*later.denied.values(), *slow.notes)
    return Reading(took.observations + slow.observations, took.absences, notes)
