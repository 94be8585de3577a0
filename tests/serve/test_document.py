"""docs/monitoring.md against the program and against Prometheus."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from monitor import asleep, heartbeat
from monitor.serve import connection, scrape, server

TEXT = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()


def block(beginning: str) -> str:
    """Return the example that begins so."""
    return next(
        each for each in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) if each.startswith(beginning)
    )


def test_the_rules_are_rules(tmp_path: Path) -> None:
    """Prometheus takes all three."""
    rules = tmp_path / "rules.yml"
    rules.write_text(block("groups:"))
    done = subprocess.run(
        ["promtool", "check", "rules", str(rules)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS: 3 rules found" in done.stdout


def test_the_rules_name_metrics_that_exist() -> None:
    """A rule on a metric that nobody exposes never fires."""
    listed = set(re.findall(r"^\| `(headroom_\w+)", TEXT, re.MULTILINE))
    used = set(re.findall(r"headroom_\w+", block("groups:")))

    assert used
    assert used <= listed


RULE_TESTS = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="headroom"}', values: '1x5 0x10'}
      - {series: 'headroom_last_cycle_timestamp_seconds{source="cache"}', values: '0 60 120 180 240 300x20'}
      - {series: headroom_history_up, values: '1x30'}
      - {series: headroom_outbox_oldest_seconds, values: '0x30'}
      - {series: 'headroom_channel_up{channel="hook"}', values: '1x5 0x20'}
    alert_rule_test:
      - {eval_time: 5m, alertname: HeadroomGone}
      - {eval_time: 10m, alertname: HeadroomNotJudging}
      - eval_time: 9m
        alertname: HeadroomGone
        exp_alerts:
          - exp_labels: {job: headroom, severity: critical}
            exp_annotations: {summary: Nobody watches the performance budgets}
      - eval_time: 14m
        alertname: HeadroomNotJudging
        exp_alerts:
          - exp_labels: {source: cache, severity: critical}
            exp_annotations: {summary: Headroom runs and does not judge what cache feeds}
      - eval_time: 9m
        alertname: HeadroomNotHeard
        exp_alerts:
          - exp_labels: {channel: hook, severity: warning}
            exp_annotations: {summary: Messages of Headroom do not arrive}
"""


def test_the_rules_fire_when_they_should(tmp_path: Path) -> None:
    """By Prometheus's own test of rules: gone, not judging and not heard, and none of them before."""
    (tmp_path / "rules.yml").write_text(block("groups:"))
    (tmp_path / "tests.yml").write_text(RULE_TESTS)
    done = subprocess.run(
        ["promtool", "test", "rules", "tests.yml"], capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_figures_are_the_programs() -> None:
    """What is promised of bounds is what the code has."""
    assert f"{connection.TO_ASK:g} s and {connection.LONGEST_HEAD // 1024} KiB for a request" in TEXT
    assert f"{connection.TO_HEAR:g} s for taking the" in TEXT
    assert f"{server.MOST} connections" in TEXT
    assert f"within {scrape.PATIENCE:g} s" in TEXT
    assert f"| {asleep.NOTICED.total_seconds():g} s |" in TEXT
    assert heartbeat.UNSENT_AFTER.total_seconds() == 120
    assert "older than two minutes" in TEXT
