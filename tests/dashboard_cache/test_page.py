"""The Cache page, run by Streamlit itself over a real history."""

from __future__ import annotations

import re
from contextlib import closing
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from headroom.config import load
from headroom.history import open_history
from tests.dashboard.sample import text
from tests.dashboard.serving import APP
from tests.dashboard_cache.sample import TEXT, unlimited, written

EMPTY = re.compile(r'data-empty="([^"]+)"')


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a configuration whose history has a quarter of an hour of a Redis that evicts."""
    return written(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def configured(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the configuration in the environment, as a user would."""
    monkeypatch.setenv("HEADROOM_CONFIG", str(recorded))


def page(**params: str) -> AppTest:
    """Run the page with query parameters."""
    found = AppTest.from_file(str(APP), default_timeout=30)
    found.run()
    for name, value in params.items():
        found.query_params[name] = value
    return found.switch_page("views/cache.py").run()


def html(found: AppTest) -> str:
    """Return all HTML of a page."""
    return " ".join(element.value for element in found.html)


def words(found: AppTest) -> str:
    """Return all HTML of a page without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html(found))).split())


@pytest.mark.usefixtures("configured")
def test_the_rows_stand_with_what_stands_in() -> None:
    """Under a policy that evicts, the row is judged by evictions, and says so though it is met."""
    found = page()

    assert not found.exception
    assert sorted(re.findall(r'data-row="([^"]+)" data-outcome="([^"]+)"', html(found))) == [
        ("cache.commands:p99", "met"),
        ("resource.redis_memory:average", "met"),
    ]
    assert "0.5 per 1,000 commands < 1 · alert > 10 per 1,000 commands" in words(found).replace("  ", " ")
    assert "under which a full cache is healthy; 20 readings" in words(found)


@pytest.mark.usefixtures("configured")
def test_memory_stands_beside_all_that_limits_it() -> None:
    """Used, maxmemory, RSS and container, and what the policy makes of it."""
    said = words(page())

    assert "used what Redis counts, keys and buffers 60 MiB 94% of maxmemory" in said
    assert "maxmemory what it may count 64 MiB RSS what the system gave it 72.1 MiB 75% of" in said
    assert "container memory_limit of the source 96 MiB maxmemory-policy is allkeys-lru: keys are" in said


def test_without_a_limit_there_is_no_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never 0 %: what is not limited says so, and how it is."""
    file = written(tmp_path, polls=4, text=TEXT.replace(", memory_limit: 96mb", ""))
    with closing(open_history(load(file).history, collecting=True)) as history:
        unlimited(history, MAXMEMORY=0.0)
    monkeypatch.setenv("HEADROOM_CONFIG", str(file))
    said = words(page())

    assert "maxmemory what it may count no limit RSS" in said
    assert "container memory_limit of the source no limit declared" in said
    assert "maxmemory is 0: Redis grows until the machine or the container stops it, and no share" in said
    assert "CONFIG SET" not in said
    assert "0%" not in said.partition("What it did")[0].partition("Memory memory")[2]


@pytest.mark.parametrize(
    ("others", "told", "untold"),
    [
        ({}, "maxmemory what it may count not told RSS", "CONFIG SET"),
        ({"MAXMEMORY": 0.0}, "leave room to save: CONFIG SET maxmemory 72mb", "of maxmemory"),
        (
            {"rss": 212.0, "MAXMEMORY": 192 * 2.0**20, "OUTSIDE": 0.8},
            "192 MiB RSS what the system gave it 212 MiB 80% of its container's, at the fullest primary",
            "221%",
        ),
    ],
)
def test_what_is_told_of_limits(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    others: dict[str, float],
    told: str,
    untold: str,
) -> None:
    """Not told is no limit of none, advice goes by the container, and a sum is no share of one primary's."""
    file = written(tmp_path, polls=2)
    with closing(open_history(load(file).history, collecting=True)) as history:
        unlimited(history, **others)
    monkeypatch.setenv("HEADROOM_CONFIG", str(file))
    memory = words(page()).partition("what Redis counts")[2].partition("What it did")[0]

    assert told in memory
    assert untold not in memory
    assert "thrown away" not in memory


@pytest.mark.usefixtures("configured")
def test_a_period_is_added_up() -> None:
    """By the figures of the sample: 60 polls of 300 look-ups, two evictions and five errors."""
    said = words(page())

    assert "hit rate look-ups that found their key 95% 17,100 of 18,000 look-ups" in said
    assert "evictions keys thrown away for want of memory 120 keys 2 per 1,000 commands" in said
    assert "expirations keys whose life was over 180 keys 3 per 1,000 commands" in said
    assert "errors answers that were errors 300 answers 5 per 1,000 commands OOM 240 4 per 1,000" in said
    assert "rejected connections for want of maxclients 0 of 360 that were tried" in said
    assert "connected, of maxclients 1.7% at the newest poll; at most 2.1%" in said
    assert "main thread of one core; it can use no second one 6% 54.0 s of CPU time" in said


