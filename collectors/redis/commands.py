"""What a Redis server counted of each command since its start: calls, time, and how many took how long."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import add, lt
from typing import Any

from collectors.redis.ladder import MICROS, Counts, UnknownLadderError, histograms
from collectors.redis.names import OTHER, plain
from collectors.redis.replies import Reply

MOST = 512  # names; Redis knows some 400 with all subcommands

_SECTION = b"# Commandstats"
_STATISTIC = re.compile(rb"cmdstat_([^:\r\n]{1,64}):calls=([0-9]{1,19}),usec=([0-9]{1,19}),")
_RESET = "config|resetstat"  # counted after it has set everything to zero, itself included


@dataclass(frozen=True, slots=True)
class Command:
    """The counters of one command.

    Attributes:
        calls: how often it was executed; refused ones do not count, those that gave up waiting do.
        micros: how long that took, in microseconds, without waiting; None where that is not told.
        counts: by bucket of `ladder.MICROS`; empty where the server keeps no histogram.
    """

    calls: int
    micros: int | None
    counts: Counts = ()

    def __add__(self, other: Command) -> Command:
        """Add the counters of two commands."""
        micros = None if self.micros is None or other.micros is None else self.micros + other.micros
        return Command(self.calls + other.calls, micros, added(self.counts, other.counts))


@dataclass(frozen=True, slots=True)
class Commands:
    """One reading of the counters of all commands.

    Attributes:
        at: the server's clock.
        run: the server's run_id.
        uptime: seconds since it was started; None where it does not tell.
        by_name: in small letters, a subcommand as "config|get".
        why: why there are no histograms; empty where there are.
        first: whether this process had read nothing before.
    """

    at: datetime
    run: str
    uptime: int | None
    by_name: Mapping[str, Command]
    why: str = ""
    first: bool = False

    def since_reset(self, before: Commands) -> bool:
        """Tell whether the counters were set to zero since an earlier reading of the same run."""
        if self.calls(_RESET) != before.calls(_RESET):
            return True
        return any(_fell(self.by_name.get(name), old) for name, old in before.by_name.items())

    def calls(self, name: str) -> int:
        """Return how often a command was executed."""
        found = self.by_name.get(name)
        return 0 if found is None else found.calls

    def record(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        by_name = {name: [one.calls, one.micros, *one.counts] for name, one in self.by_name.items()}
        return {
            "at": self.at.isoformat(), "run": self.run, "uptime": self.uptime, "why": self.why,
            "first": self.first, "by_name": by_name,
        }  # fmt: skip


def load(record: Mapping[str, Any]) -> Commands:
    """Return what `record` gave; ValueError, TypeError or KeyError where it did not."""
    by_name = {
        str(name): Command(int(calls), None if micros is None else int(micros), tuple(map(int, counts)))
        for name, (calls, micros, *counts) in record["by_name"].items()
    }
    if any(one.counts and len(one.counts) != len(MICROS) + 1 for one in by_name.values()):
        raise ValueError("histograms of another ladder")
    at, uptime = datetime.fromisoformat(record["at"]), record["uptime"]
    return Commands(
        at, str(record["run"]), None if uptime is None else int(uptime), by_name, str(record["why"]),
        bool(record["first"]),
    )  # fmt: skip


def counters(stats: Reply, latencies: Reply) -> tuple[dict[str, Command], str]:
    """Return the counters by name, and what is wrong with the histograms; nothing where all is well.

    Args:
        stats: the answer to INFO commandstats.
        latencies: the answer to LATENCY HISTOGRAM that came with it; None where there is none.

    Both tell of one moment, so that the time of one belongs to the calls of the other.
    """
    found: dict[str, Command] = {}
    timed, wrong = {}, ""
    if latencies is not None:
        try:
            timed = _by_name(histograms(latencies))
        except UnknownLadderError as error:
            wrong = f"LATENCY HISTOGRAM gives {error}, which no known server does"
    for name, calls, micros in _STATISTIC.findall(stats if isinstance(stats, bytes) else b""):
        _put(found, plain(name), Command(int(calls), int(micros)))
    for name, counts in timed.items():
        known = found.get(name)
        calls, micros = (sum(counts), None) if known is None else (known.calls, known.micros)
        found[name] = Command(calls, micros, counts)
    return found, wrong


def told(stats: Reply) -> bool:
    """Tell whether INFO commandstats was answered; a server that did nothing yet gives its head only."""
    return isinstance(stats, bytes) and _SECTION in stats


def added(mine: Counts, others: Counts) -> Counts:
    """Return the sum of two histograms; an empty one adds nothing."""
    if not mine or not others:
        return mine or others
    return tuple(map(add, mine, others))


def _by_name(timed: Mapping[bytes, Counts]) -> dict[str, Counts]:
    found: dict[str, Counts] = {}
    for raw, counts in timed.items():
        name = plain(raw)
        name = name if name in found or len(found) < MOST else OTHER
        found[name] = added(found.get(name, ()), counts)
    return found


def _put(found: dict[str, Command], name: str, command: Command) -> None:
    if not command.calls:  # refused so far
        return
    name = name if name in found or len(found) < MOST else OTHER
    found[name] = found[name] + command if name in found else command


def _fell(now: Command | None, before: Command) -> bool:
    if now is None or now.calls < before.calls:
        return True
    return any(map(lt, now.counts, before.counts))
