"""Looks at every source once, live, and records nothing: what `headroom doctor` makes its checks from."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from headroom.budgets import Reason
from headroom.config import Config
from headroom.history import History, HistoryError, Standing, open_history
from headroom.observation import Reading, Snapshot, SourceError
from headroom.span import GAP
from monitor.feeds import Feed

log = logging.getLogger("headroom.doctor")


@dataclass(frozen=True, slots=True)
class Known:
    """What an earlier run left in the history.

    Attributes:
        snapshots: by source, each with the epoch and meaning that it was stored under.
        standings: the latest verdicts; empty where there are none.
        refused: why there is a history that cannot be read; "" where there is none, or it can be read.
    """

    snapshots: dict[str, tuple[str, bytes]]
    standings: tuple[Standing, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the look at one source gave.

    Attributes:
        before: the snapshot that the newest one is compared with.
        snapshot, reading: the newest one, and what happened in the interval before it; None where the source
            is not configured or could not be read.
        asked: when the newest snapshot was asked for, and when it was there, by our clock.
        failure: why nothing was read.
    """

    feed: Feed
    before: Snapshot | None = None
    snapshot: Snapshot | None = None
    reading: Reading | None = None
    asked: tuple[datetime, datetime] | None = None
    failure: SourceError | None = None


def known(config: Config) -> Known:
    """Read the history without its lock; a doctor is called before there is one, too."""
    try:
        history = open_history(config.history, collecting=False)
    except HistoryError as error:
        written = not str(error).endswith("start `headroom run`")
        return Known({}, refused=str(error) if written else "")
    try:
        return _known(config, history)
    except HistoryError as error:
        return Known({}, refused=str(error))
    finally:
        history.close()


def _known(config: Config, history: History) -> Known:
    snapshots = {}
    for source in config.sources:
        stored = history.last_snapshot(source.name)
        if stored is not None:
            snapshots[source.name] = stored
    return Known(snapshots, tuple(history.standings()))


async def look(feeds: list[Feed], known: Known, say: Callable[[str], None]) -> list[Seen]:
    """Poll every configured source, each beside the others; `say` tells a person what takes long."""
    before = {feed.source.name: _stored(feed, known) for feed in feeds}
    waits = {
        feed.source.name: _wait(feed, before[feed.source.name])
        for feed in feeds
        if feed.collector is not None
    }
    if waits and max(waits.values()) >= 1:
        twice = sorted(name for name in waits if before[name] is None)
        how = f"{', '.join(twice)} polled twice" if twice else "a whole interval since the last poll"
        say(
            f"Looking at {len(waits)} of {len(feeds)} sources, {how}: this takes {max(waits.values()):.0f} s."
        )
    try:
        return list(
            await asyncio.gather(
                *(_look(feed, before[feed.source.name], waits.get(feed.source.name, 0.0)) for feed in feeds)
            )
        )
    finally:
        for feed in feeds:
            if feed.collector is not None:
                await _closed(feed)


def _stored(feed: Feed, known: Known) -> Snapshot | None:
    """Return the last snapshot of an earlier run if it is of the same thing, and young."""
    stored = known.snapshots.get(feed.source.name)
    if stored is None or feed.collector is None or not stored[0].endswith(f"|{feed.meaning}"):
        return None
    snapshot = feed.collector.load(stored[1])
    if snapshot is None:
        return None
    age = datetime.now(UTC) - snapshot.at
    return snapshot if timedelta(0) <= age <= GAP * feed.source.every else None


def _wait(feed: Feed, before: Snapshot | None) -> float:
    """Return after how many seconds the newest snapshot is a whole interval after the one before."""
    every = feed.source.every
    return (
        every if before is None else max(timedelta(0), every - (datetime.now(UTC) - before.at))
    ).total_seconds()


async def _look(feed: Feed, before: Snapshot | None, wait: float) -> Seen:
    if feed.collector is None:
        return Seen(feed)
    try:
        if before is None:
            before = await _fetch(feed)
        await asyncio.sleep(wait)
        began = datetime.now(UTC)
        snapshot = await _fetch(feed)
        ended = datetime.now(UTC)
        return Seen(feed, before, snapshot, feed.collector.difference(before, snapshot), (began, ended))
    except SourceError as error:
        return Seen(feed, failure=error)
    except Exception as error:
        log.exception("%s: the collector failed in a way it should not", feed.source.name)
        return Seen(feed, failure=SourceError(Reason.NO_DATA, our_fault("the collector", error)))


def our_fault(what: str, error: Exception) -> str:
    """Return the sentence about an error that no source should be able to cause."""
    return f"{what} failed ({type(error).__name__}); this is a fault of Headroom, see its log"


async def _fetch(feed: Feed) -> Snapshot:
    assert feed.collector is not None
    seconds = feed.deadline.total_seconds()
    try:
        return await asyncio.wait_for(feed.collector.fetch(), seconds)
    except TimeoutError:
        message = f"no answer within {seconds:g} s; is it hanging?"
        raise SourceError(Reason.UNREACHABLE, message) from None


async def _closed(feed: Feed) -> None:
    assert feed.collector is not None
    try:
        await asyncio.wait_for(feed.collector.close(), 2)
    except Exception as error:  # noqa: BLE001 leaving, whatever a driver makes of it
        log.warning("%s: closing the connection failed: %s", feed.source.name, type(error).__name__)