@pytest.mark.usefixtures("configured")
def test_percentiles_of_commands_are_intervals() -> None:
    """Between two bounds of the server's histogram; the command with most time first."""
    found = page()
    said = words(found)

    assert [one.rpartition(";")[2] for one in re.findall(r'data-command="([^"]*)"', html(found))] == [
        "",
        "\u202e|keys",
        "get",
    ]
    assert "all together 6,060 between 4 and 8 µs between 32 and 64 µs 8.39 µs 50.8 ms" in said
    assert "60 between 512 µs and 1.03 ms between 512 µs and 1.03 ms 480 µs 56.6%" in said
    assert "get 6,000 between 2 and 4 µs between 32 and 64 µs 3.68 µs 43.4%" in said


@pytest.mark.usefixtures("configured")
def test_the_slow_log_is_told_by_command() -> None:
    """Number, longest, sum; never a key or an argument."""
    assert "keys 12 31 ms 306 ms" in words(page())


@pytest.mark.usefixtures("configured")
def test_findings_and_what_people_confirmed() -> None:
    """Failures first, what passes and what waits for a person folded; the table tells who confirmed what."""
    found = page()
    said = words(found)

    assert re.findall(r'data-state="([^"]+)"', html(found)) == ["fail", "pass", "by hand"]
    assert [one.label for one in found.expander] == ["1 pass", "1 by hand"]
    holds = dict(
        re.findall(r'data-rule-by-hand="caching.invalidation.([^"]+)" data-holds="([^"]+)"', html(found))
    )
    assert holds == {
        "user-preferences": "yes",
        "financial-reports": "yes",
        "dashboard-metrics": "no",
        "service-catalog": "no",
        "tenant-config": "no",
    }
    assert re.search(r"confirmed by Ada on \d{4}-\d\d-\d\d: read UserService\.update", said)
    assert re.search(r"confirmed by Bob on \S+ \(200 days ago, more than 180: confirm it again\)", said)
    assert "headroom audit --confirm caching.invalidation.tenant-config --by NAME" in said
    assert re.search(
        r"Zoe confirmed it on \d{4}-\d\d-\d\d, but what it says has changed since: confirm by hand again "
        r"headroom audit --confirm caching\.invalidation\.dashboard-metrics --by NAME",
        said,
    )


@pytest.mark.usefixtures("configured")
def test_hostile_names_are_text() -> None:
    """Of errors, commands, notes, findings, people."""
    found = page()

    assert "<script" not in html(found)
    assert "\u202e" not in re.sub(r'data-[a-z-]+="[^"]*"', "", html(found))
    assert "boom()" in words(found)


@pytest.mark.usefixtures("configured")
def test_the_period_and_the_source_are_in_the_address() -> None:
    """Of another source without an address, what to set; what does not exist is the first one."""
    assert "95% 17,100 of 18,000" in words(page(w="2d"))
    other = page(source="other-cache")
    assert not other.exception
    (warned,) = (one.value for one in other.warning)
    assert warned.startswith(r"other\-cache is not configured: set HEADROOM\_NOWHERE\_URL and start")
    assert EMPTY.findall(html(other)) == ["budgets", "memory", "period", "audit"]
    assert not page(source="<b>made up</b>", w="made up").exception


def test_without_a_redis_it_says_how_to_name_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line to paste."""
    budgets = text()
    kept = [line for line in budgets.splitlines() if "erp-cache" not in line]
    (tmp_path / "budgets.yaml").write_text("\n".join(kept), encoding="utf-8")
    monkeypatch.setenv("HEADROOM_CONFIG", str(tmp_path / "budgets.yaml"))
    found = page()

    assert not found.exception
    assert [one.value for one in found.info] == ["The budgets file names no Redis source. One line adds it:"]
    assert "kind: redis" in found.code[0].value


def test_without_a_history_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And goes on by itself once there is one."""
    (tmp_path / "budgets.yaml").write_text(TEXT, encoding="utf-8")
    monkeypatch.setenv("HEADROOM_CONFIG", str(tmp_path / "budgets.yaml"))
    found = page()

    assert not found.exception
    assert {one.value for one in found.error} == {"**No history to show**"}
    assert "headroom run" in found.code[0].value
