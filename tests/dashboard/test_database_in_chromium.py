"""The Database pages as visitors see them: both themes, a phone, the keyboard, and links that can be sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium, visit
from tests.dashboard.database_sample import SHAPES, fill
from tests.dashboard.sample import Erp, erp
from tests.dashboard.serving import serving

LINES = "[data-statements] [data-statement]"
TAKEAWAY = re.compile(
    r"In erp: [56],\d00 calls in the last 15m, on average 1.* ms, where the limit is 10 ms; debt"
)
SCROLLS_SIDEWAYS = """() => [
    ...["html", "body", "[data-testid=stMain]", "[data-row]", "[data-testid=stCode] pre"]
        .flatMap(one => [...document.querySelectorAll(one)])
        .filter(one => one.scrollWidth > one.clientWidth + 1),
    ...[...document.querySelectorAll('button, a, h1, h2, .hr-table td, .hr-finding, .hr-said')]
        .filter(one => one.getBoundingClientRect().right > window.innerWidth + 1),
].map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield one Chromium for all visits."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    """Yield a system with a quarter of an hour of budgets and statements."""
    with erp(tmp_path_factory.mktemp("database"), polls=60, slow=10) as running:
        fill(running.history, polls=60, until=running.at)
        yield running


@pytest.fixture(scope="module")
def address(system: Erp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a dashboard on it."""
    with serving(system.config.path, cwd=tmp_path_factory.mktemp("elsewhere")) as url:
        yield url


def prints(page: Page) -> list[str]:
    """Return the fingerprints of the statements in the order of the screen."""
    found: list[str] = page.eval_on_selector_all(LINES, "all => all.map(one => one.dataset.statement)")
    return [one for one in found if one != "rest"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_the_page_reads_the_same_everywhere(
    address: str, browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    """Rows, statements, findings and connections, without sideways scrolling or foreign scripts."""
    with visit(browser, width=width, height=3000, scheme=scheme) as seen:
        page = seen.page
        page.goto(f"{address}/database")
        page.locator("[data-seats]").wait_for()
        page.locator(LINES).first.wait_for()
        page.screenshot(path=tmp_path / f"database-{width}-{scheme}.png", full_page=True)

        assert page.locator("[data-row]").count() == 5
        assert len(prints(page)) == len(SHAPES) + 1
        assert page.locator("[data-rule]:visible").count() == 3
        assert page.evaluate(SCROLLS_SIDEWAYS) == []
        assert page.locator(".hr-table script, .hr-table b i, .hr-finding script").count() == 0
        assert "</code><script>boom()</script>" in page.locator('[data-statement="ff06"]').inner_text()
        assert page.locator(".js-plotly-plot").count() == 0
        assert seen.foreign == []
        assert seen.errors == []


def test_a_statement_is_followed_by_keyboard_and_back(address: str, browser: Browser, tmp_path: Path) -> None:
    """Enter on its link; its page has the period of the table, and leads back."""
    with visit(browser, height=2000) as seen:
        page = seen.page
        page.goto(f"{address}/database?w=15m")
        link = page.locator('[data-statement="aa01"] a')
        link.focus()
        page.keyboard.press("Enter")
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        page.screenshot(path=tmp_path / "statement.png", full_page=True)

        assert page.url == f"{address}/statement?source=erp-db&statement=aa01&w=15m"
        expect(page.get_by_role("figure")).to_have_attribute("aria-label", TAKEAWAY)
        expect(page.get_by_text("time (Europe/Berlin, UTC+01:00)")).to_be_visible()
        assert page.get_by_role("navigation").get_by_role("link").all_inner_texts() == [
            "Overview",
            "Alerts",
            "Budget",
            "Database",
            "Cache",
            "Resources",
        ]
        page.get_by_role("link", name="All statements").click()
        page.locator(LINES).first.wait_for()
        assert page.url.startswith(f"{address}/database?source=erp-db")

        page.goto(f"{address}/database?class=lookup&q=invoices")
        page.locator('[data-statement="aa01"] a').click()
        page.get_by_role("link", name="All statements").click()
        page.locator('[data-statements="1"]').wait_for()
        assert page.url == f"{address}/database?source=erp-db&class=lookup&q=invoices"
        expect(page.get_by_label("Search")).to_have_value("invoices")
        assert prints(page) == ["aa01"]
        assert seen.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_statement_fits_a_phone(
    address: str, browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    """Text, figures, chart, quality and findings below each other."""
    with visit(browser, width=390, height=2600, scheme=scheme) as seen:
        page = seen.page
        page.goto(f"{address}/statement?source=erp-db&statement=bb02")
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        page.locator("[data-rule]").wait_for()
        page.screenshot(path=tmp_path / f"statement-390-{scheme}.png", full_page=True)

        assert page.evaluate(SCROLLS_SIDEWAYS) == []
        assert seen.foreign == []
        assert seen.errors == []


def test_a_filter_is_kept_in_the_address(address: str, browser: Browser) -> None:
    """What somebody chose is what somebody else sees who is sent the address."""
    with visit(browser) as seen, visit(browser) as other:
        page = seen.page
        page.goto(f"{address}/database")
        page.locator(LINES).first.wait_for()
        page.get_by_label("Search").fill("from orders")
        page.get_by_label("Search").press("Enter")
        page.locator('[data-statements="3"]').wait_for()
        page.get_by_role("radio", name="15m").click()
        page.wait_for_url(re.compile("w=15m"))

        other.page.goto(page.url)
        other.page.locator('[data-statements="3"]').wait_for()
        assert sorted(prints(other.page)) == sorted(prints(page)) == ["bb02", "cc03", "dd04"]


def test_a_budgets_link_shows_its_class(address: str, browser: Browser) -> None:
    """From the overview, below the row."""
    with visit(browser) as seen:
        page = seen.page
        page.goto(address)
        page.get_by_role("link", name="Statements of this class: list").click()
        page.locator(LINES).first.wait_for()

        assert prints(page) == ["bb02"]
        assert page.url == f"{address}/database?source=erp-db&class=list"


def test_nothing_flickers_while_nothing_changes(address: str, browser: Browser) -> None:
    """Table, findings and chart are the same elements after two refreshes."""
    elements = "[...document.querySelectorAll('[data-testid=stHtml], [data-testid=stCode], .js-plotly-plot')]"
    mark = f"() => {elements}.map(one => {{ one.marked = true; }}).length"
    kept = f"() => {elements}.filter(one => one.marked).length"
    with visit(browser, height=2600) as seen:
        page = seen.page
        for path, ready in (("database", "[data-seats]"), ("statement?statement=aa01", ".main-svg")):
            page.goto(f"{address}/{path}")
            page.locator(ready).first.wait_for()
            page.wait_for_timeout(1_000)
            marked = page.evaluate(mark)
            page.wait_for_timeout(6_500)
            assert page.evaluate(kept) == marked > 4
