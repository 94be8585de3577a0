"""What `headroom check` prints for a real history, and how it exits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from headroom.bounds import Interval
from headroom.budgets import Reason, Severity, Statistic, Unit, Verdict, Window
from headroom.history import Cycle, open_history

CONFIG = """
version: 1
history: history.db
sources:
  metrics: {kind: prometheus, url: "http://127.0.0.1:9"}
classes:
  endpoints:
    - {name: login, method: POST, path: "/auth/login"}
budgets:
  - id: api.login
    title: Authentication (login)
    measure: {histogram: http_request_duration_seconds, source: metrics, class: endpoints.login}
    limits:
      - {statistic: p95, max: 200ms, severity: critical}
      - {statistic: p99, max: 500ms, severity: critical}
"""
DETAIL = "100 of 1,000 took longer than 200 ms (10 %), 5 % allowed"


def verdict(
    limit: str = "p95", reason: Reason = Reason.OVER_LIMIT, *, age: float = 0, instance: str = ""
) -> Verdict:
    """Return a verdict on the login budget that was made `age` seconds ago."""
    at = datetime.now(UTC) - timedelta(seconds=age)
    blind = reason in (Reason.UNREACHABLE, Reason.NO_DATA)
    statistic = Statistic(limit)
    return Verdict(
        budget="api.login",
        limit=limit,
        statistic=statistic,
        severity=Severity.CRITICAL,
        subject=(("instance", instance),) if instance else (),
        source="metrics",
        outcome=reason.outcome,
        reason=reason,
        detail=DETAIL,
        unit=Unit.SECONDS,
        threshold={"p95": 0.2, "p99": 0.5}[limit],
        window=Window(at - timedelta(minutes=5), at, 0.95),
        at=at,
        value=None if blind else Interval(0.5, None),
        slow=None if blind else (100, 100),
        slow_share=None if blind else Interval(0.079, 0.124),
        allowed=0.05 if limit == "p95" else 0.01,
        n=0 if blind else 1000,
        headroom=None if blind else -1.48,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a configuration."""
    (tmp_path / "budgets.yaml").write_text(CONFIG)
    return tmp_path


def record(folder: Path, verdicts: Sequence[Verdict]) -> None:
    """Write verdicts into the folder's history."""
    with open_history(f"sqlite:///{folder}/history.db", collecting=True) as history:
        history.record(Cycle(at=max(one.at for one in verdicts), verdicts=tuple(verdicts)))


