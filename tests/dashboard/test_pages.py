"""Every page, run by Streamlit itself over a real history."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.sample import Erp, erp, text
from tests.dashboard.serving import APP

ROW = re.compile(r'data-row="([^"]+)" data-outcome="([^"]+)"')


def overview() -> AppTest:
    """Run the start page."""
    return AppTest.from_file(str(APP), default_timeout=20).run()


def budget(**params: str) -> AppTest:
    """Run the page of a row."""
    page = AppTest.from_file(str(APP), default_timeout=20)
    page.run()
    for name, value in params.items():
        page.query_params[name] = value
    return page.switch_page("views/budget.py").run()


def rows(page: AppTest) -> dict[str, str]:
    """Return the outcomes on a page by row, in its order."""
    return dict(found for element in page.html for found in ROW.findall(element.value))


def figure(page: AppTest) -> dict[str, Any]:
    """Return the chart of a page as Plotly is given it."""
    (chart,) = page.get("plotly_chart")
    found: dict[str, Any] = json.loads(chart.proto.spec)
    return found


def words(page: AppTest) -> str:
    """Return all HTML of a page without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", " ".join(element.value for element in page.html)).split())


@pytest.mark.usefixtures("configured")
def test_the_overview_has_the_19_rows_worst_first() -> None:
    """In the order of over, blind, undecided, idle, near and met, each with one of the five words."""
    page = overview()

    assert not page.exception
    found = rows(page)
    assert len(found) == 19
    assert list(dict.fromkeys(found.values())) == ["over", "blind", "undecided", "idle", "met"]
    assert {name for name, outcome in found.items() if outcome == "over"} == {
        "api.login:p95",
        "api.login:p99",
        "resource.db_connections:average",
    }
    assert found["resource.disk_io:average"] == "blind"


@pytest.mark.usefixtures("configured")
def test_the_overview_marks_rows_with_slow_instances() -> None:
    """How many of them are over stands beside the name of the row, and nowhere else."""
    html = " ".join(element.value for element in overview().html)
    marks = dict(re.findall(r'data-row="([^"]+)".*?(?:hr-beside">([^<]*)<|</a>)', html))

    assert marks["api.login:p95"] == "1 of 4 instances over"
    assert marks["api.read:p95"] == ""


@pytest.mark.usefixtures("configured")
def test_the_chart_of_two_measures_says_which_it_shows() -> None:
    """Of a budget with one there is nothing to say."""
    (caption,) = budget(b="db.lookup", s="p95").caption
    assert caption.value.replace("\\", "") == (
        "The chart shows db_query_duration_seconds at metrics, which judged last."
    )
    assert not budget(b="db.list", s="p95").caption


@pytest.mark.usefixtures("configured")
def test_the_overview_says_it_in_one_sentence() -> None:
    """Red, with the number of rows of each kind and the worst of them."""
    page = overview()

    (banner,) = page.error
    assert re.sub(r"\\", "", banner.value) == (
        "**8 of 19 rows met · 3 over · 6 cannot be told · 2 idle · worst: Authentication (login) p99, over**"
    )
    assert not page.success


@pytest.mark.usefixtures("configured")
def test_the_overview_tells_source_ages_and_unclassified_requests() -> None:
    """Each source by its name, and the requests that no budget covers."""
    said = words(overview())

    assert re.search(r"✓ erp-db \d+ s ago ✓ erp-cache \d+ s ago ✓ metrics \d+ s ago", said)
    assert re.search(r"In no class: 0\.625% of the requests in http_request_duration_seconds \(", said)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("row", [f"api.{name}:{p}" for name in ("login", "uploads") for p in ("p95", "p99")])
def test_every_latency_row_has_its_page(row: str) -> None:
    """With the verdict on its limit and a chart that says what it shows."""
    name, statistic = row.split(":")
    page = budget(b=name, s=statistic)

    assert not page.exception
    assert f'data-limit="{statistic}"' in " ".join(element.value for element in page.html)
    (chart,) = page.get("plotly_chart")
    assert "of the time shown" in str(chart.proto)


@pytest.mark.usefixtures("configured")
def test_a_resource_page_has_both_limits_and_their_lines() -> None:
    """Target over, alert met; both are drawn and named."""
    page = budget(b="resource.db_connections", s="average")

    assert not page.exception
    html = " ".join(element.value for element in page.html)
    assert re.findall(r'data-limit="(\w+)" data-outcome="(\w+)"', html) == [
        ("target", "over"),
        ("alert", "met"),
    ]
    assert [note["text"] for note in figure(page)["layout"]["annotations"]] == ["target 70%", "alert 90%"]


