"""What one poll asks of PgBouncer's console. Columns differ by version, so they are read by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from collectors.pgbouncer import refusals
from collectors.pgbouncer.address import CONSOLE
from collectors.pgbouncer.snapshot import Database, PgBouncerSnapshot, Pool
from collectors.postgres.address import Address
from collectors.postgres.session import Connection

_MOST = 10_000  # pools
_NEEDED = {
    "SHOW POOLS": ("database", "user", "cl_active", "cl_waiting", "sv_active", "maxwait"),
    "SHOW DATABASES": ("name", "pool_size"),
    "SHOW USERS": ("name",),
    "SHOW CONFIG": ("key", "value"),
}

COMMANDS = tuple(_NEEDED)

Row = dict[str, Any]


@dataclass(slots=True)
class Reader:
    """Reads the console."""

    address: Address

    async def read(self, connection: Connection) -> PgBouncerSnapshot:
        """Read once; SourceError where it tells too little."""
        version = (connection.info.parameter_status("server_version") or "").partition("/")[0]
        pools, databases, users, config = [
            await self._shown(connection, command, version) for command in COMMANDS
        ]
        return snapshot(datetime.now(UTC), version, pools, databases, users, config)

    async def _shown(self, connection: Connection, command: str, version: str) -> list[Row]:
        cursor = await connection.execute(command.encode())
        names = [column.name for column in cursor.description or ()]
        missing = [name for name in _NEEDED[command] if name not in names]
        if missing:
            raise refusals.lacking(version, command, missing, self.address)
        return [dict(zip(names, row, strict=True)) for row in await cursor.fetchmany(_MOST)]


def snapshot(
    at: datetime, version: str, pools: list[Row], databases: list[Row], users: list[Row], config: list[Row]
) -> PgBouncerSnapshot:
    """Return what the rows of SHOW POOLS, DATABASES, USERS and CONFIG say."""
    settings = {row["key"]: row["value"] for row in config}
    by_database = {row["name"]: row for row in databases}
    by_user = {row["name"]: row for row in users}
    return PgBouncerSnapshot(
        at=at,
        version=version,
        clients=_number(settings.get("max_client_conn")),
        pools=tuple(
            _pool(row, by_database.get(row["database"], {}), by_user.get(row["user"], {}), settings)
            for row in pools
            if row["database"] != CONSOLE
        ),
        databases=tuple(
            Database(
                name=row["name"],
                most=_number(row.get("max_connections")),
                clients=_number(row.get("max_client_connections")),
                paused=bool(_number(row.get("paused"))),
            )
            for row in databases
            if row["name"] != CONSOLE
        ),
        console=sum(_clients(row) for row in pools if row["database"] == CONSOLE),
    )


def _pool(row: Row, database: Row, user: Row, settings: Row) -> Pool:
    # The column is called reserve_pool before PgBouncer 1.24; a user's own goes before the database's.
    of_database = database.get("reserve_pool_size", database.get("reserve_pool"))
    of_user = user.get("reserve_pool_size")
    reserve = _number(of_database if of_user is None else of_user)
    most = user.get("max_user_connections")  # where there is no such column, all users have the same
    return Pool(
        database=row["database"],
        user=row["user"],
        clients=_clients(row),
        waiting=_number(row["cl_waiting"]),
        servers=_number(row["sv_active"]),
        longest=_number(row["maxwait"]) + _number(row.get("maxwait_us")) / 1_000_000,
        size=_number(user.get("pool_size")) or _number(database.get("pool_size")),
        reserve=reserve if _seconds(settings.get("reserve_pool_timeout")) else 0,
        most_of_user=_number(settings.get("max_user_connections") if most is None else most),
    )


def _clients(row: Row) -> int:
    """Return the client connections, those that only cancel a statement among them."""
    cancel = ("cl_cancel_req", "cl_active_cancel_req", "cl_waiting_cancel_req")
    return sum(_number(row.get(name)) for name in ("cl_active", "cl_waiting", *cancel))


def _seconds(value: Any) -> float:
    """Return a time; 0, which turns it off, for what is not set."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _number(value: Any) -> int:
    """Return a count; 0, which is no limit, for what is not set."""
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return 0