def check(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run the command; return exit code, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "check", "--config", str(folder / "budgets.yaml"), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_json_has_one_verdict_per_limit_in_the_designs_form(folder: Path) -> None:
    """Every key of the document, for a latency limit that is over."""
    one = verdict()
    record(folder, [one, verdict("p99"), verdict(instance="erp-1")])

    code, out, err = check(folder, "--format", "json")

    document: dict[str, Any] = json.loads(out)
    assert [(each["budget"], each["limit"]) for each in document["verdicts"]] == [
        ("api.login", "p95"),
        ("api.login", "p99"),
    ]
    stamp = one.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    began = (one.at - timedelta(minutes=5)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert document["verdicts"][0] == {
        "budget": "api.login",
        "limit": "p95",
        "statistic": "p95",
        "severity": "critical",
        "subject": {},
        "source": "metrics",
        "outcome": "over",
        "reason": "over limit",
        "detail": DETAIL,
        "value": {"low": 0.5, "high": None},
        "unit": "s",
        "threshold": 0.2,
        "slow": {"low": 100, "high": 100},
        "slow_share": {"low": 0.079, "high": 0.124},
        "allowed": 0.05,
        "n": 1000,
        "headroom": -1.48,
        "window": {"from": began, "to": stamp, "coverage": 0.95},
        "at": stamp,
    }
    assert (code, err) == (1, "")


def test_by_subject_gives_the_others_too(folder: Path) -> None:
    """Asked for, each subject has a verdict of its own after those for all of it."""
    record(folder, [verdict(), verdict("p99"), verdict(instance="erp-1")])

    _, out, _ = check(folder, "--format", "json", "--by", "subject")

    assert [each["subject"] for each in json.loads(out)["verdicts"]] == [{}, {}, {"instance": "erp-1"}]


def test_a_subject_never_changes_the_exit_code(folder: Path) -> None:
    """The promise is made for all of it: one instance that is over is no reason to stop a pipeline."""
    met = [verdict(limit, Reason.WITHIN_LIMIT) for limit in ("p95", "p99")]
    record(folder, [*met, verdict(instance="erp-1"), verdict("p99", Reason.BUCKET, instance="erp-1")])

    assert check(folder, "--strict")[0] == check(folder, "--strict", "--by", "subject")[0] == 0


def test_what_a_met_whole_hides_is_told(folder: Path) -> None:
    """A slow instance, and sources that disagree, stand under the table in words."""
    met = verdict("p95", Reason.WITHIN_LIMIT)
    apart = replace(
        verdict("p99", Reason.WITHIN_LIMIT), detail="x; the two sources disagree: a 1% slow, b 9% slow"
    )
    well = [verdict("p95", Reason.WITHIN_LIMIT, instance=f"erp-{number}") for number in range(2, 13)]
    record(folder, [met, apart, verdict(instance="erp-1"), *well])

    code, out, _ = check(folder)

    assert code == 0
    assert out.splitlines()[-3:] == [
        "",
        f"api.login p95 is met (within limit; but 1 of 12 instances over): {DETAIL}",
        f"api.login p99 is met (within limit; but the two sources disagree): {apart.detail}",
    ]
    assert "erp" not in out


def test_labels_cannot_steer_a_terminal(folder: Path) -> None:
    """What an instance calls itself is one bounded line; JSON has it as it is."""
    hostile = "a\x1b[31m\nover  api.login  p95  forged:3000" + "x" * 500
    record(folder, [verdict(), verdict("p99"), verdict(instance=hostile)])

    _, out, _ = check(folder, "--by", "subject")
    _, document, _ = check(folder, "--by", "subject", "--format", "json")

    assert all(line.isprintable() and len(line) < 500 for line in out.splitlines())
    assert not any(line.startswith("over  api.login  p95  forged") for line in out.splitlines())
    assert json.loads(document)["verdicts"][-1]["subject"] == {"instance": hostile}


def test_subjects_are_in_the_order_in_which_people_count(folder: Path) -> None:
    """The second instance comes before the tenth."""
    hosts = ["10.0.0.10:3000", "10.0.0.2:3000", "10.0.0.1:3000"]
    record(folder, [verdict(), verdict("p99"), *(verdict(instance=host) for host in hosts)])

    _, out, _ = check(folder, "--format", "json", "--by", "subject")

    shown = [each["subject"]["instance"] for each in json.loads(out)["verdicts"][2:]]
    assert shown == ["10.0.0.1:3000", "10.0.0.2:3000", "10.0.0.10:3000"]


def test_of_two_measures_it_is_told_which_judged(folder: Path) -> None:
    """A column names the source only where a budget has two."""
    measure = "{statements: exec_time, source: db, class: queries.lookup}"
    second = "{histogram: db_seconds, source: metrics, class: queries.lookup}"
    text = CONFIG.replace(
        "  metrics:", '  db: {kind: postgres, url: "postgresql://127.0.0.1:9/x"}\n  metrics:'
    )
    text = text.replace("budgets:", "  queries: [{name: lookup, labels: {query_type: lookup}}]\nbudgets:")
    limits = "[{statistic: p95, max: 200ms}]"
    rest = f"measure: {measure}, second: {second}, limits: {limits}"
    (folder / "budgets.yaml").write_text(f"{text}  - {{id: db.lookup, title: Lookups, {rest}}}\n")
    record(folder, [verdict(), verdict("p99"), replace(verdict(), budget="db.lookup")])

    _, out, _ = check(folder)

    lines = out.splitlines()
    assert lines[0].split() == ["outcome", "budget", "limit", "promised", "value", "n", "source"]
    assert lines[2].endswith("1,000")
    assert lines[4].endswith("1,000  metrics")


def test_the_table_is_for_people(folder: Path) -> None:
    """A line per limit, and a sentence for each that is not met."""
    record(folder, [verdict(), verdict("p99", Reason.WITHIN_LIMIT)])

    code, out, _ = check(folder)

    assert code == 1
    assert out.splitlines() == [
        "outcome  budget     limit  promised  value        n",
        "-------  ---------  -----  --------  -----------  -----",
        "over     api.login  p95    ≤ 200 ms  over 500 ms  1,000",
        "met      api.login  p99    ≤ 500 ms  over 500 ms  1,000",
        "",
        f"api.login p95 is over (over limit): {DETAIL}",
    ]


def test_the_table_names_the_subject_and_the_side_of_a_limit(folder: Path) -> None:
    """A sentence says of which instance it is, and a rate that must not fall shows its limit as a floor."""
    limit = "{name: p95, statistic: average, min: 80%}"
    measure = "{gauge: cache_hit_rate, source: metrics, reads: percent}"
    (folder / "budgets.yaml").write_text(
        f"{CONFIG}  - {{id: cache.hits, title: Hits, measure: {measure}, limits: [{limit}]}}\n"
    )
    half = Interval.exactly(0.5)
    low = replace(verdict(), budget="cache.hits", unit=Unit.SHARE, threshold=0.8, value=half, at_least=True)
    record(folder, [verdict("p99"), verdict(instance="erp-1"), low])

    _, out, _ = check(folder, "--by", "subject")

    assert "over     cache.hits  p95    all             ≥ 80%     50%          1,000" in out.splitlines()
    who = "api.login p99, api.login p95 of instance=erp-1, cache.hits p95"
    assert f"{who} are over (over limit): {DETAIL}" in out.splitlines()


@pytest.mark.parametrize(
    ("reasons", "arguments", "expected"),
    [
        ((Reason.WITHIN_LIMIT, Reason.WITHIN_LIMIT), (), 0),
        ((Reason.WITHIN_LIMIT, Reason.WITHIN_LIMIT), ("--strict",), 0),
        ((Reason.WITHIN_LIMIT, Reason.NO_TRAFFIC), ("--strict",), 0),
        ((Reason.WITHIN_LIMIT, Reason.OVER_LIMIT), (), 1),
        ((Reason.UNREACHABLE, Reason.OVER_LIMIT), ("--strict",), 1),
        ((Reason.WITHIN_LIMIT, Reason.UNREACHABLE), (), 4),
        ((Reason.BUCKET, Reason.UNREACHABLE), ("--strict",), 4),
        ((Reason.WITHIN_LIMIT, Reason.BUCKET), (), 0),
        ((Reason.WITHIN_LIMIT, Reason.BUCKET), ("--strict",), 3),
        ((Reason.WITHIN_LIMIT, Reason.NO_DATA), (), 0),
        ((Reason.WITHIN_LIMIT, Reason.NO_DATA), ("--strict",), 3),
    ],
)
def test_the_exit_code_is_the_first_that_applies(
    folder: Path, reasons: tuple[Reason, Reason], arguments: tuple[str, ...], expected: int
) -> None:
    """Over, then unreachable, then undecided or blind where that counts."""
    record(folder, [verdict("p95", reasons[0]), verdict("p99", reasons[1])])

    code, _, _ = check(folder, *arguments)

    assert code == expected


def test_verdicts_that_nobody_renewed_are_blind(folder: Path) -> None:
    """An hour after the collecting process died nothing is met any more."""
    record(
        folder, [verdict("p95", Reason.WITHIN_LIMIT, age=3600), verdict("p99", Reason.WITHIN_LIMIT, age=3600)]
    )

    code, out, _ = check(folder, "--format", "json")

    first = json.loads(out)["verdicts"][0]
    assert (code, first["outcome"], first["reason"]) == (4, "blind", "stale")
    assert first["value"] == {"low": None, "high": None}


def test_without_a_history_it_says_who_writes_one(folder: Path) -> None:
    """Nothing collected yet is a sentence and exit code 2, not a row of green."""
    code, out, err = check(folder)

    assert (code, out) == (2, "")
    assert err == f"the history {folder}/history.db has not been written yet; start `headroom run`\n"


def test_a_broken_configuration_is_refused(folder: Path) -> None:
    """File, line, key, what was found, what is allowed; exit code 2."""
    (folder / "budgets.yaml").write_text(CONFIG.replace("max: 200ms", "max: 200 bananas"))

    code, out, err = check(folder)

    assert (code, out) == (2, "")
    assert f"{folder}/budgets.yaml:14: budgets[0].limits[0].max: " in err
    assert '"200 bananas"' in err


def test_a_missing_configuration_is_refused(tmp_path: Path) -> None:
    """No file: its name, and exit code 2."""
    code, _, err = check(tmp_path)

    assert code == 2
    assert f"{tmp_path}/budgets.yaml" in err