@pytest.mark.usefixtures("configured")
def test_a_page_tells_the_evidence_behind_the_verdict() -> None:
    """Slow requests, their rate, the window, and what was promised by whom."""
    said = words(budget(b="api.login", s="p95"))

    assert "slower than the limit 620 of 2,480" in said
    assert "measured 200 to 500 ms" in said
    assert "allowed 5%" in said
    assert "covered by evidence 100%" in said
    assert "owner platform if broken Feature work of the owning team stops until it is met again" in said
    assert re.search(r"review by 8 April 2026 · ▲ \d+ days overdue", said)


@pytest.mark.usefixtures("configured")
def test_a_firing_alert_is_told_on_its_page_only() -> None:
    """With since when, and the worst value."""
    (alert,) = budget(b="api.login", s="p95").error

    assert re.sub(r"\\", "", alert.value).endswith(". p95 200 to 500 ms, at most 200 ms promised")
    assert not budget(b="api.login", s="p99").error


@pytest.mark.usefixtures("configured")
def test_a_young_history_fills_the_chart() -> None:
    """A quarter of an hour is not drawn into the last corner of an hour."""
    first, last = figure(budget(b="api.login", s="p95"))["layout"]["xaxis"]["range"]

    shown = datetime.fromisoformat(last) - datetime.fromisoformat(first)
    assert timedelta(minutes=14) < shown < timedelta(minutes=25)


@pytest.mark.usefixtures("configured")
def test_a_held_chart_does_not_move(running: Erp) -> None:
    """New evidence waits until the chart is let go."""
    page = budget(b="api.login", s="p95")
    page.toggle[0].set_value(True).run()
    held = figure(page)

    running.poll()
    time.sleep(1.1)  # visitors share a read for a second
    assert figure(page.run()) == held

    page.toggle[0].set_value(False).run()
    assert figure(page) != held


@pytest.mark.usefixtures("configured")
def test_an_unknown_row_names_the_nearest() -> None:
    """A link from an old message must not end in a crash."""
    page = budget(b="api.logn", s="p95")

    assert not page.exception
    (warning,) = page.warning
    assert re.sub(r"\\", "", warning.value) == (
        "No row is called “api.logn:p95”: it may have been renamed or removed in the budgets file."
    )


def test_without_a_history_both_pages_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence, and no traceback."""
    (tmp_path / "budgets.yaml").write_text(text())
    monkeypatch.setenv("HEADROOM_CONFIG", str(tmp_path / "budgets.yaml"))

    for page in (overview(), budget(b="api.login", s="p95")):
        assert not page.exception
        assert "**No history to show**" in [error.value for error in page.error]
        assert page.code[0].value.endswith("history.db has not been written yet; start `headroom run`")


def test_a_broken_file_is_told_by_line_and_key_on_both_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the nearest key that would have been right."""
    (tmp_path / "budgets.yaml").write_text(text().replace("window: 5m", "windw: 5m", 1))
    monkeypatch.setenv("HEADROOM_CONFIG", str(tmp_path / "budgets.yaml"))

    for page in (overview(), budget(b="api.login", s="p95")):
        assert not page.exception
        assert page.error[0].value == "**The budgets file has to be corrected**"
        assert "budgets[0].windw: found an unknown key" in page.code[0].value
        assert 'did you mean "window"?' in page.code[0].value


def test_a_missing_file_is_told_with_the_option_that_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file's name and --config."""
    monkeypatch.setenv("HEADROOM_CONFIG", str(tmp_path / "none.yaml"))

    page = overview()

    assert page.code[0].value == (
        f"{tmp_path / 'none.yaml'} cannot be read (No such file or directory); "
        "name another file with --config"
    )


def test_a_collector_that_is_gone_leaves_nothing_green(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten minutes later every row is blind, and the banner is no longer green or red."""
    with erp(tmp_path, polls=3, until=datetime.now(UTC) - timedelta(minutes=10), slow=0):
        monkeypatch.setenv("HEADROOM_CONFIG", str(tmp_path / "budgets.yaml"))

    page = overview()

    assert set(rows(page).values()) == {"blind"}
    (banner,) = page.warning
    assert "Nothing can be told: nothing was judged for 10 min" in re.sub(r"\\", "", banner.value)
    assert not page.success
    assert not page.error


def test_the_page_recovers_when_the_history_appears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run shows the rows; no restart is needed."""
    (tmp_path / "budgets.yaml").write_text(text())
    monkeypatch.setenv("HEADROOM_CONFIG", str(tmp_path / "budgets.yaml"))
    page = overview()
    assert not rows(page)

    with erp(tmp_path, polls=3, slow=0):
        pass

    assert len(rows(page.run())) == 19
