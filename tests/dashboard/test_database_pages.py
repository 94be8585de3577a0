"""The Database page and a statement's page, run by Streamlit itself over a real history."""

from __future__ import annotations

import re
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from headroom.config import load
from headroom.history import open_history
from tests.dashboard.database_sample import FINDINGS, HOSTILE, SHAPES, SOURCE, fill
from tests.dashboard.sample import text
from tests.dashboard.serving import APP

LINE = re.compile(r'<tr data-statement="([^"]+)"')
EMPTY = re.compile(r'data-empty="([^"]+)"')


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a configuration whose history has a quarter of an hour of statements."""
    return _written(tmp_path_factory.mktemp("database"))


@pytest.fixture
def configured(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the configuration in the environment, as a user would."""
    monkeypatch.setenv("HEADROOM_CONFIG", str(recorded))


def _written(folder: Path, budgets: str = "", *, polls: int = 60, audited: bool = True) -> Path:
    file = folder / "budgets.yaml"
    file.write_text(budgets or text(), encoding="utf-8")
    with closing(open_history(load(file).history, collecting=True)) as history:
        fill(history, polls=polls, until=datetime.now(UTC), audited=audited)
    return file


def page(view: str = "database", **params: str) -> AppTest:
    """Run a page with query parameters."""
    found = AppTest.from_file(str(APP), default_timeout=30)
    found.run()
    for name, value in params.items():
        found.query_params[name] = value
    return found.switch_page(f"views/{view}.py").run()


def html(found: AppTest) -> str:
    """Return all HTML of a page."""
    return " ".join(element.value for element in found.html)


def words(found: AppTest) -> str:
    """Return all HTML of a page without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html(found))).split())


def shown(found: AppTest) -> list[str]:
    """Return the fingerprints of the statements in the order of the page; those of rests are "rest"."""
    return LINE.findall(html(found))


@pytest.mark.usefixtures("configured")
def test_the_page_has_the_guides_rows_and_the_connections() -> None:
    """Each with a link to the statements of its class, and nothing of other sources."""
    found = page()

    assert not found.exception
    rows = re.findall(r'data-row="([^"]+)"', html(found))
    assert sorted(rows) == [
        "db.aggregate:p95",
        "db.analytics:p95",
        "db.list:p95",
        "db.lookup:p95",
        "resource.db_connections:average",
    ]
    assert len(re.findall(r'href="/database\?source=erp-db&amp;class=(\w+)"', html(found))) == 4


@pytest.mark.usefixtures("configured")
def test_what_the_figures_do_not_hold_stands_open_beside_the_rows() -> None:
    """What falls into no class and the source's notes, unfolded, as text."""
    said = words(page())

    assert re.search(
        r"What these figures do not hold In no class: 0\.4% of the calls in erp-db \(\d+ of", said
    )
    assert "2 transactions were rolled back in database <script>erp</script>; what failed" in said


@pytest.mark.usefixtures("configured")
def test_statements_come_worst_debt_first_and_rests_last() -> None:
    """Those of no class too, and one whose text was not read."""
    assert shown(page()) == [
        *("aa01", "dd04", "bb02", "ee05"),
        *("ff06", "cc03", "0107", "9909"),
        *("rest", "rest", "rest"),
    ]


@pytest.mark.usefixtures("configured")
def test_a_statement_is_told_in_full() -> None:
    """By the figures of the sample: 60 polls of 100 calls, 11 to 17 ms."""
    said = words(page(w="15m"))

    assert re.search(r"All statements since \d\d:\d\d: [\d,]+ calls, [\d.]+ (s|min)", said)
    assert (
        "lookup limit 10 ms SELECT id, number, total FROM invoices WHERE id = $1 in erp · one row of one "
        "table by its primary key id 23.6 to 29.2 s 6,000 1"
    ) in said
    # Where the columns of time begin moves with the clock.
    assert re.search(r"12\.9 to 33 ms ▲ over the limit 32\.3% 83\.7 s rising, \+4[0-4]%", said)
    assert "unique key email none at least 1,800 600 µs" in said  # it is absent at every other poll


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"class": "lookup"}, ["aa01", "0107", "rest"]),
        ({"class": "no class"}, ["ff06", "9909", "rest"]),
        ({"database": "<i>evil</i>"}, ["ff06"]),
        ({"q": "ORDERS offset"}, ["bb02"]),
        ({"class": "list", "q": "invoices"}, []),
        ({"class": "made up", "database": "nowhere"}, ["aa01", "dd04", "bb02", "ee05"]),
    ],
)
def test_the_address_holds_the_filter(params: dict[str, str], expected: list[str]) -> None:
    """Class, database and words; what does not exist filters nothing."""
    found = page(**params)

    assert not found.exception
    assert shown(found)[: len(expected) or None] == expected
    assert EMPTY.findall(html(found)) == ([] if expected else ["filter"])


