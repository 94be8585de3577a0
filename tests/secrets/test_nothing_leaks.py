"""Secrets are planted wherever a server has them, and looked for in all that Headroom leaves behind."""

from __future__ import annotations

import http.server
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
import pytest
from streamlit.testing.v1 import AppTest

from tests.collectors_postgres.doors import rules
from tests.collectors_postgres.server import Server, initialised
from tests.dashboard.serving import APP
from tests.monitor.processes import LEASH, reading, stop, wait_until
from tests.secrets.planting import PASSWORD, STATEMENTS, WORD, plant, prepare
from tests.secrets.searching import found_in_file, hidden_in, unpacked

_CONFIG = """
version: 1
history: history.db
sources:
  erp-db: {{kind: postgres, url: "{written}", every: 4s}}
  denied: {{kind: postgres, url: "${{DENIED}}", every: 4s}}
classes:
  queries: [{{name: lookup}}, {{name: write}}, {{name: utility}}]
budgets:
  - id: db.lookup
    title: Lookups
    measure: {{statements: exec_time, source: erp-db, class: queries.lookup}}
    window: 16s
    for: 4s
    limits: [{{statistic: p95, max: 1ms, severity: critical}}]
  - id: db.utility
    title: Utility statements
    measure: {{statements: exec_time, source: erp-db, class: queries.utility}}
    window: 16s
    limits: [{{statistic: mean, max: 1us, severity: warning}}]
  - id: denied
    title: Lookups elsewhere
    measure: {{statements: exec_time, source: denied, class: queries.lookup}}
    window: 16s
    for: 4s
    limits: [{{statistic: p95, max: 1ms, severity: critical}}]
alerts:
  channels: {{hook: {{kind: webhook, url: "${{HOOK}}"}}}}
  routes: [{{channels: [hook]}}]
"""


