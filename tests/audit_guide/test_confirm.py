"""`headroom audit --confirm` as a process of its own, beside one that collects."""
# ruff: noqa: RUF001  places are cited with this sign

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from headroom.audit.guide.catalogue import CATALOGUE
from headroom.history import Action, History, HistoryError, file_of, open_history
from headroom.history.actions import CONFIRM, UNCONFIRM
from headroom.history.lock import held
from tests.audit_indexes.test_command import audit, config

RULE = "memory.weak-map"
CITED = "Memory Management › Memory Leak Prevention: WeakMap and WeakSet for what is kept about other objects"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration."""
    return config(tmp_path)


@pytest.fixture
def history(file: Path) -> Iterator[History]:
    """Its history, into which this process collects."""
    with open_history(str(file.parent / "history.db"), collecting=True) as opened:
        yield opened


def told(done: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    """Return the exit code and the last line."""
    return done.returncode, (done.stdout + done.stderr).strip().splitlines()[-1]


def test_confirmed_beside_a_collecting_process(file: Path, history: History) -> None:
    """It is appended in a transaction of its own, and this process reads it at once."""
    before = datetime.now(UTC)
    done = audit(file, "--confirm", RULE, "--by", " ada ", "--note", "grep in src/")

    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert told(done) == (0, f"{RULE} ({CITED}): confirmed by ada on {today}: grep in src/")
    one = history.confirmations()[RULE]
    (rule,) = [one for one in CATALOGUE if one.id == RULE]
    assert (one.person, one.note, one.digest) == ("ada", "grep in src/", rule.digest)
    assert before <= one.at <= datetime.now(UTC)


def test_taken_back(file: Path, history: History) -> None:
    """The last word holds; the rows of both stay."""
    audit(file, "--confirm", RULE, "--by", "ada")
    done = audit(file, "--unconfirm", RULE, "--by", "bob")

    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert told(done) == (0, f"{RULE} ({CITED}): no longer confirmed; it was confirmed by ada on {today}")
    assert history.confirmations() == {}
    rows = history.actions((CONFIRM, UNCONFIRM))
    assert [(one.kind, one.person, one.body.get("rule")) for one in rows] == [
        ("confirm", "ada", RULE), ("unconfirm", "bob", RULE),
    ]  # fmt: skip
    assert told(audit(file, "--unconfirm", RULE, "--by", "bob")) == (
        2, f"--unconfirm {RULE}: nobody has confirmed it",
    )  # fmt: skip


def test_by_the_name_of_the_finding(file: Path, history: History) -> None:
    """What is printed can be typed: the rule of the audit stands for the guide's."""
    done = audit(file, "--confirm", "postgres.pool_settings", "--by", "ada")

    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert told(done) == (
        0,
        (
            "database.pool-settings (Database Optimization › Connection Pooling: min 5, idleTimeoutMillis "
            "30000, connectionTimeoutMillis 5000; poolSize 10, connectTimeoutMS 10000): confirmed by ada on "
            f"{today}; it counts only where nothing that was seen decides"
        ),
    )
    assert set(history.confirmations()) == {"database.pool-settings"}


@pytest.mark.usefixtures("history")
def test_another_row_than_the_one_confirmed(file: Path) -> None:
    """What was said of one trigger and strategy is not said of others; put back, it holds again."""
    name = "caching.invalidation.user-preferences"
    assert audit(file, "--confirm", name, "--by", "ada").returncode == 0
    before = file.read_text()
    row = "{data: User preferences, trigger: Nightly import, strategy: Within a week}"
    file.write_text(f"{before}invalidation:\n  - {row}\n")

    def shown() -> dict[str, str]:
        found = json.loads(audit(file, "--format", "json").stdout)
        (one,) = [one for one in found["findings"] if one["rule"] == name]
        return {
            "found": one["found"], "fix": one["fix"], "confirmed": found["coverage"]["confirmed"],
        }  # fmt: skip

    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert shown() == {
        "found": f"ada confirmed it on {today}, but what it says has changed since: confirm by hand again",
        "fix": f"headroom audit --confirm {name} --by NAME",
        "confirmed": 0,
    }
    file.write_text(before)
    assert shown() == {"found": f"confirmed by ada on {today}", "fix": "", "confirmed": 1}
    file.write_text(f"{before}invalidation:\n  - {row}\n")
    assert told(audit(file, "--unconfirm", name, "--by", "bob")) == (
        0,
        (
            f"{name} (Caching Strategy › Cache Invalidation Strategy: User preferences: Nightly import → "
            f"Within a week): no longer confirmed; it was confirmed by ada on {today}"
        ),
    )


