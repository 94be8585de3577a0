"""From the jump of a Redis' memory to the webhook: `headroom run`, beside Prometheus with Alertmanager.

Both look every five seconds, at the same jumps of the same Redis. Where in the five seconds a jump falls is
drawn once for each fifteenth of them, so that neither is lucky. Where Prometheus judges between two scrapes
follows from the name of a rule group, so each jump is looked at by a group of its own.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import redis

from bench.alerting import SOURCE, headroom, peer
from bench.caches import cache
from bench.receiver import Arrival, Receiver, receiver
from headroom.config import load
from headroom.history import open_history

EVERY = 5.0  # seconds between two polls, scrapes and evaluations
POLLS = 1  # in a window: the newest reading alone, as a rule of Prometheus has it
JUMPS = 15
SEED = 6
AIM_RATIO = 0.7
AIM_LATEST = EVERY + 0.2
_LIMIT = 0.2  # of maxmemory: low enough that one poll at 90 % lifts the average of four above it too
_MAXMEMORY = 64 * 2**20
_KEY = "jump"
_PATIENCE = 12 * EVERY
_OURS, _THEIRS = "/headroom", "/alertmanager"


@dataclass(frozen=True)
class Jump:
    """What came of one jump, in seconds.

    Attributes:
        phase: where in the five seconds of the wall clock it fell.
        wall: when, by our clock.
        ours, theirs: until the webhook; the fastest and slowest of all rule groups are `spread`.
    """

    phase: float
    wall: datetime
    ours: float
    theirs: float
    spread: tuple[float, float]


@dataclass(frozen=True)
class Share:
    """Where the time until one of our webhooks went, in seconds.

    Attributes:
        waiting: for the poll to begin.
        polling: asking, and comparing with the poll before.
        telling: from there to the receiver: verdict, decision, commit, outbox, HTTP.
    """

    waiting: float
    polling: float
    telling: float


def measure() -> None:
    """Print both latencies of each jump, and what they come to."""
    with ExitStack() as stack:
        server = stack.enter_context(cache(str(_MAXMEMORY), "noeviction"))
        told = stack.enter_context(receiver())
        peer(stack, server, told.url + _THEIRS, every=EVERY, groups=JUMPS, limit=_LIMIT)
        path = headroom(stack, server, told.url + _OURS, every=EVERY, polls=POLLS, limit=_LIMIT)
        client = stack.enter_context(redis.Redis.from_url(server.url, protocol=2))
        print(f"{'phase':>9}{'Headroom':>12}{'Prometheus':>13}   its rule groups")
        jumps = []
        for number, phase in enumerate(_phases()):
            jump = _jump(client, told, number, phase)
            low, high = jump.spread
            print(
                f"{phase:>7.2f} s{jump.ours:>10.2f} s{jump.theirs:>11.2f} s   {low:.2f} to {high:.2f} s",
                flush=True,
            )
            jumps.append(jump)
        shares = _shares(path, jumps)
    _print(jumps, shares)


def _phases() -> list[float]:
    draw = random.Random(SEED)
    phases = [(number + draw.random()) * EVERY / JUMPS for number in range(JUMPS)]
    draw.shuffle(phases)
    return phases


def _jump(client: redis.Redis, told: Receiver, number: int, phase: float) -> Jump:
    """Fill the memory at once, wait until all have told of it, empty it, and wait until all have again."""
    time.sleep((phase - time.time()) % EVERY)
    wall, begun = datetime.now(UTC), time.monotonic()
    # One short command, so that it is full within milliseconds: nothing has to be sent first.
    client.setrange(_KEY, int(0.85 * _MAXMEMORY), b"x")
    fired = _all_told(told, "firing", begun)
    freed = time.monotonic()
    client.delete(_KEY)
    _all_told(told, "resolved", freed)
    every = [at for who, at in fired.items() if who != _OURS]
    return Jump(phase, wall, fired[_OURS], fired[str(number)], (min(every), max(every)))


def _all_told(told: Receiver, status: str, since: float) -> dict[str, float]:
    """Return the seconds until each was told first: of ours, and of each rule group's by its number."""
    whole = {_OURS, *map(str, range(JUMPS))}

    def first(arrivals: list[Arrival]) -> dict[str, float]:
        seen: dict[str, float] = {}
        for arrival in arrivals:
            if arrival.at >= since:
                for who in _told_by(arrival, status):
                    seen.setdefault(who, arrival.at - since)
        return seen

    seen = first(told.wait(lambda arrivals: first(arrivals).keys() >= whole, _PATIENCE))
    if missing := whole - seen.keys():
        who = "Headroom" if _OURS in missing else f"{len(missing)} rule groups of Prometheus"
        raise SystemExit(f"{who} told nothing of {status} within {_PATIENCE:g} s")
    return seen


def _told_by(arrival: Arrival, status: str) -> Iterator[str]:
    if arrival.path == _OURS:
        if arrival.body["status"] == status:
            yield _OURS
        return
    for alert in arrival.body["alerts"]:
        if alert["status"] == status:
            yield alert["labels"]["group"]


def _shares(path: Path, jumps: list[Jump]) -> list[Share]:
    """Return where our time went, by what the history recorded of the polls and the incidents."""
    with open_history(load(path).history, collecting=False) as history:
        polls = history.polls(SOURCE, jumps[0].wall)
        incidents = history.incidents(jumps[0].wall)
    shares = []
    for jump in jumps:
        fired = min(one.fired for one in incidents if one.fired is not None and one.fired >= jump.wall)
        poll = max((one for one in polls if one.at <= fired), key=lambda one: one.at)
        arrived = jump.wall + timedelta(seconds=jump.ours)
        parts = (poll.at - jump.wall, fired - poll.at, arrived - fired)
        shares.append(Share(*(part.total_seconds() for part in parts)))
    return shares


def _print(jumps: list[Jump], shares: list[Share]) -> None:
    ours, theirs = ([one.ours for one in jumps], [one.theirs for one in jumps])
    half, other = statistics.median(ours), statistics.median(theirs)
    ratio, latest = half / other, max(ours)
    print(f"   median{half:>10.2f} s{other:>11.2f} s   ratio {ratio:.2f}; aim: under {AIM_RATIO:g}", end="")
    print("" if ratio < AIM_RATIO else ", MISSED")
    print(f"   latest{latest:>10.2f} s{max(theirs):>11.2f} s   aim: ours within {AIM_LATEST:g} s", end="")
    print("" if latest <= AIM_LATEST else ", MISSED")
    print("Where ours goes        median     longest")
    for what, parts in (
        ("waiting for the poll", [one.waiting for one in shares]),
        ("the poll", [one.polling for one in shares]),
        ("verdict to webhook", [one.telling for one in shares]),
    ):
        print(f"{what:<20}{statistics.median(parts) * 1000:>6.0f} ms{max(parts) * 1000:>9.0f} ms")
