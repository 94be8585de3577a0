"""How the sessions of a cluster are looked at: once per poll, without waiting for anybody's lock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from psycopg.sql import SQL, Composed, Literal

from collectors.postgres.activity import MOST_RUNNING, WAITING, Activity, Crowd, Endings, Execution, Sitter
from collectors.postgres.learning import Learning
from collectors.postgres.names import Names
from collectors.postgres.session import Connection
from collectors.postgres.statements import LONGEST_TEXT, load
from headroom.whose import Whose

LONG_IDLE = 60.0  # seconds in which a transaction should have got on
_MOST_TEXTS = 200
_MICRO = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SINCE_14 = 140000
_ROLLBACKS = ("ROLLBACK", "ROLLBACK WORK", "ROLLBACK TRANSACTION", "ABORT", "ABORT WORK", "ABORT TRANSACTION")
_LOST = SQL(
    "pg_stat_get_db_sessions_abandoned(oid), pg_stat_get_db_sessions_fatal(oid), "
    "pg_stat_get_db_sessions_killed(oid)"
)


@dataclass(slots=True)
class Watch:
    """Looks at the sessions.

    Attributes:
        learning: what is known of statements; None where no measure asks for them.
        smallest: seconds; what runs for less is not looked at.
        whose: whose connections are asked for by name.
    """

    names: Names
    learning: Learning | None
    smallest: float
    whose: Sequence[Whose]
    _rollbacks: frozenset[str] = frozenset()
    _asked: dict[bool, bytes] = field(default_factory=dict)

    async def read(self, connection: Connection) -> Activity:
        """Look once; psycopg.Error where the server does not let that be."""
        newer = connection.info.server_version >= _SINCE_14
        if newer not in self._asked:
            self._asked[newer] = self._written(newer=newer).as_bytes(connection)
        cursor = await connection.execute(self._asked[newer], [list(self.names.databases)])
        row = await cursor.fetchone()
        assert row is not None  # a row without a table
        at, running, crowds, sitters, endings = row
        await self._learn(connection, crowds)
        waited = any(doing == WAITING for _, _, doing, _ in crowds)
        blocking = await self._blocking(connection) if waited and sitters else Counter()
        told = tuple(Crowd(*self._owner(line[:2]), *line[2:]) for line in crowds)
        now = (at - _EPOCH) // timedelta(microseconds=1)
        groups = await self._groups(connection, running[:MOST_RUNNING])
        return Activity(
            at=at.astimezone(UTC),
            running=tuple(
                Execution(
                    group, *self._owner(line[1:3]), (now - line[4]) / _MICRO, line[5] or "", bool(line[6])
                )
                for line, group in zip(running, groups, strict=False)
            ),
            truncated=len(running) > MOST_RUNNING,
            crowds=told,
            sitters=tuple(
                Sitter(*self._owner(line[1:3]), (now - line[3]) / _MICRO, line[4], blocking[line[0]])
                for line in sitters
            ),
            endings=_endings(endings),
            missing=await self._missing(connection, told),
            rollbacks=await self._known_rollbacks(),
        )

    def _written(self, *, newer: bool) -> Composed:
        return load("activity").format(
            query_id=SQL("query_id") if newer else SQL("NULL::bigint"),
            lost=_LOST if newer else SQL("0, 0, 0"),
            age=Literal(int(self.smallest * _MICRO)),
            idle=Literal(int(LONG_IDLE * _MICRO)),
            most=Literal(MOST_RUNNING + 1),
        )

    async def _learn(self, connection: Connection, crowds: Sequence[Sequence[Any]]) -> None:
        databases = {line[0] for line in crowds if line[0]}
        roles = {line[1] for line in crowds if line[1]}
        await self.names.meet(connection, databases, roles)

    def _owner(self, owner: Sequence[int | None]) -> tuple[str, str]:
        """Return what the database and the role with these ids are called."""
        database, role = owner
        return (
            self.names.databases.get(database or 0, f"({database or 'none'})"),
            self.names.roles.get(role or 0, f"({role or 'none'})"),
        )

    async def _missing(self, connection: Connection, crowds: Sequence[Crowd]) -> frozenset[tuple[str, str]]:
        """Return what is asked for and does not exist; whoever is connected exists."""
        roles = {one.role for one in self.whose if one.role} - {one.role for one in crowds}
        databases = {one.database for one in self.whose if one.database} - {one.database for one in crowds}
        if not roles and not databases:
            return frozenset()
        locked = await (await connection.execute(load("locked"))).fetchone()
        if locked != (False,):  # nobody has said that they are gone
            return frozenset()
        cursor = await connection.execute(load("existing"), [sorted(roles), sorted(databases)])
        there = set(await cursor.fetchall())
        asked = {("role", name) for name in roles} | {("database", name) for name in databases}
        return frozenset(asked - there)

    async def _known_rollbacks(self) -> frozenset[str]:
        """Return what the statements are known by that roll back; none until their texts could be parsed."""
        if not self._rollbacks and self.learning is not None:
            labels = await self.learning.labels_of([(text, "", "") for text in _ROLLBACKS])
            self._rollbacks = frozenset(label.fingerprint for label in labels if label.fingerprint)
        return self._rollbacks

    async def _blocking(self, connection: Connection) -> Counter[int]:
        """Return how many wait for each process."""
        cursor = await connection.execute(load("waiting"))
        return Counter(pid for _, pids in await cursor.fetchall() for pid in set(pids))

    async def _groups(self, connection: Connection, running: Sequence[Sequence[Any]]) -> list[str | None]:
        """Return the class of each statement that runs.

        Without an id that is known its text says it; it is looked at and forgotten.
        """
        if self.learning is None:
            return [None] * len(running)
        known = self.learning.labels.known
        labels = [known.get(f"{role} {database} {query}") for _, database, role, query, *_ in running]
        unknown = {
            (line[0], line[4]): self._owner(line[1:3])
            for line, label in zip(running, labels, strict=True)
            if label is None and not line[6]
        }
        told: dict[tuple[int, int], str] = {}
        if unknown:
            # The newest: what is older was met at a poll before, when it crossed its limit.
            pids = [pid for pid, _ in unknown][-_MOST_TEXTS:]
            cursor = await connection.execute(load("running").format(length=Literal(LONGEST_TEXT)), [pids])
            texts = {
                (pid, started): text
                for pid, started, text in await cursor.fetchall()
                if (pid, started) in unknown
            }
            told = await self._told(texts, unknown)
        return [
            label.group if label is not None else told.get((line[0], line[4]))
            for line, label in zip(running, labels, strict=True)
        ]

    async def _told(
        self, texts: Mapping[tuple[int, int], str], owners: Mapping[tuple[int, int], tuple[str, str]]
    ) -> dict[tuple[int, int], str]:
        assert self.learning is not None
        asked = [(text, owners[execution][1], owners[execution][0]) for execution, text in texts.items()]
        return dict(zip(texts, await self.learning.classes(asked), strict=True))


def _endings(rows: Sequence[Sequence[Any]]) -> Mapping[int, Endings]:
    return MappingProxyType(
        {
            database: Endings(reset or 0.0, *(count or 0 for count in counts))
            for database, reset, *counts in rows
        }
    )
