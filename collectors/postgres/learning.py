"""Which statement belongs to which class, learnt from texts that are read seldom and not kept as they are."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from types import MappingProxyType
from typing import TypeGuard

from collectors.postgres.classify import Classifier, Runner
from collectors.postgres.entry import key_of, statement_of
from collectors.postgres.keys import Catalogue, read_keys
from collectors.postgres.lookup import Sight
from collectors.postgres.names import Names
from collectors.postgres.parsing import Parser, ParserError, Shape, Unparsed
from collectors.postgres.redaction import redacted
from collectors.postgres.session import Connection
from collectors.postgres.snapshot import OWN, Label, Labels
from collectors.postgres.statements import Layout
from collectors.postgres.traits import traits
from headroom.statements import Statement

# The server loads its whole file of texts for each reading: one a minute, of which a few may be saved up, so
# that what a quiet hour brings is known at once. The first two are soon spent: the second meets this
# collector's own statement of the first.
_PAUSE = 60.0
_SAVED_UP = 3
_SPARING = 4
_MOST_TEXTS = 2_000
_STATEMENT = re.compile(r"[0-9]{1,10} [0-9]{1,10} -?[0-9]{1,19}")
_BATCH = 50  # texts classified before the other sources get their turn
_MOST_LEARNT = 5_000
_STALE = 3600.0  # seconds, after which a table may have another key
_MOST_TOLD = 500
_MOST_CHARACTERS = 4_000_000
_UNKNOWN = Label("", "")


class Learning:
    """The labels of all statements met so far.

    Attributes:
        labels: replaced, never changed, so that a snapshot may hold on to them.
        upto: the number of what was learnt last.
        said: why statements of the last reading were left for the next; empty where none were.
    """

    def __init__(
        self,
        classifier: Classifier,
        clock: Callable[[], float] = time.monotonic,
        *,
        source: str = "",
        names: Names | None = None,
        parser: Parser | None = None,
        patience: float = 5.0,
    ) -> None:
        """`patience` is how long, in seconds, a poll waits for the parser; it goes on beside the polls."""
        self.labels = Labels(classifier.digest)
        self.upto = 0
        self.said = ""
        self._classifier = classifier
        self._clock = clock
        self._source = source
        self._names = names or Names()
        self._parser = parser or Parser()
        self._patience = patience
        self._parsing: asyncio.Future[None] | None = None
        self._telling: asyncio.Future[None] | None = None
        self._texts: dict[str, str] = {}  # that are being parsed
        self._catalogue = Catalogue()
        self._lines: frozenset[bytes] = frozenset()
        self._wanted: set[str] = set()
        self._learnt: deque[tuple[int, Statement]] = deque()
        self._characters = 0  # of the texts in it
        self._shapes: dict[str, Shape | Unparsed] = {}
        self._read_at: float | None = None
        self._emitted: dict[str, tuple[str, bool]] = {}  # by fingerprint: class, and by our own catalogue
        self._told: OrderedDict[int, Label] = OrderedDict()
        self._pause = _PAUSE
        self._allowed = float(_SAVED_UP)  # readings
        self._counted_at = clock()

    @property
    def learnt(self) -> tuple[tuple[int, Statement], ...]:
        """What was learnt since this process began, numbered; what is too long ago is left out."""
        return tuple(self._learnt)

    def recall(self, labels: Labels) -> None:
        """Take over what an earlier run learnt by the same rules; the history has the rest of it."""
        if labels.rules == self.labels.rules and not self.labels.known:
            self.labels = labels
            self._emitted = {label.fingerprint: (label.group, True) for label in labels.known.values()}

    def spare(self, *, on: bool) -> None:
        """Read texts a quarter as often, or as often as ever."""
        self._pause = _PAUSE * (_SPARING if on else 1)

    async def classes(self, texts: Sequence[tuple[str, str, str]]) -> list[str]:
        """Return the class of each (text, role, database); empty where it has none."""
        return [label.group for label in await self.labels_of(texts)]

    async def labels_of(self, texts: Sequence[tuple[str, str, str]]) -> list[Label]:
        """Return the label of each (text, role, database); nothing but the label is kept, for a while.

        An empty label stands for a text that could not be parsed, or not yet.
        """
        unknown = list(dict.fromkeys(one for one in texts if _hashed(one) not in self._told))
        if unknown and self._telling is None:
            self._telling = asyncio.ensure_future(self._tell(unknown))
        if self._telling is not None:
            done, _ = await asyncio.wait({self._telling}, timeout=self._patience)
            if done:
                telling, self._telling = self._telling, None
                telling.result()
        labels = [self._told.get(_hashed(one), _UNKNOWN) for one in texts]
        while len(self._told) > _MOST_TOLD:
            self._told.popitem(last=False)
        return labels

    async def _tell(self, unknown: Sequence[tuple[str, str, str]]) -> None:
        shapes: list[Shape | Unparsed] = []
        try:
            shapes = await self._parser.shapes([text for text, _, _ in unknown])
        except ParserError as error:
            self.said = str(error)
        for (text, role, database), shape in zip(unknown, shapes, strict=False):
            label = self._classifier.label(text, shape, self._sight(database), Runner(role, database))
            self._told[_hashed((text, role, database))] = label

    async def study(self, connection: Connection, layout: Layout, lines: frozenset[bytes]) -> None:
        """Read and classify the texts of statements that ran and are not known, where it is time to."""
        known = self.labels.known
        met = self.labels.by_key
        statements = {statement_of(line) for line in lines - self._lines if key_of(line) not in met}
        self._wanted.update(one for one in statements if one not in known and _STATEMENT.fullmatch(one))
        self._lines = lines
        now = self._clock()
        self._allowed = min(_SAVED_UP, self._allowed + (now - self._counted_at) / self._pause)
        self._counted_at = now
        if self._parsing is None:
            if not self._wanted or self._allowed < 1:
                return
            self._allowed -= 1
            self.said = ""
            self._texts = await self._read(connection, layout)
            self._parsing = asyncio.ensure_future(self._parse(self._texts.values()))
        if not await self._parsed():
            return
        texts, self._texts = self._texts, {}
        await self._meet(connection, texts)
        found: dict[str, Label] = {}
        try:
            for number, (statement, text) in enumerate(texts.items()):
                if (shape := self._shapes.get(text)) is not None and self._clear(statement, shape):
                    found[statement] = self._label(statement, text, shape)
                if number % _BATCH == _BATCH - 1:
                    await asyncio.sleep(0)
        finally:  # a poll that runs out of time here must not begin anew for ever
            self._keep(found, lines)
        self._shapes.clear()

    async def close(self) -> None:
        """End what is being parsed."""
        for task in (self._parsing, self._telling):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})

    async def _read(self, connection: Connection, layout: Layout) -> dict[str, str]:
        """Return the texts of statements that are not known, some thousands at most."""
        asked = sorted(self._wanted)[:_MOST_TEXTS]
        queries = sorted({int(statement.rpartition(" ")[2]) for statement in asked})
        cursor = await connection.execute(layout.texts, [queries])
        rows = await cursor.fetchall()
        known = self.labels.known
        texts = {statement: text for statement, text in rows if text is not None and statement not in known}
        # What gave no text was thrown away meanwhile; it is asked again when it runs again.
        self._wanted.difference_update(set(asked) - texts.keys())
        return texts

    async def _parsed(self) -> bool:
        """Wait a while for the parser; tell whether it is done. The counters must not wait for it longer."""
        assert self._parsing is not None
        done, _ = await asyncio.wait({self._parsing}, timeout=self._patience)
        if not done:
            self.said = "new statements are still being parsed, and in no class until that is done"
            return False
        parsing, self._parsing = self._parsing, None
        parsing.result()
        return True

    async def _parse(self, texts: Iterable[str]) -> None:
        """Find the shapes."""
        unknown = [text for text in dict.fromkeys(texts) if text not in self._shapes]
        try:
            async with aclosing(self._parser.each(unknown)) as shapes:
                at = 0
                async for shape in shapes:
                    self._shapes[unknown[at]] = shape
                    at += 1
        except ParserError as error:
            self.said = f"{error}; new statements are in no class until it can"
        else:
            if at < len(unknown):
                self.said = f"the parser died too often; {len(unknown) - at} statements are left for later"

    async def _meet(self, connection: Connection, texts: Mapping[str, str]) -> None:
        """Read the keys of tables that were not met yet, where statements of our database read them."""
        if self._read_at is not None and self._clock() - self._read_at > _STALE:
            self._catalogue, self._read_at = Catalogue(), None
        tables: set[str] = set()
        functions: set[str] = set()
        for statement, text in texts.items():
            shape = self._shapes.get(text)
            if _keyed(shape) and self._ours(statement) is not False:
                tables.update(name for _, name in shape.tables if not self._catalogue.tables.get(name))
                functions.update((*shape.functions, *shape.inner))
        if tables or self._catalogue.database is None:
            self._catalogue = await read_keys(connection, self._catalogue, tables, functions)
            self._read_at = self._read_at or self._clock()

    def _ours(self, statement: str) -> bool | None:
        """Tell whether a statement runs in the database that we are connected to; None where nobody knows."""
        database = self._catalogue.database
        return None if database is None else statement.split(" ")[1] == str(database)

    def _clear(self, statement: str, shape: Shape | Unparsed) -> bool:
        """Tell whether a statement can be labelled; where the catalogue was locked, it waits."""
        ours = self._ours(statement)
        if not _keyed(shape) or ours is False:
            return True
        clear = ours is True and all(name in self._catalogue.tables for _, name in shape.tables)
        if not clear:
            self.said = "the catalogue was locked; statements on new tables are classified later"
        return clear

    def _label(self, statement: str, text: str, shape: Shape | Unparsed) -> Label:
        role, database, _ = statement.split(" ")
        runner = Runner(self._names.roles.get(int(role), ""), self._names.databases.get(int(database), ""))
        ours = self._ours(statement) is True
        sight = Sight(self._catalogue) if ours else _elsewhere(runner.database or database)
        label = self._classifier.label(text, shape, sight, runner)
        known = self._emitted.get(label.fingerprint)
        # Elsewhere less is known of the same shape: what the catalogue told stays.
        if label.group != OWN and (known is None or (ours and known != (label.group, True))):
            self._emitted[label.fingerprint] = label.group, ours
            self.upto += 1
            told = traits(shape) if isinstance(shape, Shape) else ()
            one = Statement(self._source, label.fingerprint, label.group, label.why, redacted(text), told)
            self._learnt.append((self.upto, one))
            self._characters += len(one.text)
            while self._characters > _MOST_CHARACTERS or len(self._learnt) > _MOST_LEARNT:
                self._characters -= len(self._learnt.popleft()[1].text)
        return label

    def _sight(self, database: str) -> Sight:
        connected = self._names.databases.get(self._catalogue.database or 0)
        return Sight(self._catalogue) if connected == database else _elsewhere(database)

    def _keep(self, found: dict[str, Label], lines: Collection[bytes]) -> None:
        self._wanted.difference_update(found)
        if not found:
            return
        kept = dict(self.labels.known)
        if len(kept) > 2 * len(lines) + _MOST_TEXTS:
            present = {statement_of(line) for line in lines}
            kept = {statement: label for statement, label in kept.items() if statement in present}
            self._emitted = {label.fingerprint: (label.group, True) for label in kept.values()}
        self.labels = Labels(self.labels.rules, MappingProxyType(kept | found))


def _keyed(shape: Shape | Unparsed | None) -> TypeGuard[Shape]:
    """Tell whether the keys of its tables may say what a statement is."""
    return isinstance(shape, Shape) and shape.kind == "select" and bool(shape.tables)


def _hashed(one: tuple[str, str, str]) -> int:
    """Return what stands for a text where the text itself must not be kept."""
    return hash(one)


def _elsewhere(database: str) -> Sight:
    return Sight(None, f"the catalogue of database {database} cannot be read from here")