@dataclass
class Aftermath:
    """What some polls left behind.

    Attributes:
        said: what each command said, and each page showed.
        sent: the alerts.
        seen: command lines of the process and its children.
        planted: the texts with a secret in them that the server had.
    """

    folder: Path
    said: dict[str, str] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    planted: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL with secrets in every statement that may have one."""
    template = initialised()
    one = Server(template).start()
    prepare(one)
    rules(one, "host all monitor 127.0.0.1/32 scram-sha-256")
    yield one
    one.remove()
    shutil.rmtree(template)


@pytest.fixture(scope="module")
def left(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """Collect from it for some polls, ask every command, and open every page."""
    patch = pytest.MonkeyPatch()
    after = Aftermath(tmp_path_factory.mktemp("left"))
    secret, database = quote(PASSWORD, safe=""), f"127.0.0.1:{server.port}/postgres"
    url = f"postgresql://monitor:{secret}@{database}"
    config = after.folder / "budgets.yaml"
    config.write_text(_CONFIG.format(written=url))
    patch.setenv("DENIED", f"postgresql://monitor:{secret}{WORD}@{database}?sslpassword={WORD}")
    with _receiver(after.sent) as hook:
        patch.setenv("HOOK", f"{hook}{WORD}-token")
        after.planted = plant(server)
        _collect(config, server, after)
        for command in _COMMANDS:
            done = subprocess.run(
                [sys.executable, "-m", "monitor", "--verbose", *command, "--config", str(config)],
                capture_output=True, text=True, timeout=120, check=False, cwd=after.folder,
            )  # fmt: skip
            assert done.returncode != 2, done.stderr
            after.said[" ".join(command)] = done.stdout + done.stderr
    patch.setenv("HEADROOM_CONFIG", str(config))
    _open_pages(config, after)
    yield after
    patch.undo()


_COMMANDS = (
    ("check",),
    ("check", "--format", "json"),
    ("doctor",),
    ("doctor", "--format", "json"),
    ("audit",),
    ("audit", "--format", "json"),
    ("audit", "--sql", "--source", "erp-db"),
    ("explain", "db.lookup"),
    ("explain", "db.utility", "--format", "json"),
    ("explain", "denied", "--format", "markdown"),
    ("run", "--once"),
)


def _collect(config: Path, server: Server, after: Aftermath) -> None:
    """Run the service while statements with secrets run, fail and wait."""
    with (config.parent / "log").open("wb") as log:
        process = subprocess.Popen(
            [*LEASH, sys.executable, "-m", "monitor", "--verbose", "run", "--config", str(config)],
            stdout=log, stderr=log, env={**os.environ, "HEADROOM_LOG": "debug"},
        )  # fmt: skip
    ended = threading.Event()
    working = [threading.Thread(target=_work, args=(server, ended, text)) for text in _RUNNING]
    working.append(threading.Thread(target=_watch, args=(process.pid, ended, after)))
    for one in working:
        one.start()
    try:
        wait_until(config, lambda history: after.sent and history.statements("erp-db"), "an alert", 60)
        time.sleep(9)
        for name in ("history.db", "history.db-wal"):  # at the end the log is folded into the file
            shutil.copy(config.parent / name, config.parent / f"running-{name}")
    finally:
        ended.set()
        for one in working:
            one.join()
        assert stop(process) == 0


_RUNNING = (
    f"SELECT title, pg_sleep(0.02) FROM tasks WHERE id = 7 AND title <> '{WORD}-again'",
    f"SELECT pg_sleep(3), '{WORD}-in-flight'",
    f"SELECT 1/0, '{WORD}-failed'",
    f"SELECT '{WORD}-syntax' FROM FROM",
    f"LOCK TABLE tasks IN ROW EXCLUSIVE MODE; SELECT pg_sleep(1) /* {WORD}-several */",
)


def _watch(pid: int, ended: threading.Event, after: Aftermath) -> None:
    """Note the command lines; the child that parses lives for a moment only."""
    process = psutil.Process(pid)
    while not ended.wait(0.02):
        for each in (process, *process.children(recursive=True)):
            try:
                after.seen.add(" ".join(each.cmdline()))
            except psutil.Error:
                continue


def _work(server: Server, ended: threading.Event, text: str) -> None:
    with psycopg.connect(f"{server.url}?application_name={WORD}-app", autocommit=True) as connection:
        connection.prepare_threshold = None
        while not ended.wait(0.05):
            try:
                connection.execute(text.encode())
            except psycopg.Error:
                continue


class _receiver:  # noqa: N801 a context manager, used as a function
    """Take what is posted."""

    def __init__(self, sent: list[bytes]) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _open_pages(config: Path, after: Aftermath) -> None:
    with reading(config) as history:
        prints = [one.fingerprint for one in history.statements("erp-db")]
        rows = sorted({f"{one.verdict.budget}:{one.verdict.limit}" for one in history.standings()})
    pages = [("overview", {}), ("database", {}), ("database", {"source": "erp-db"})]
    pages += [("budget", {"budget": row.partition(":")[0], "limit": row.partition(":")[2]}) for row in rows]
    pages += [("statement", {"source": "erp-db", "statement": one}) for one in prints]
    for view, parameters in pages:
        page = AppTest.from_file(str(APP), default_timeout=60).run()
        for name, value in parameters.items():
            page.query_params[name] = value
        page.switch_page(f"views/{view}.py").run()
        assert not page.exception, (view, parameters)
        shown = [str(getattr(element, "proto", "")) for element in page._tree]
        after.said[f"page {view} {parameters}"] = " ".join(shown)


def test_the_secrets_were_there(left: Aftermath) -> None:
    """The server had most of them in the texts that were read, and what was learnt of these was kept."""
    assert len(left.planted) >= len(STATEMENTS) // 2
    assert any("pg_sleep" in text for text in left.planted), "the entry thrown away while it ran"
    with reading(left.folder / "budgets.yaml") as history:
        texts = [one.text for one in history.statements("erp-db")]
        assert {poll.result for name, poll in history.last_polls().items() if name == "erp-db"} == {"ok"}
    assert [text for text in texts if text.lower().startswith("create user")]
    assert [text for text in texts if "pg_sleep" in text]
    assert any("collectors.postgres.parsing" in one for one in left.seen), left.seen


def test_nothing_on_the_disk(left: Aftermath) -> None:
    """Neither the history while it is written to and after it, packed or not, nor the log has a secret."""
    config = left.folder / "budgets.yaml"
    files = [path for path in left.folder.iterdir() if path.is_file() and path != config]
    names = {path.name for path in files}

    assert {"history.db", "running-history.db", "running-history.db-wal", "log"} <= names
    assert [place for path in files for place in found_in_file(path, WORD)] == []
    assert (left.folder / "log").stat().st_size > 500


def test_nothing_said_shown_or_sent(left: Aftermath) -> None:
    """Neither does any command, page, alert or list of processes."""
    assert [name for name, text in left.said.items() if hidden_in(text.encode(), WORD)] == []
    assert all(text.strip() for text in left.said.values())
    assert left.sent
    assert [alert for alert in left.sent if hidden_in(alert, WORD)] == []
    assert [line for line in left.seen if hidden_in(line.encode(), WORD)] == []


def test_no_piece_of_the_password(left: Aftermath) -> None:
    """Nor is a piece of the password anywhere, as it is or as the URL escapes it."""
    written = [PASSWORD, quote(PASSWORD, safe="")]
    pieces = {each[start : start + 9] for each in written for start in range(0, len(each) - 8, 3)}
    told = [*left.said.values(), (left.folder / "log").read_text(), *(one.decode() for one in left.sent)]

    assert [piece for piece in sorted(pieces) if any(piece in text for text in told)] == []


def test_what_searches_finds(tmp_path: Path) -> None:
    """The search finds the word packed, escaped and in a file of a database."""
    file = tmp_path / "one.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (b BLOB)")
        connection.execute("INSERT INTO t VALUES (?)", (b"v1" + zlib.compress(f"a {WORD} b".encode() * 9),))
    connection.close()

    assert list(found_in_file(file, WORD)) == ["one.db, table t"]
    assert list(unpacked(b"nothing packed")) == [b"nothing packed"]
    for said in (WORD.upper(), WORD.encode().hex(), "YSBwbDRudGVkIGI="):
        assert hidden_in(said.encode(), WORD)
    assert not hidden_in(b"planted", WORD)
