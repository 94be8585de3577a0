"""The settings of a PostgreSQL server that decide how much of a slow statement is ever seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from collectors.postgres.address import Address, address
from collectors.postgres.session import Connection, Session
from collectors.postgres.statements import load
from headroom.sources import Source

_SHARE_OF_PERIOD = 0.7
_OWN_TIMEOUT = "-c statement_timeout="


@dataclass(frozen=True, slots=True)
class Settings:
    """What the server is set to.

    Attributes:
        logged_from: seconds from which every statement is logged; None where none is.
        sampled_from: seconds from which a sample of the statements is logged; None where none is.
        timeout: seconds after which a statement is stopped; None where it is not.
        own_timeouts: roles or databases have other timeouts.
    """

    logged_from: float | None
    sampled_from: float | None
    timeout: float | None
    own_timeouts: bool


async def read_settings(source: Source) -> Settings:
    """Read them over a connection like the collector's; SourceError where the server does not let that be.

    The collector's own statement_timeout is left out, for it would hide the server's.
    """
    session = Session(_without_timeout(address(source)), _SHARE_OF_PERIOD * source.every.total_seconds())
    try:
        return await session.run(_read)
    finally:
        await session.close()


async def _read(connection: Connection) -> Settings:
    row = await (await connection.execute(load("settings"))).fetchone()
    assert row is not None  # a SELECT without FROM
    logged, sampled, timeout, own = row
    return Settings(
        None if logged is None or logged < 0 else logged / 1000,
        None if sampled is None or sampled < 0 else sampled / 1000,
        timeout / 1000 if timeout else None,
        bool(own),
    )


def _without_timeout(place: Address) -> Address:
    words = str(place.parameters["options"]).split(" -c ")
    kept = " -c ".join(word for word in words if not f"-c {word}".startswith(_OWN_TIMEOUT))
    return replace(place, parameters={**place.parameters, "options": kept})
