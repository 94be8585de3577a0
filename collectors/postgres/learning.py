"""Which statement belongs to which class, learnt from texts that are read seldom and never kept."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from types import MappingProxyType

from collectors.postgres.classify import Classifier
from collectors.postgres.entry import key_of
from collectors.postgres.session import Connection
from collectors.postgres.snapshot import Label, Labels
from collectors.postgres.statements import Layout

# The server loads its whole file of texts for each reading: one a minute, of which a few may be saved up, so
# that what a quiet hour brings is known at once. The first two are soon spent: the second meets this
# collector's own statement of the first.
_PAUSE = 60.0
_SAVED_UP = 3
_MOST_TEXTS = 2_000
_STATEMENT = re.compile(r"[0-9]{1,10} [0-9]{1,10} -?[0-9]{1,19}")
_BATCH = 50  # texts classified before the other sources get their turn


class Learning:
    """The labels of all statements met so far.

    Attributes:
        labels: replaced, never changed, so that a snapshot may hold on to them.
    """

    def __init__(self, classifier: Classifier, clock: Callable[[], float] = time.monotonic) -> None:
        self.labels = Labels(classifier.digest)
        self._classifier = classifier
        self._clock = clock
        self._lines: frozenset[str] = frozenset()
        self._wanted: set[str] = set()
        self._allowed = float(_SAVED_UP)  # readings
        self._counted_at = clock()

    def recall(self, labels: Labels) -> None:
        """Take over what an earlier run learnt by the same rules."""
        if labels.rules == self.labels.rules and not self.labels.known:
            self.labels = labels

    async def study(self, connection: Connection, layout: Layout, lines: frozenset[str]) -> None:
        """Read and classify the texts of statements that ran and are not known, where it is time to."""
        known = self.labels.known
        statements = {key_of(line).rpartition(" ")[0] for line in lines - self._lines}
        self._wanted.update(one for one in statements if one not in known and _STATEMENT.fullmatch(one))
        self._lines = lines
        now = self._clock()
        self._allowed = min(_SAVED_UP, self._allowed + (now - self._counted_at) / _PAUSE)
        self._counted_at = now
        if not self._wanted or self._allowed < 1:
            return
        self._allowed -= 1
        asked = sorted(self._wanted)[:_MOST_TEXTS]
        queries = sorted({int(statement.rpartition(" ")[2]) for statement in asked})
        cursor = await connection.execute(layout.texts, [queries])
        rows = await cursor.fetchall()
        found: dict[str, Label] = {}
        try:
            for number, (statement, text) in enumerate(rows):
                if text is not None and statement not in known:
                    found[statement] = self._classifier.label(text)
                if number % _BATCH == _BATCH - 1:
                    await asyncio.sleep(0)
        finally:  # a poll that runs out of time here must not begin anew for ever
            self._keep(found, lines)
        # What gave no text was thrown away meanwhile; it is asked again when it runs again.
        self._wanted.difference_update(asked)

    def _keep(self, found: dict[str, Label], lines: frozenset[str]) -> None:
        self._wanted.difference_update(found)
        kept = dict(self.labels.known)
        if len(kept) > 2 * len(lines) + _MOST_TEXTS:
            present = {key_of(line).rpartition(" ")[0] for line in lines}
            kept = {statement: label for statement, label in kept.items() if statement in present}
        self.labels = Labels(self.labels.rules, MappingProxyType(kept | found))