@pytest.mark.usefixtures("configured")
def test_hostile_texts_are_text() -> None:
    """In the table, in notes, in findings, in connections."""
    found = page()

    assert "<script" not in html(found)
    assert "<i>" not in re.sub(r"<i style[^>]*>", "", html(found)).replace("<i></i>", "")
    assert "\u202e" not in html(found)
    assert not found.markdown or all("<script" not in one.value for one in found.markdown)


@pytest.mark.usefixtures("configured")
def test_findings_stand_with_what_mends_them() -> None:
    """Failures first, each with its fix to copy; what passes is folded."""
    found = page()

    states = re.findall(r'data-state="([^"]+)"', html(found))
    assert states == ["fail", "warn", "cannot check", "pass", "not applicable"]
    assert [one.value for one in found.code] == [
        "create it anew under the same name",
        "\n".join(FINDINGS[0].migration),
        "page by the last key seen: WHERE (placed_at, id) < ($1, $2) ORDER BY placed_at DESC LIMIT $3",
        "write  connections: 20, role: THE_ROLE_IT_LOGS_IN_AS  in a budget",
    ]
    assert [one.label for one in found.expander] == ["1 pass", "1 not applicable"]
    assert re.search(
        r"Audited 3 min ago, at \S+; the next one follows within the hour; headroom audit looks now\. Head",
        words(found),
    )
    assert "headroom audit --sql prints it as one script." in words(found)


@pytest.mark.usefixtures("configured")
def test_connections_and_own_cost_end_the_page() -> None:
    """By role, database and state; and what Headroom takes."""
    said = words(page())

    assert "figures above. At the newest poll 2 statements of Headroom's own took 30 ms. " in said
    assert re.search(
        r"app erp idle 12 12 app erp active [345] 5 <b>role</b> <i>evil</i> active, waiting for", said
    )
    assert "took 1.8 s of the server's time in the last 15 min: 0.2% of one core; over 1%," in said


@pytest.mark.usefixtures("configured")
def test_a_statement_has_its_page(recorded: Path) -> None:
    """Class, why, limit, laid-out text, figures, chart, quality, command line."""
    found = page("statement", source=SOURCE, statement="bb02", w="15m")

    assert not found.exception
    said = words(found)
    assert said.startswith(
        "Statement class list why a page of rows: LIMIT with OFFSET limit of the class 50 ms"
    )
    assert "What was read in it: offset yes, tables orders,customers" in said
    assert "calls 2,400 mean 33 ms P95 lies" in said
    assert "exact 60 the difference of two readings" in said
    assert found.code[0].value.splitlines() == [
        "SELECT o.id, o.placed_at, c.name",
        "FROM orders o",
        "JOIN customers c ON c.id = o.customer_id",
        "WHERE o.tenant_id = $1",
        "  AND o.status = ANY ($2)",
        "ORDER BY o.placed_at DESC",
        "LIMIT $3",
        "OFFSET $4",
    ]
    assert found.code[0].language == "sql"
    (chart,) = found.get("plotly_chart")
    assert "In erp: 2,400 calls in the last 15m, on average 33 ms, where the limit is 50 ms; debt" in str(
        chart.proto
    )
    assert 'data-rule="postgres.offset"' in html(found)
    assert found.code[-1].value == (
        f"headroom explain --statement bb02 --config {recorded}\n"
        f"headroom explain db.list --config {recorded}\n"
        f"headroom audit --config {recorded} --source erp-db"
    )


