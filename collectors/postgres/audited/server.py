"""Reads the settings, the sessions and the limits of roles that the audit judges."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from psycopg import errors

from collectors.postgres import refusals, sql_files
from collectors.postgres.address import Address, address
from collectors.postgres.session import Connection, Session, fetched
from headroom.audit.server_facts import Override, RoleLimit, Server, Sessions, Setting
from headroom.audit.settings import NAMES
from headroom.sources import Source

_load = partial(sql_files.load, __package__)

_SHARE_OF_PERIOD = 0.7
_MOST_SESSIONS = 200  # groups of them, by role, database and application
# What this collector's sessions set for themselves would hide what the server is set to.
_HIDING = ("statement_timeout=", "idle_in_transaction_session_timeout=")
_READ = (
    *NAMES,
    "superuser_reserved_connections",
    "reserved_connections",
    "idle_in_transaction_session_timeout",
    "log_min_duration_sample",
    "log_statement_sample_rate",
    "log_parameter_max_length",
    "track_io_timing",
    "compute_query_id",
    "pg_stat_statements.max",
    "pg_stat_statements.track",
    "pg_stat_statements.save",
    "pg_stat_statements.track_planning",
    "pg_stat_statements.track_utility",
)


async def read_server(source: Source) -> Server:
    """Read it over a connection of its own; SourceError where the server does not let that be.

    What only this role may not read is said in the answer's `why`, and left out.
    """
    place = _without_own_settings(address(source))
    session = Session(place, _SHARE_OF_PERIOD * source.every.total_seconds())

    async def read(connection: Connection) -> Server:
        return await _read(connection, place)

    try:
        return await session.run(read)
    finally:
        await session.close()


async def _read(connection: Connection, place: Address) -> Server:
    names = list(_READ)
    settings = {row[0]: Setting(*row) for row in await fetched(connection, _load("settings"), [names])}
    # Known now, and so this session may protect the server again from what it asks next.
    await connection.execute("SET /* headroom */ statement_timeout = '2s'")
    server = Server(connection.info.server_version, settings)
    try:
        server = replace(
            server, overrides=tuple(map(_override, await fetched(connection, _load("overrides"), [names])))
        )
        allowed, role, used = (await fetched(connection, _load("rights")))[0]
        if not allowed:
            return replace(
                server, in_use=used, why=(refusals.not_permitted(refusals.quoted(role, place)).detail,)
            )
        sessions = tuple(
            Sessions(*row) for row in await fetched(connection, _load("sessions"), [_MOST_SESSIONS])
        )
        limits = tuple(RoleLimit(*row) for row in await fetched(connection, _load("role_limits")))
    except (errors.QueryCanceled, errors.LockNotAvailable, errors.InsufficientPrivilege) as error:
        said = refusals.quoted(str(error), place)
        return replace(server, why=(f"sessions and limits of roles could not be read: {said}",))
    return replace(server, sessions=sessions, in_use=used, role_limits=limits)


def _override(row: tuple[Any, ...]) -> Override:
    return Override(*row)


def _without_own_settings(place: Address) -> Address:
    words = str(place.parameters["options"]).split(" -c ")
    kept = " -c ".join(word for word in words if not word.removeprefix("-c ").startswith(_HIDING))
    return replace(place, parameters={**place.parameters, "options": kept})
