"""The Resources page, run by Streamlit itself over a real history."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboard.serving import APP
from tests.dashboard_resources.sample import TEXT, written

EMPTY = re.compile(r'data-empty="([^"]+)"')


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a configuration whose history has half a day of machines and processes."""
    return written(tmp_path_factory.mktemp("resources"))


@pytest.fixture
def configured(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the configuration in the environment, as a user would."""
    monkeypatch.setenv("HEADROOM_CONFIG", str(recorded))


def page() -> AppTest:
    """Run the page."""
    found = AppTest.from_file(str(APP), default_timeout=30)
    found.run()
    return found.switch_page("views/resources.py").run()


def html(found: AppTest) -> str:
    """Return all HTML of a page but its style."""
    return re.sub(
        r"<style>.*?</style>", "", " ".join(element.value for element in found.html), flags=re.DOTALL
    )


def words(found: AppTest) -> str:
    """Return all HTML of a page without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html(found))).split())


@pytest.mark.usefixtures("configured")
def test_each_row_names_its_worst_and_its_trend() -> None:
    """A whole that is met hides neither."""
    found = page()
    said = words(found)

    assert not found.exception
    assert sorted(re.findall(r'data-row="([^"]+)" data-outcome="([^"]+)"', html(found))) == [
        ("resource.cpu:average", "met"),
        ("resource.memory:average", "met"),
    ]
    assert "CPU average 1 of 2 instances over 60% < 70% · alert > 80%" in said
    assert "no clear trend; the worst of 2 is 10.0.0.8:9100, 81%" in said
    assert re.search(
        r"grows 19\.\d to 20\.?\d* points a day; reaches 80% in 11 to 13 h; "
        r"the worst of 2 is 10\.0\.0\.7:9100, 60%",
        said,
    )


@pytest.mark.usefixtures("configured")
def test_machines_stand_beside_each_other_fullest_first() -> None:
    """CPU by mode, memory with its trend, disk with pressure and the longest mean wait."""
    found = page()
    said = words(found)

    assert re.findall(r'data-machine="([^"]+)"', html(found)) == ["10.0.0.8:9100", "10.0.0.7:9100"]
    assert (
        "10.0.0.8:9100 81% user 71%, system 10% 60% no clear trend 20% 1% 12 ms sda, the longest of 2"
    ) in said


@pytest.mark.usefixtures("configured")
def test_containers_stand_against_their_limits() -> None:
    """With how fast their memory grows and when it is at 80 %; without a limit there is no share."""
    said = words(page())

    assert re.search(
        r"erp-app 25% 73\.9% 1\.5\d? GiB 1% grows 10\d\d MiB to 1\.0\d GiB a day; "
        r"reaches 80% of its limit in 2( h)?( 30 min)? to [23] h( 30 min)? <img",
        said,
    )
    assert re.search(r"<img src=x onerror=boom\(\)>x+… no limit told no limit told 25\d MiB . no clear", said)


@pytest.mark.usefixtures("configured")
def test_processes_stand_against_one_core() -> None:
    """The fullest first; its heap grows, the other's does not."""
    said = words(page())

    assert re.search(
        r"10\.0\.0\.7:3000 erp 90% 20 ms 8[12]\d MiB 4\d\d MiB heap grows 1\.1\d+ to 1\.2\d* GiB a day; "
        r"memory no clear trend 10\.0\.0\.8:3000 erp 40% 70 ms 20\d\.?\d* MiB 4\d\d\.?\d* MiB no clear trend",
        said,
    )


@pytest.mark.usefixtures("configured")
def test_leaks_come_from_the_newest_audit() -> None:
    """And nothing of it that is about other things."""
    found = page()

    assert re.findall(r'data-rule="([^"]+)"', html(found)) == ["memory.leak"]
    assert "Its heap grew 48 to 53 MiB an hour for 12 h" in words(found)
    assert [one.value for one in found.code] == ["take two heap snapshots an hour apart"]


@pytest.mark.usefixtures("configured")
def test_hostile_names_are_text() -> None:
    """Of containers and in notes."""
    found = page()

    assert "<img" not in html(found)
    assert "onerror=boom()" in words(found)


def test_what_would_show_them_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no metrics of cAdvisor or of processes."""
    monkeypatch.setenv("HEADROOM_CONFIG", str(written(tmp_path, polls=3, things=False)))
    found = page()

    assert not found.exception
    assert EMPTY.findall(html(found)) == ["containers", "processes"]
    assert "cAdvisor tells of them: let the Prometheus scrape its /metrics." in words(found)
    assert "The default metrics of prom-client (collectDefaultMetrics)" in words(found)


def test_without_a_prometheus_it_says_how_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows stand alone, and nothing else is made up."""
    (tmp_path / "budgets.yaml").write_text(
        TEXT.partition("sources:")[0]
        + 'sources: {erp-db: {kind: postgres, url: "postgresql://a@127.0.0.1/b"}}\n'
        "budgets:\n  - {id: x, title: X, window: 5m, "
        "measure: {connections: max_connections, source: erp-db}, "
        "limits: [{name: target, statistic: average, max: 70%, severity: warning}]}\n",
        encoding="utf-8",
    )
    (tmp_path / "other").mkdir()
    written(tmp_path / "other", polls=1)
    (tmp_path / "other" / "history.db").rename(tmp_path / "history.db")
    monkeypatch.setenv("HEADROOM_CONFIG", str(tmp_path / "budgets.yaml"))
    found = page()

    assert not found.exception
    assert EMPTY.findall(html(found)) == ["prometheus"]
    assert "kind: prometheus" in words(found)
