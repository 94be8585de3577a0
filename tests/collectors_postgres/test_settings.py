"""The settings of a real server, as a monitor's role reads them: the server's own, not the collector's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collectors.postgres.settings import Settings, read_settings
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Secret, Source, SourceKind

from .conftest import Start
from .server import Server, free_port


def _source(url: str) -> Source:
    return Source("erp-db", SourceKind.POSTGRES, Secret(url), timedelta(seconds=5))


async def test_settings_of_the_guide(start: Start) -> None:
    """The guide's log and time-out are read as they are, although the collector has a time-out of its own."""
    server = start(log_min_duration_statement="1000", statement_timeout="60000")
    server.run("CREATE ROLE monitor LOGIN", "GRANT pg_monitor TO monitor")

    assert await read_settings(_source(server.url_of("monitor"))) == Settings(
        1.0, None, 60.0, own_timeouts=False
    )

    server.run(
        "ALTER ROLE monitor SET lock_timeout = '1s'", "ALTER DATABASE postgres SET statement_timeout = 5"
    )
    assert (await read_settings(_source(server.url_of("monitor")))).own_timeouts


async def test_settings_that_are_off(cluster: Server) -> None:
    """Nothing logged and no time-out are None, not -1 and 0."""
    assert await read_settings(_source(cluster.url_of("monitor"))) == Settings(
        None, None, None, own_timeouts=False
    )


async def test_settings_of_nobody() -> None:
    """A server that is not there is said as a poll says it."""
    with pytest.raises(SourceError, match="127") as refused:
        await read_settings(_source(f"postgresql://monitor@127.0.0.1:{free_port()}/postgres"))
    assert refused.value.reason is Reason.UNREACHABLE
