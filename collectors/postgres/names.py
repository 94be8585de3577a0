"""The names of databases and roles by their ids, remembered beyond their end. A poll asks for them seldom."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from psycopg import errors

from collectors.postgres.entry import owner_of, owners_of
from collectors.postgres.session import Connection
from collectors.postgres.statements import load

_STALE = 3600.0  # seconds, after which a database may have been renamed
_MOST = 10_000  # databases and roles each; beyond that those that are gone are forgotten
_DATABASE, _ROLE = True, False  # as `names.sql` tells them apart


class Names:
    """What has been met so far.

    Attributes:
        databases, roles: replaced, never changed, so that a snapshot may hold on to them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.databases: Mapping[int, str] = MappingProxyType({})
        self.roles: Mapping[int, str] = MappingProxyType({})
        self._clock = clock
        self._asked_at: float | None = None
        self._seen: frozenset[bytes] = frozenset()
        self._nameless: set[tuple[bool, int]] = set()  # dropped before anybody asked

    def recall(self, databases: Mapping[int, str], roles: Mapping[int, str]) -> None:
        """Take over what an earlier run knew; what is known already is newer."""
        self.databases = MappingProxyType({**databases, **self.databases})
        self.roles = MappingProxyType({**roles, **self.roles})

    async def study(self, connection: Connection, records: frozenset[bytes]) -> None:
        """Learn the names of those to whom the entries that moved belong."""
        owners = {owners_of(owner) for owner in set(map(owner_of, records - self._seen))}
        await self.meet(connection, {database for _, database in owners}, {role for role, _ in owners})
        self._seen = records

    async def meet(
        self, connection: Connection, databases: AbstractSet[int], roles: AbstractSet[int]
    ) -> None:
        """Ask for all names where one of these ids has none, and now and then because a name may change.

        While VACUUM FULL locks what holds them, numbers must do: the next poll would wait as long in vain.
        """
        met = {(_DATABASE, number) for number in databases - self.databases.keys()}
        met |= {(_ROLE, number) for number in roles - self.roles.keys()}
        stale = self._asked_at is None or self._clock() - self._asked_at > _STALE
        if stale:
            self._nameless.clear()
        if not stale and met <= self._nameless:
            return
        self._asked_at = self._clock()
        self._nameless |= met
        with contextlib.suppress(errors.LockNotAvailable):
            cursor = await connection.execute(load("names"))
            rows = await cursor.fetchall()
            self.databases = _renewed(self.databases, {number: name for kind, number, name in rows if kind})
            self.roles = _renewed(self.roles, {number: name for kind, number, name in rows if not kind})


def _renewed(before: Mapping[int, str], now: dict[int, str]) -> Mapping[int, str]:
    return MappingProxyType(now if len(before) > _MOST else {**before, **now})