@pytest.mark.usefixtures("configured")
def test_a_statement_leads_back_to_the_list_as_it_was() -> None:
    """Class, database and words of the list are in its links, and in the one that leads back."""
    listed = html(page(**{"class": "list", "q": "orders"}))
    assert 'href="/statement?source=erp-db&amp;statement=bb02&amp;w=1h&amp;class=list&amp;q=orders"' in listed
    assert 'statement=bb02&amp;w=1h"' in html(page())

    found = page("statement", source=SOURCE, statement="bb02", w="1h", q="orders", **{"class": "list"})
    (link,) = found.get("page_link")
    assert link.proto.query_string == "source=erp-db&class=list&q=orders"


@pytest.mark.usefixtures("configured")
def test_a_chart_has_the_limit_gaps_and_what_is_left_out() -> None:
    """One that runs at every eighth poll, and once in doubt; without a limit there is no debt."""
    found = page("statement", source=SOURCE, statement="dd04", w="15m")
    (chart,) = found.get("plotly_chart")
    assert "limit 5 s" in chart.proto.spec
    assert "left out: %{customdata}" in chart.proto.spec
    assert "debt, s" in chart.proto.spec
    assert "suspect 1 a reset cannot be ruled out: left out" in words(found)
    assert "calls 7 mean 6.5 s P95 lies 6.49 to 6.51 s slower than the limit 7 of 7, 100%" in words(found)

    (chart,) = page("statement", source=SOURCE, statement="ee05", w="15m").get("plotly_chart")
    assert "debt, s" not in chart.proto.spec
    assert "its class has no limit" in str(chart.proto)


@pytest.mark.usefixtures("configured")
def test_a_hostile_statement_has_a_page_of_plain_text() -> None:
    """Its text in a block of code only, its database escaped."""
    found = page("statement", source=SOURCE, statement="ff06")

    assert not found.exception
    assert found.code[0].value.replace("\n", " ").startswith(HOSTILE.replace("\u202e", "\\u202e")[:60])
    assert "<script" not in html(found)
    assert "In <i>evil</i>, no class" in words(found)
    assert "class none: no budget is about it" in words(found)


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("wrong", ["nope", "<script>", "**x**"])
def test_an_unknown_statement_is_said(wrong: str) -> None:
    """As text, whatever the address holds; with what is known of it elsewhere."""
    found = page("statement", source=SOURCE, statement=wrong)
    assert not found.exception
    (warning,) = found.warning
    assert re.sub(r"\\", "", warning.value) == (
        f"Nothing is known of a statement {wrong} at erp-db: its text was not read yet, or the link is old."
    )

    found = page("statement", source="erp-cache", statement="aa01")
    assert "is known of a statement aa01 at erp" in re.sub(r"\\", "", found.warning[0].value)
    assert [one.proto.label for one in found.get("page_link")] == ["All statements", "Open it at erp\\-db"]


@pytest.mark.usefixtures("configured")
def test_without_a_source_the_one_that_knows_the_statement_is_taken() -> None:
    """A link that was shortened by hand still works."""
    found = page("statement", statement="aa01")

    assert not found.warning
    assert "class lookup why one row of one table by its primary key id" in words(found)


