"""Where PgBouncer's console is, and how a session there must be opened."""

from __future__ import annotations

from dataclasses import replace

from collectors.postgres.address import Address
from collectors.postgres.address import address as of_postgres
from headroom.sources import Source

CONSOLE = "pgbouncer"
"""The database that is the console."""


def address(source: Source) -> Address:
    """Read the source's URL; SourceError where it cannot be one.

    PgBouncer refuses a session that sets anything when it begins, and its console has nothing to set.
    """
    place = of_postgres(source)
    parameters = {name: value for name, value in place.parameters.items() if name != "options"}
    parameters.setdefault("dbname", CONSOLE)
    return replace(place, database=str(parameters["dbname"]), parameters=parameters)
