"""Where the doctor's first reading comes from: the history, where it is young and of the same, or itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from tests import servers
from tests.doctor.doctoring import HEADROOM, doctor

BUDGETS = """version: 1
sources:
  metrics: {{kind: prometheus, url: "http://{place}", every: 4s}}
classes:
  endpoints: [{{name: read, method: GET}}]
budgets:
  - id: cpu
    title: CPU
    measure: {{resource: cpu, source: metrics}}
    window: 1m
    limits: [{{statistic: average, max: 80%}}]
"""
TWICE = "metrics polled twice"


def _collect(path: Path) -> None:
    subprocess.run([HEADROOM, "run", "--once", "--config", path], check=True, capture_output=True, timeout=60)


def test_the_history_is_the_first_reading(tmp_path: Path) -> None:
    """Right after a collecting process one poll is enough, an interval after its last; nothing is locked."""
    (tmp_path / "prometheus").mkdir()
    path = tmp_path / "budgets.yaml"
    with servers.prometheus(tmp_path / "prometheus", []) as place:
        path.write_text(BUDGETS.format(place=place))
        _collect(path)
        before = (tmp_path / ".headroom" / "history.db").read_bytes()

        again = doctor(path, "--format", "json")

    assert TWICE not in again.errors
    assert again.states["verdict:cpu"] == "warn"
    assert again.details["verdict:cpu"].startswith("average is blind (no data): ")
    assert (tmp_path / ".headroom" / "history.db").read_bytes() == before


def test_other_classes_make_another_reading(tmp_path: Path) -> None:
    """A snapshot that was kept under other classes is about something else, and both polls are our own."""
    (tmp_path / "prometheus").mkdir()
    path = tmp_path / "budgets.yaml"
    with servers.prometheus(tmp_path / "prometheus", []) as place:
        path.write_text(BUDGETS.format(place=place))
        _collect(path)
        words = yaml.safe_load(path.read_text())
        words["classes"]["endpoints"][0]["method"] = "POST"
        path.write_text(yaml.safe_dump(words))

        assert TWICE in doctor(path).errors


@pytest.mark.parametrize("content", [b"", b"no database at all, only text " * 50])
def test_a_history_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    """A broken history is said, and the sources are looked at all the same."""
    (tmp_path / ".headroom").mkdir()
    (tmp_path / ".headroom" / "history.db").write_bytes(content)
    path = tmp_path / "budgets.yaml"
    path.write_text(BUDGETS.format(place=servers.free_place()))

    told = doctor(path, "--format", "json")

    assert told.code == 4
    assert told.states.get("history") == (None if not content else "cannot check")
    assert told.states["source:metrics"] == "cannot check"