@pytest.mark.usefixtures("configured")
def test_an_address_without_a_statement_says_where_they_are() -> None:
    """No crash, no empty page."""
    found = page("statement")

    assert [one.value for one in found.info] == [
        "The address names no statement; choose one on the Database page."
    ]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose budgets.yaml is the configuration."""
    monkeypatch.setenv("HEADROOM_CONFIG", str(tmp_path / "budgets.yaml"))
    return tmp_path


def test_without_a_history_both_pages_say_what_to_do(elsewhere: Path) -> None:
    """A sentence in each place, and no traceback."""
    (elsewhere / "budgets.yaml").write_text(text(), encoding="utf-8")

    for found in (page(), page("statement", statement="aa01")):
        assert not found.exception
        assert found.code[0].value.endswith("history.db has not been written yet; start `headroom run`")


def test_without_statements_the_page_says_when_they_come(elsewhere: Path) -> None:
    """A history with polls of others only, and no audit."""
    _written(elsewhere, polls=0, audited=False)

    found = page()

    assert not found.exception
    assert EMPTY.findall(html(found)) == ["statements", "audit", "connections"]
    assert found.code[0].value == (f"headroom audit --config {elsewhere / 'budgets.yaml'} --source erp-db")


def test_an_audit_that_none_followed_is_overdue(elsewhere: Path) -> None:
    """After an hour and some minutes it is not promised any more."""
    file = elsewhere / "budgets.yaml"
    file.write_text(text(), encoding="utf-8")
    with closing(open_history(load(file).history, collecting=True)) as history:
        fill(history, polls=2, until=datetime.now(UTC) - timedelta(minutes=67))

    assert re.search(
        r"Audited 1 h 10 min ago, at [^;]+; the next one is overdue: headroom run makes it once the polls of "
        "this source work; headroom audit looks now",
        words(page()),
    )


def test_without_a_postgres_source_the_page_says_how_to_add_one(elsewhere: Path) -> None:
    """One line for the file."""
    (elsewhere / "budgets.yaml").write_text(
        "version: 1\nhistory: history.db\nsources:\n"
        '  metrics: {kind: prometheus, url: "http://127.0.0.1:9090", every: 15s}\n'
        "budgets:\n  - {id: cpu, title: CPU, measure: {resource: cpu, source: metrics}, "
        "limits: [{statistic: average, max: 70%}]}\n",
        encoding="utf-8",
    )

    found = page()

    assert not found.exception
    assert "names no PostgreSQL source" in found.info[0].value
    assert "kind: postgres" in found.code[0].value


def test_a_source_that_is_not_configured_names_its_variable(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And shows what was recorded before."""
    monkeypatch.delenv("ERP_URL", raising=False)
    url = "postgresql://headroom@127.0.0.1:5432/erp"
    _written(elsewhere, text().replace(url, "${ERP_URL}"))

    found = page()

    assert re.sub(r"\\", "", found.warning[0].value).startswith(
        "erp-db is not configured: set ERP_URL and start Headroom again."
    )
    assert len(shown(found)) == len(SHAPES) + 4


def test_of_several_sources_one_is_chosen_and_kept_in_the_address(elsewhere: Path) -> None:
    """The first where the address names none."""
    second = (
        '  shop-db: {kind: postgres, url: "postgresql://headroom@127.0.0.1/shop", every: 15s}\n  erp-cache'
    )
    _written(elsewhere, text().replace("  erp-cache", second, 1))

    assert "aa01" in shown(page())
    found = page(source="shop-db")
    assert not found.exception
    assert EMPTY.findall(html(found)) == ["statements", "audit", "connections"]


def test_a_new_file_of_the_same_name_is_another_history(elsewhere: Path) -> None:
    """What was added up and kept of the old one is forgotten."""
    (elsewhere / "budgets.yaml").write_text(text(), encoding="utf-8")
    for polls in (60, 2):
        for file in elsewhere.glob("history.db*"):
            file.rename(elsewhere / f"old-{file.name}")
        with closing(open_history(load(elsewhere / "budgets.yaml").history, collecting=True)) as history:
            fill(history, polls=polls, until=datetime.now(UTC), every=timedelta(minutes=6), audited=False)
        time.sleep(1.1)  # visitors share a read for a second

        assert f"{100 * polls:,} 1" in words(page(w="24h", q="invoices"))


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("period", ["15m", "1h", "6h", "24h", "2d"])
def test_every_period_counts_the_same_calls(period: str) -> None:
    """The history is younger than the shortest of them; pieces that are kept lose nothing."""
    found = page(w=period)

    assert not found.exception
    assert re.search(r"23\.6 to 29\.2 s 6,000 (14|13\.9) ms", words(found))
    assert shown(found)[0] == "aa01"


@pytest.mark.usefixtures("configured")
def test_budgets_link_to_their_statements() -> None:
    """On the overview below each of the four rows, and on the page of the budget."""
    start = AppTest.from_file(str(APP), default_timeout=30).run()
    assert len(re.findall(r'href="/database\?source=erp-db&amp;class=\w+"', html(start))) == 4

    budget = page("budget", b="db.list", s="p95")
    (link,) = [one for one in budget.get("page_link") if "Statements" in one.proto.label]
    assert link.proto.query_string == "source=erp-db&class=list"
    other = page("budget", b="api.read", s="p95")
    assert not [one for one in other.get("page_link") if "Statements" in one.proto.label]
