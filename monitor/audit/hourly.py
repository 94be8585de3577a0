"""The audit that the collecting process does by itself and records: every source, then the application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from time import monotonic

from headroom.audit.application.facts import Metrics
from headroom.audit.guide.catalogue import RECORDED_AS, catalogue
from headroom.audit.guide.coverage import completed
from headroom.audit.guide.targets import targets
from headroom.audit.past import dump
from headroom.audit.redis import kept
from headroom.config import Config
from headroom.history import History, HistoryError
from headroom.observation import SourceError
from headroom.sources import SourceKind
from monitor import clock
from monitor.audit import application, redis
from monitor.audit.known import of_keys
from monitor.audit.look import findings, read_structure, read_workload, remembered
from monitor.audit.unanswered import Unanswered
from monitor.feeds import Feed
from monitor.writer import Writer

log = logging.getLogger("headroom.audit")

EVERY = timedelta(hours=1)
FIRST = timedelta(minutes=1)
"""After the start: by then every source was polled."""
_SHARE = 1_000
"""So many times as long as reading the catalogue took is waited before it is read again."""
_PATIENCE = 50  # looks at a source that is being polled, 0.2 s apart
_AT_ONCE = 8  # Redis servers whose keys are looked at, each for a minute, mostly waiting


class Audits:
    """Audits the sources whose polls work; one that is slow or fails is left alone."""

    def __init__(self, config: Config, history: History, writer: Writer, feeds: Sequence[Feed]) -> None:
        self._config = config
        self._history = history
        self._writer = writer
        self._feeds = feeds
        self._not_before: dict[str, float] = {}
        self._said: dict[str, str] = {}

    async def audit_once(self) -> None:
        """Audit all and record what was found; never raises for what a source or the disk does."""
        metrics: list[Metrics] = []
        await asyncio.gather(
            self._each(SourceKind.POSTGRES, self._postgres, at_once=1),
            self._each(SourceKind.REDIS, self._redis, at_once=_AT_ONCE),
            self._each(SourceKind.PROMETHEUS, lambda feed: self._prometheus(feed, metrics), at_once=1),
        )
        await self._guarded(RECORDED_AS, lambda: self._rest(metrics))

    async def _each(
        self, kind: SourceKind, audit: Callable[[Feed], Awaitable[None]], *, at_once: int
    ) -> None:
        room = asyncio.Semaphore(at_once)

        async def one(feed: Feed) -> None:
            async with room:
                name = feed.source.name
                if await _quiet(feed) and monotonic() >= self._not_before.get(name, 0.0):
                    await self._guarded(name, lambda: audit(feed))

        await asyncio.gather(*(one(feed) for feed in self._feeds if feed.source.kind is kind))

    async def _guarded(self, name: str, audit: Callable[[], Awaitable[None]]) -> None:
        try:
            await audit()
            self._said.pop(name, None)
        except SourceError as error:
            if self._said.get(name) != error.message:
                log.warning("%s: not audited: %s", name, error.message)
            self._said[name] = error.message
        except HistoryError as error:
            log.error("%s: the audit was not recorded: %s", name, error)  # noqa: TRY400 its words suffice
        except Exception:
            log.exception("%s: the audit failed in a way it should not", name)

    async def _postgres(self, feed: Feed) -> None:
        source, now = feed.source, clock.now().wall
        began = monotonic()
        try:
            facts = await read_structure(source, now)
        finally:
            self._not_before[source.name] = monotonic() + _SHARE * (monotonic() - began)
        facts = await read_workload(facts, source)
        known = await self._writer(remembered, self._history, source.name, now)
        found = findings(facts, known, self._config.budgets)
        await self._writer(self._history.record_audit, source.name, now, found, dump(facts))
        log.info("%s: audited, %d findings", source.name, len(found))

    async def _redis(self, feed: Feed) -> None:
        source, now = feed.source, clock.now().wall
        keys = await self._writer(of_keys, self._history, self._config, source, now, collecting=False)
        facts, resume = await redis.read(source, self._config, keys, now)
        found = redis.findings(facts, keys, self._config)
        data = kept.dump(facts, resume)
        await self._writer(self._history.record_audit, source.name, now, found, data)
        log.info("%s: audited, %d findings", source.name, len(found))

    async def _prometheus(self, feed: Feed, metrics: list[Metrics]) -> None:
        metrics.append(await application.metrics(feed.source, self._config, clock.now().wall))

    async def _rest(self, metrics: Sequence[Metrics]) -> None:
        """Audit what belongs to no single source, with a line for each rule of the guide without one."""
        now = clock.now().wall
        failing = [(one.source.name, one.source.kind.value) for one in self._feeds if one.failures]
        doors, said = await application.doors(self._config.policies.application, now, failing)
        sources = [feed.source for feed in self._feeds]
        parts = await self._writer(application.parts, self._history, sources, now)
        own = application.findings(self._config, doors, metrics, parts)
        names = {source.name for source in sources}
        audits = [one for one in await self._writer(self._history.audits) if one.source in names]
        others = [finding for one in audits for finding in one.findings]
        found = [*others, *said, *own, *targets(self._config.budgets)]
        rules = catalogue(self._config.policies)
        why = Unanswered(
            self._config, {one.source for one in audits} | {one.source for one in metrics}, live=False
        )
        confirmed = await self._writer(self._history.confirmations)
        lines = completed(rules, found, why, confirmed, now)[len(others) :]
        await self._writer(self._history.record_audit, RECORDED_AS, now, lines, b"")
        log.info("the application: audited, %d findings", len(lines))


async def _quiet(feed: Feed) -> bool:
    """Tell whether a source answers its polls, and wait until none is under way."""
    for _ in range(_PATIENCE):
        if feed.collector is None or feed.failures or feed.snapshot is None:
            return False
        if not feed.busy:
            return True
        await asyncio.sleep(0.2)
    return False
