"""Secrets as they come into the statements of a server, each with the word that must never be seen again."""

from __future__ import annotations

import threading
import time

import psycopg

from tests.collectors_postgres.server import Server

WORD = "pl4nted"
"""In every secret of these tests."""

PASSWORD = f"{WORD} %@:/?#[]&='\"\\é…" + "".join(f"{WORD}{number}" for number in range(20))
"""Of the role that polls: signs that a URL must escape, not all of ASCII, and about 200 characters."""

_BEFORE = (
    "CREATE EXTENSION pg_stat_statements",
    "CREATE EXTENSION dblink",
    "CREATE TABLE tasks (id int PRIMARY KEY, booking int, title text)",
    "INSERT INTO tasks SELECT n, n % 10, 'task ' || n FROM generate_series(1, 100) n",
    "CREATE FOREIGN DATA WRAPPER plain",
    "CREATE PROCEDURE called(text) LANGUAGE sql AS 'SELECT 1'",
)
STATEMENTS = (
    "CREATE ROLE one LOGIN PASSWORD '{}'",
    "ALTER ROLE one WITH ENCRYPTED PASSWORD E'{}\\'x'",
    "CREATE USER two PASSWORD $${}$$",
    "ALTER USER two PASSWORD $other${}$other$",
    "/* note */ create\n\tuser three -- and so on\n password U&'{}'",
    "CREATE GROUP four PASSWORD '{}'",
    "ALTER ROLE one SET app.secret = '{}'",
    "ALTER DATABASE postgres SET app.secret = '{}'",
    "CREATE SERVER far FOREIGN DATA WRAPPER plain OPTIONS (password '{}')",
    "ALTER SERVER far OPTIONS (SET password '{}')",
    "CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (user 'x', password '{}')",
    "ALTER USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (SET password '{}')",
    "CREATE FOREIGN TABLE outside (id int) SERVER far OPTIONS (token '{}')",
    "CREATE SUBSCRIPTION sub CONNECTION 'host=127.0.0.1 password={}' PUBLICATION p WITH (connect = false)",
    "ALTER SUBSCRIPTION sub CONNECTION 'host=127.0.0.1 password={}'",
    "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 password={}'",
    "COPY tasks FROM PROGRAM 'true # curl -u user:{} http://127.0.0.1/'",
    "COPY (SELECT '{}') TO PROGRAM 'cat > /dev/null # {}'",
    "SET app.secret = '{}'",
    "SET SESSION app.secret TO {}",
    "SELECT set_config('app.secret', '{}', false)",
    "SELECT dblink_connect_u('{}', 'host=127.0.0.1 port={port} user=postgres dbname=postgres password={}')",
    "SELECT 1 /* password={} */",
    "SELECT title FROM tasks WHERE id = 1 -- token {}",
    "SELECT title FROM tasks WHERE id = 1 /*controller='tasks',token='{}'*/",
    "DO $$ BEGIN PERFORM '{}'; END $$",
    "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '{}'::text $$",
    "CREATE VIEW v AS SELECT '{}' AS secret",
    "CREATE TABLE defaulted (id int, secret text DEFAULT '{}')",
    "ALTER TABLE defaulted ALTER secret SET DEFAULT '{}'",
    "CREATE TABLE made AS SELECT '{}' AS secret",
    "COMMENT ON TABLE tasks IS '{}'",
    "PREPARE ready AS SELECT '{}'",
    "EXPLAIN SELECT '{}'",
    "BEGIN; DECLARE c CURSOR FOR SELECT '{}'; COMMIT",
    "NOTIFY told, '{}'",
    "CALL called('{}')",
    "UPDATE tasks SET title = '{}' WHERE id = 2",
    "INSERT INTO tasks VALUES (1000, 1, '{}')",
    "PREPARE TRANSACTION '{}'",
)


def prepare(server: Server) -> None:
    """Make what the statements need, and the role that polls."""
    server.run(*_BEFORE, "CREATE ROLE monitor LOGIN", "GRANT pg_monitor TO monitor")
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(
            psycopg.sql.SQL("ALTER ROLE monitor PASSWORD {}").format(psycopg.sql.Literal(PASSWORD))
        )


def plant(server: Server) -> list[str]:
    """Run every statement, some of which fail, and return the texts in which the server shows a secret."""
    for number, text in enumerate(STATEMENTS):
        secret = f"{WORD}_{number}"
        try:
            server.run(text.replace("{port}", str(server.port)).replace("{}", secret))
        except psycopg.Error:
            continue
    _outlive_the_entry(server)
    server.run("ALTER SYSTEM RESET primary_conninfo")
    return [text for (text,) in server.run("SELECT query FROM pg_stat_statements") if WORD in text]


def _outlive_the_entry(server: Server) -> None:
    """Let the entry of a statement be thrown away while it runs: its constants stay in the text then."""
    slow = f"SELECT pg_sleep(2), title FROM tasks WHERE id = 1 AND title <> '{WORD}-outlived'"
    # The view hides an entry that has no execution yet.
    entry = "SELECT query_id FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(%'"
    running = threading.Thread(target=server.run, args=(slow,))
    running.start()
    while not (found := server.run(entry)):
        time.sleep(0.02)
    server.run(f"SELECT pg_stat_statements_reset(0, 0, {found[0][0]})")
    running.join()
