"""The audit that the collecting process does by itself, one source after the other, and records."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic

from headroom.audit.past import dump
from headroom.config import Config
from headroom.history import History, HistoryError
from headroom.observation import SourceError
from headroom.sources import SourceKind
from monitor import clock
from monitor.audit.look import findings, read_structure, read_workload, remembered
from monitor.feeds import Feed
from monitor.writer import Writer

log = logging.getLogger("headroom.audit")

EVERY = timedelta(hours=1)
FIRST = timedelta(minutes=1)
"""After the start: by then every source was polled."""
_SHARE = 1_000
"""So many times as long as reading the catalogue took is waited before it is read again."""
_PATIENCE = 50  # looks at a source that is being polled, 0.2 s apart


class Audits:
    """Audits the sources whose polls work; one that is slow or fails is left alone."""

    def __init__(self, config: Config, history: History, writer: Writer, feeds: Sequence[Feed]) -> None:
        self._config = config
        self._history = history
        self._writer = writer
        self._feeds = [feed for feed in feeds if feed.source.kind is SourceKind.POSTGRES]
        self._not_before: dict[str, float] = {}
        self._said: dict[str, str] = {}

    async def audit_once(self) -> None:
        """Audit each source and record what was found; never raises for what a source or the disk does."""
        for feed in self._feeds:
            name = feed.source.name
            if not await _quiet(feed) or monotonic() < self._not_before.get(name, 0.0):
                continue
            try:
                await self._audit(feed)
                self._said.pop(name, None)
            except SourceError as error:
                if self._said.get(name) != error.message:
                    log.warning("%s: not audited: %s", name, error.message)
                self._said[name] = error.message
            except HistoryError as error:
                log.error("%s: the audit was not recorded: %s", name, error)  # noqa: TRY400 its words suffice
            except Exception:
                log.exception("%s: the audit failed in a way it should not", name)

    async def _audit(self, feed: Feed) -> None:
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


async def _quiet(feed: Feed) -> bool:
    """Tell whether a source answers its polls, and wait until none is under way."""
    for _ in range(_PATIENCE):
        if feed.collector is None or feed.failures or feed.snapshot is None:
            return False
        if not feed.busy:
            return True
        await asyncio.sleep(0.2)
    return False
