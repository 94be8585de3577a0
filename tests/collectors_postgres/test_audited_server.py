"""Settings, sessions and limits of roles as a monitor's role reads them for the audit, of real servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from collectors.postgres.audited.server import read_server
from headroom.audit.case import Case
from headroom.audit.facts import Facts
from headroom.audit.finding import Finding
from headroom.audit.pool import pool
from headroom.audit.server_facts import Override, RoleLimit, Setting
from headroom.audit.server_facts import Server as ServerFacts
from headroom.audit.settings import NAMES, settings
from headroom.budgets import Reason
from headroom.checks import State
from headroom.observation import SourceError
from headroom.sources import Secret, Source, SourceKind

from .conftest import Clusters, Start
from .server import MAJORS, Server, free_port


def _source(url: str) -> Source:
    return Source("erp-db", SourceKind.POSTGRES, Secret(url), timedelta(seconds=15))


def _case(server: ServerFacts) -> Case:
    return Case(
        Facts("erp-db", datetime.now(UTC), database="postgres", version=server.version, server=server)
    )


def _found(rule: str, findings: list[Finding]) -> Finding:
    return next(finding for finding in findings if finding.rule == rule)


@pytest.mark.parametrize("major", MAJORS)
async def test_every_version(cluster_of: Clusters, major: int) -> None:
    """All eleven settings are read on every version, with what they are when nobody sets them."""
    server = await read_server(_source(cluster_of(major).url_of("monitor")))
    found = list(settings(_case(server)))

    assert server.version // 10000 == major
    assert set(NAMES) <= server.settings.keys()
    assert State.CANNOT_CHECK not in {one.state for one in found}
    assert _found("postgres.setting.max_connections", found).found == (
        f"max_connections is {server.settings['max_connections'].value}, fewer than the guide: ten "
        "application instances with its pool of 20 do not fit (set on the server's command line)"
    )
    reads = _found("postgres.setting.effective_io_concurrency", found)
    assert reads.state is (State.PASS if major >= 18 else State.WARN)
    assert server.settings["effective_io_concurrency"].value == ("16" if major >= 18 else "1")


async def test_settings_of_the_server(start: Start) -> None:
    """The server's own values are read, although Headroom's sessions have a timeout of their own."""
    server = start(
        shared_buffers="256MB", statement_timeout="60000", log_min_duration_statement="1s", log_temp_files="0"
    )
    server.run(
        "CREATE ROLE monitor LOGIN",
        "GRANT pg_monitor TO monitor",
        "CREATE ROLE erp LOGIN CONNECTION LIMIT 5",
        "ALTER ROLE erp SET statement_timeout = '0'",
        "ALTER ROLE erp IN DATABASE postgres SET work_mem = '1GB'",
        "ALTER ROLE erp SET search_path = 'secret_schema'",
        "ALTER DATABASE postgres SET idle_in_transaction_session_timeout = '90s'",
        "ALTER SYSTEM SET log_lock_waits = on",
        "SELECT pg_reload_conf()",
    )
    read = await read_server(_source(server.url_of("monitor")))

    assert read.settings["statement_timeout"] == Setting(
        "statement_timeout", "60000", "ms", "command line", "", "0"
    )
    assert read.settings["idle_in_transaction_session_timeout"].value == "90000"
    assert read.settings["log_lock_waits"].place == (f"{server.folder}/data/postgresql.auto.conf, line 3")
    assert read.overrides == (
        Override("", "postgres", "idle_in_transaction_session_timeout", "90s"),
        Override("erp", "", "statement_timeout", "0"),
        Override("erp", "postgres", "work_mem", "1GB"),
    )
    assert read.role_limits == (RoleLimit("erp", 5, 0),)
    assert "secret_schema" not in repr(read)
    found = list(settings(_case(read)))
    assert _found("postgres.setting.statement_timeout", found).found == (
        'statement_timeout is 1min, as in the guide (set on the server\'s command line); role "erp" has 0'
    )
    assert _found("postgres.setting.log_lock_waits", found).state is State.PASS


async def test_own_timeout_of_the_role(start: Start) -> None:
    """A timeout of Headroom's own role hides the server's, which is said and not taken for it."""
    server = start(statement_timeout="60000")
    server.run(
        "CREATE ROLE monitor LOGIN",
        "GRANT pg_monitor TO monitor",
        "ALTER ROLE monitor SET statement_timeout = '5s'",
    )
    read = await read_server(_source(server.url_of("monitor")))

    assert _found("postgres.setting.statement_timeout", list(settings(_case(read)))).found.startswith(
        "the server's statement_timeout cannot be seen: the role or the URL that Headroom comes through has "
        "its own"
    )


async def test_sessions(cluster: Server) -> None:
    """Sessions are counted by role, database and application; what hangs in a transaction has its age."""
    hostile = "evil\tname"
    with (
        psycopg.connect(cluster.url, application_name=hostile) as held,
        psycopg.connect(cluster.url, application_name=hostile, autocommit=True),
    ):
        held.execute("SELECT pg_sleep(0.1)")
        read = await read_server(_source(cluster.url_of("monitor")))

    mine = [one for one in read.sessions if one.role == "postgres" and one.application.startswith("evil")]
    assert [(one.database, one.addresses, one.used, one.idle_in_transaction) for one in mine] == [
        ("postgres", 1, 2, 1)
    ]
    assert 0 < mine[0].oldest_idle < 10
    assert read.in_use >= 3
    assert not [one for one in read.sessions if one.application == "headroom"]
    assert (
        "1 session is idle in a transaction"
        in _found("postgres.idle_in_transaction", list(pool(_case(read)))).found
    )


async def test_role_without_rights(cluster: Server) -> None:
    """Settings are everybody's to read; sessions are not, and their absence is no empty server."""
    read = await read_server(_source(cluster.url_of("nobody")))
    why = 'role "nobody" may not read the statistics of other roles: GRANT pg_monitor TO "nobody";'

    assert read.settings["max_connections"].value == "30"
    assert read.why == (why,)
    assert _found("postgres.pool", list(pool(_case(read)))).found == why


async def test_server_of_nobody() -> None:
    """A server that is not there is said as a poll says it."""
    with pytest.raises(SourceError, match="refuses connections") as refused:
        await read_server(_source(f"postgresql://monitor@127.0.0.1:{free_port()}/postgres"))
    assert refused.value.reason is Reason.UNREACHABLE
