"""`headroom audit` as a process: what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headroom.audit.finding import Finding
from headroom.checks import State
from monitor.audit.printed import as_table
from tests.collectors_postgres.server import Server, free_port

from .erp import INDEXES, TABLES, database, with_instead

HEADROOM = Path(sys.executable).parent / "headroom"
WALLET = "idx_employee_wallet_user_tenant"


def config(folder: Path, **urls: str) -> Path:
    """Write a configuration with these sources, and a Redis that is not there."""
    lines = ["version: 1", "history: history.db", "sources:"]
    lines += [
        f"  {name}: {{kind: postgres, url: {json.dumps(url)}, every: 15s}}" for name, url in urls.items()
    ]
    lines += ["  cache: {kind: redis, url: 'redis://127.0.0.1:1/0', every: 15s}", "budgets:"]
    lines += [
        "  - id: resource.redis_memory",
        "    title: Memory",
        "    measure: {redis_memory: maxmemory, source: cache}",
    ]
    lines += ["    window: 5m", "    limits:", "      - {statistic: average, max: 80%}"]
    file = folder / "budgets.yaml"
    file.write_text("\n".join(lines) + "\n")
    return file


def audit(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADROOM_")}
    command = [str(HEADROOM), "audit", "--config", str(file), *words]
    return subprocess.run(command, env=clean, capture_output=True, text=True, timeout=90, check=False)


@pytest.fixture
def broken(cluster: Server) -> str:
    """A database that lacks one index."""
    return database(cluster, *with_instead(WALLET))


def test_json(cluster: Server, broken: str, tmp_path: Path) -> None:
    """The document of the design, field by field; a broken rule is exit code 1."""
    done = audit(config(tmp_path, erp=cluster.url_of("monitor", database=broken)), "--format", "json")

    assert done.returncode == 1
    findings = json.loads(done.stdout)["findings"]
    assert {tuple(one) for one in findings} == {("rule", "subject", "state", "guide", "found", "fix")}
    (one,) = [one for one in findings if one["subject"].get("index") == WALLET]
    assert one == {
        "rule": "postgres.index.required",
        "subject": {
            "database": broken, "index": WALLET, "schema": "public", "source": "erp",
            "table": "employee_wallet",
        },
        "state": "fail",
        "guide": f"Index Strategy: {WALLET} ON employee_wallet (user_id, tenant_id)",
        "found": "public.employee_wallet has no such index",
        "fix": f"CREATE INDEX CONCURRENTLY {WALLET} ON public.employee_wallet (user_id, tenant_id);",
    }  # fmt: skip


def test_table(cluster: Server, broken: str, tmp_path: Path) -> None:
    """The worst first, in groups, each fix on lines of its own."""
    done = audit(config(tmp_path, erp=cluster.url_of("monitor", database=broken)))

    lines = done.stdout.splitlines()
    assert lines[0].startswith("── fail (")
    start = lines.index("      public.employee_wallet has no such index")
    head = " ".join(line.strip() for line in lines[start - 2 : start])  # wrapped by the name of the database
    assert (
        head.split()
        == (
            f"postgres.index.required erp/{broken}/public/employee_wallet/{WALLET} "
            f"Index Strategy: {WALLET} ON employee_wallet (user_id, tenant_id)"
        ).split()
    )
    assert lines[start + 1 : start + 3] == [
        "      fix:",
        f"        CREATE INDEX CONCURRENTLY {WALLET} ON public.employee_wallet (user_id, tenant_id);",
    ]
    assert " findings: " in lines[-1]


def test_one_finding_is_no_findings() -> None:
    """The last line counts them."""
    one = Finding("postgres.analyze", (("source", "erp"),), State.WARN, "", "it is old")
    assert as_table([one]).splitlines()[-1] == "1 finding: 1 warn"
    assert as_table([one, one]).splitlines()[-1] == "2 findings: 2 warn"


def test_sql(cluster: Server, broken: str, tmp_path: Path) -> None:
    """A script on stdout, nothing else; nothing was run."""
    done = audit(config(tmp_path, erp=cluster.url_of("monitor", database=broken)), "--sql")

    assert done.stdout.startswith("-- Written by headroom audit on ")
    assert (
        "\nCREATE INDEX CONCURRENTLY idx_employee_wallet_user_tenant ON public.employee_wallet "
        in done.stdout
    )
    asked = "SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'idx\\_%'"
    assert cluster.run(asked, database=broken) == [(len(INDEXES) - 1,)]


def test_one_source_out_of_reach(cluster: Server, tmp_path: Path) -> None:
    """The others are audited; its password is not printed; exit code 4 where no rule is broken."""
    url = f"postgresql://monitor:hunter2@127.0.0.1:{free_port()}/erp"
    good = cluster.url_of("monitor", database=database(cluster, "CREATE TABLE other (id int)"))
    file = config(tmp_path, away=url, erp=good)

    done = audit(file, "--format", "json", "--source", "away")

    (one,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, one["rule"], one["state"]) == (4, "postgres.source", "cannot check")
    assert one["found"].startswith("unreachable: 127.0.0.1:")
    assert "hunter2" not in done.stdout + done.stderr
    both = audit(file, "--format", "json")
    found = json.loads(both.stdout)["findings"]
    assert both.returncode == 1  # for the guide's budgets, which this file does not hold
    assert {one["subject"].get("source") for one in found} >= {"away", "erp", "cache"}


def test_not_configured(tmp_path: Path) -> None:
    """An address that is one unset variable is said, and no failure unless asked strictly."""
    file = config(tmp_path, erp="${HEADROOM_POSTGRES_URL}")

    done = audit(file, "--format", "json", "--source", "erp")

    (one,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, one["found"]) == (
        0, "not configured: the environment variable HEADROOM_POSTGRES_URL is not set",
    )  # fmt: skip
    assert audit(file, "--strict", "--source", "erp").returncode == 3
    assert audit(file, "--sql").stdout == (
        "-- No script for source erp: not configured: the environment variable HEADROOM_POSTGRES_URL "
        "is not set\n"
    )


def test_usage(tmp_path: Path) -> None:
    """Exit code 2, with what is there."""
    file = config(tmp_path, one="postgresql://h/d", two="postgresql://h/d")

    both = audit(file, "--sql", "--format", "json", "--source", "one")

    assert (both.returncode, both.stdout, both.stderr.splitlines()[-1]) == (
        2, "", "Error: --sql prints a script, and --format json findings: ask for one of them",
    )  # fmt: skip

    wrong = audit(file, "--source", "other")
    no_sql = audit(file, "--source", "cache", "--sql")
    several = audit(file, "--sql")

    assert (wrong.returncode, wrong.stderr) == (
        2,
        (
            f"--source other: {file} has no such source of kind postgres, redis or prometheus, but "
            "one, two, cache\n"
        ),
    )
    assert (no_sql.returncode, no_sql.stderr) == (
        2, f"--source cache: {file} has no such source of kind postgres, but one, two\n",
    )  # fmt: skip
    assert (several.returncode, several.stderr) == (
        2, "--sql writes the script of one source: name it by --source, one of one, two\n",
    )  # fmt: skip


def test_hostile_names_on_the_screen(cluster: Server, tmp_path: Path) -> None:
    """No sign that a terminal obeys reaches it."""
    name = database(
        cluster,
        'CREATE SCHEMA "\x1b[2J"',
        'CREATE TABLE "\x1b[2J".employee_wallet (user_id int, tenant_id int)',
        *TABLES[:1],
    )
    url = cluster.url_of("monitor", database=name)

    for words in ((), ("--sql",), ("--format", "json")):
        done = audit(config(tmp_path, erp=url), *words)
        assert (done.returncode, "employee_wallet" in done.stdout, "\x1b" in done.stdout) == (1, True, False)