def test_refused(file: Path, history: History) -> None:
    """One sentence each, exit code 2, and nothing is recorded."""
    by = ("--by", "ada")
    cases = {
        ("--confirm", "memory.weakmap", *by): (
            "--confirm memory.weakmap: there is no such rule to confirm; did you mean memory.weak-map?"
        ),
        ("--confirm", "xyz", *by): (
            "--confirm xyz: there is no such rule to confirm; `headroom audit` lists them under “by hand”"
        ),
        ("--confirm", "postgres.setting.work_mem", *by): (
            "--confirm postgres.setting.work_mem: this rule is not confirmed by hand; `headroom audit` "
            "checks it"
        ),
        ("--confirm", "a\x1b[2J", *by): "--confirm takes one line of text without control characters",
        ("--confirm", "x" * 201, *by): "--confirm takes at most 200 characters, not 201",
        ("--confirm", RULE, "--by", "  "): "--by takes a word, not nothing",
        ("--confirm", RULE, "--by", "x" * 61): "--by takes at most 60 characters, not 61",
        ("--confirm", RULE, "--by", "a\rb"): "--by takes one line of text without control characters",
        ("--confirm", RULE, *by, "--note", "x" * 301): "--note takes at most 300 characters, not 301",
        ("--confirm", RULE, *by, "--note", "a\nb"): (
            "--note takes one line of text without control characters"
        ),
        ("--confirm", RULE): "Error: --by NAME is needed: who says so",
        by: "Error: --by goes with --confirm RULE: name the rule",
        ("--note", "x"): "Error: --note goes with --confirm RULE: name the rule",
        ("--confirm", RULE, *by, "--strict"): (
            "Error: --confirm and --unconfirm audit nothing: leave the other options out"
        ),
        ("--confirm", RULE, "--unconfirm", RULE, *by): (
            "Error: --confirm and --unconfirm contradict each other: ask for one of them"
        ),
        ("--unconfirm", RULE, *by, "--note", "x"): "Error: --note goes with --confirm: leave it out",
    }

    assert {words: told(audit(file, *words)) for words in cases} == {
        words: (2, said) for words, said in cases.items()
    }
    assert history.actions((CONFIRM, UNCONFIRM)) == []


def test_no_history_yet(file: Path) -> None:
    """There is nothing to append to, and none is made."""
    done = audit(file, "--confirm", RULE, "--by", "ada")

    path = file.parent / "history.db"
    assert told(done) == (2, f"the history {path} has not been written yet; start `headroom run`")
    assert not path.exists()


def test_a_history_that_cannot_be_written(file: Path, history: History) -> None:
    """The disk's refusal is a sentence, and nothing of the action is kept."""
    path = file_of(str(file.parent / "history.db"))
    with open_history(str(path), collecting=False) as reading:
        reading._engine.dispose()
        with reading._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only=ON")
        with pytest.raises(HistoryError, match="cannot be written: the file or its folder is read-only"):
            reading.act(Action(datetime.now(UTC), "ada", CONFIRM, {"rule": RULE}))
    assert history.confirmations() == {}


def test_who_holds_the_lock(file: Path) -> None:
    """It is seen without being taken, and nothing is made to see it."""
    path = file.parent / "history.db"
    assert not held(path)
    assert list(file.parent.iterdir()) == [file]
    with open_history(str(path), collecting=True):
        assert held(path)
        assert held(path)
    assert not held(path)
    with open_history(str(path), collecting=True):
        pass
