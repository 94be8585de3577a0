"""What the published roles may do, and that nothing else is given away."""

from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import redis

from tests.demo.started import Started

pytestmark = pytest.mark.xdist_group("demo")  # one start for all of them


def test_postgres_role(started: Started) -> None:
    """The role headroom sees the statistics, is no more than pg_monitor, and reads no table of the ERP."""
    with psycopg.connect(started.servers["postgres"], autocommit=True) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, rolconnlimit, "
            "ARRAY(SELECT roleid::regrole::text FROM pg_auth_members WHERE member = r.oid) "
            "FROM pg_roles AS r WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, False, False, 5, ["pg_monitor"])
        texts = connection.execute(
            "SELECT query FROM pg_stat_statements WHERE query ~ 'FROM users'"
        ).fetchall()
        assert texts
        assert connection.execute("SHOW max_connections").fetchone() == ("60",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT email FROM users LIMIT 1")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE mine (id int)")
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")


def test_guide_indexes(started: Started) -> None:
    """The six indexes that the guide requires are there."""
    with psycopg.connect(started.servers["postgres"], autocommit=True) as connection:
        names = {
            row[0]
            for row in connection.execute("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")
        }

    assert names >= {
        "idx_transactions_tenant_date_type",
        "idx_transactions_booking",
        "idx_transactions_category_date",
        "idx_audit_logs_tenant_created",
        "idx_refresh_tokens_user_expires",
        "idx_employee_wallet_user_tenant",
    }


def test_redis_user(started: Started) -> None:
    """The Redis user headroom gets what a monitor needs, and neither values nor the right to change them."""
    client = redis.Redis.from_url(started.servers["redis"], protocol=2, driver_info=None)
    try:
        memory = client.info("memory")
        assert memory["maxmemory"] == 64 * 1024 * 1024
        assert memory["maxmemory_policy"] == "allkeys-lru"
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        _, keys = client.scan(count=1000)
        assert keys
        assert client.pttl(keys[0]) > 0
        for forbidden in (
            ("GET", keys[0]),
            ("SET", "mine", "1"),
            ("UNLINK", keys[0]),
            ("CONFIG", "SET", "maxmemory", "0"),
            ("KEYS", "*"),
            ("EVAL", "return 1", "0"),
            ("SHUTDOWN",),
        ):
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*forbidden)
        assert "errorstat_ERR" not in client.info("errorstats")
    finally:
        client.close()


def test_no_secret_is_told(started: Started) -> None:
    """Passwords are in no log, no process arguments and no statement text."""
    secrets = [urlsplit(started.servers[name]).password for name in ("postgres", "redis")]
    places = [path.read_text() for path in (started.demo.folder / "logs").iterdir()]
    places += [" ".join(psutil.Process(pid).cmdline()) for pid in started.servers["pids"].values()]
    with psycopg.connect(started.servers["postgres"], autocommit=True) as connection:
        places += [row[0] for row in connection.execute("SELECT query FROM pg_stat_statements")]

    for secret in secrets:
        assert secret
        assert not any(secret in place for place in places)
