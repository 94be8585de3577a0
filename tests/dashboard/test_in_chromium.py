"""The dashboard as its visitors see it: Streamlit's own process, a real history, a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import chromium, visit
from tests.dashboard.sample import Erp, erp, text
from tests.dashboard.serving import serving

WORDS = {"met", "over", "undecided", "idle", "blind"}
REFRESHED = (
    12_000  # milliseconds in which a page that refreshes every 3 s has done so, also on a busy machine
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield one Chromium for all visits."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(running: Erp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a dashboard on the running system, started in another folder."""
    with serving(running.config.path, cwd=tmp_path_factory.mktemp("elsewhere")) as url:
        yield url


@pytest.fixture(autouse=True)
def current(running: Erp) -> None:
    """Let the system poll until now, however long the tests before took."""
    running.catch_up()


def rows(page: Page) -> list[tuple[str, str]]:
    """Return row and outcome of every line, in the order of the screen."""
    page.locator("[data-row]").nth(18).wait_for()
    found: list[tuple[str, str]] = page.eval_on_selector_all(
        "[data-row]", "all => all.map(one => [one.dataset.row, one.dataset.outcome])"
    )
    return [(row, outcome) for row, outcome in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_the_overview_reads_the_same_everywhere(
    address: str, browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    """19 rows, problems first, in words, without sideways scrolling, and nothing asked of other machines."""
    with visit(browser, width=width, scheme=scheme) as seen:
        page = seen.page
        page.goto(address)
        found = rows(page)
        page.screenshot(path=tmp_path / f"overview-{width}-{scheme}.png")

        assert len(found) == 19
        assert {outcome for _, outcome in found} == WORDS
        assert [outcome for _, outcome in found][:4] == ["over", "over", "over", "blind"]
        for row, outcome in found:
            assert outcome in page.locator(f'[data-row="{row}"]').inner_text().split()
        assert page.evaluate(_SCROLLS_SIDEWAYS) == []
        heights = page.eval_on_selector_all(
            "[data-row]", "all => all.map(one => one.getBoundingClientRect().height)"
        )
        assert min(heights) >= 44
        background = page.eval_on_selector(
            "[data-testid=stApp]", "app => getComputedStyle(app).backgroundColor"
        )
        assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 22, 29)"}[scheme]
        assert page.locator(".js-plotly-plot").count() == 0
        assert seen.foreign == []
        assert seen.errors == []


_TAKEAWAY = re.compile(r"Authentication \(login\) p95: of the time shown .*; now (over|undecided|met)$")
_SCROLLS_SIDEWAYS = """() => [
    ...[...document.querySelectorAll('html, body, [data-testid=stMain], [data-row]')]
        .filter(one => one.scrollWidth > one.clientWidth + 1),
    ...[...document.querySelectorAll('button, a, h1, [role=alert], [data-limit]')]
        .filter(one => one.getBoundingClientRect().right > window.innerWidth),
].map(one => one.outerHTML.slice(0, 80))"""


def test_new_figures_replace_old_ones_in_place(address: str, browser: Browser, running: Erp) -> None:
    """Every element of the page survives a refresh that changes rows, banner and ages."""
    with visit(browser) as seen:
        page = seen.page
        page.goto(address)
        rows(page)
        before = page.locator('[data-row="api.login:p95"]').inner_text()
        marked = page.evaluate(
            """() => {
                const all = document.querySelectorAll('[data-testid=stHtml], [data-testid=stAlert]');
                all.forEach(one => { one.marked = true; });
                return all.length;
            }"""
        )

        running.slow = False
        running.poll()
        page.wait_for_function(
            "before => document.querySelector('[data-row=\"api.login:p95\"]').innerText !== before",
            arg=before,
            timeout=REFRESHED,
        )

        kept = page.evaluate(
            """() => [...document.querySelectorAll('[data-testid=stHtml], [data-testid=stAlert]')]
                .filter(one => one.marked).length"""
        )
        assert kept == marked > 20


def test_a_row_leads_to_its_page_with_a_chart_in_the_visitors_time(
    address: str, browser: Browser, tmp_path: Path
) -> None:
    """The chart tells its zone and its takeaway, and is not drawn again while nothing changes."""
    with visit(browser, height=1600, timezone="America/St_Johns") as seen:
        page = seen.page
        page.goto(address)
        rows(page)
        page.locator('[data-row="api.login:p95"]').click()
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        page.screenshot(path=tmp_path / "budget.png")

        assert page.url == f"{address}/budget?b=api.login&s=p95"
        expect(page.get_by_text("time (America/St_Johns, UTC-03:30)")).to_be_visible()
        expect(page.get_by_role("figure")).to_have_attribute("aria-label", _TAKEAWAY)
        page.evaluate("() => { document.querySelector('.js-plotly-plot').marked = true; }")
        page.wait_for_timeout(6_500)
        assert page.evaluate("() => document.querySelector('.js-plotly-plot').marked") is True
        assert seen.foreign == []
        assert seen.errors == []


def test_the_page_of_a_row_fits_a_phone(address: str, browser: Browser, tmp_path: Path) -> None:
    """Verdict, chart and promise below each other, without sideways scrolling."""
    with visit(browser, width=390, height=2200, scheme="dark") as seen:
        page = seen.page
        page.goto(f"{address}/budget?b=resource.db_connections&s=average&w=15m")
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        page.screenshot(path=tmp_path / "budget-390-dark.png")

        assert page.evaluate(_SCROLLS_SIDEWAYS) == []
        assert page.locator("[data-limit]").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_instances_stand_below_the_verdicts(
    address: str, browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    """Worst first, hostile labels as text, and without sideways scrolling."""
    with visit(browser, width=width, height=2600, scheme=scheme) as seen:
        page = seen.page
        page.goto(f"{address}/budget?b=api.login&s=p95&w=15m")
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        page.screenshot(path=tmp_path / f"instances-{width}-{scheme}.png")
        lines = page.locator("[data-instance]")

        found = lines.evaluate_all("all => all.map(one => [one.dataset.instance, one.dataset.outcome])")
        assert [outcome for _, outcome in found] == ["over", "undecided", "idle", "met"]
        assert found[0][0] == "10.0.0.7:3000"
        assert found[1][0].startswith("<b>&amp;erp-xxx")
        assert found[1][0] in lines.nth(1).inner_text()
        assert page.locator("[data-instances] b").count() == 0
        assert "41.2%" in lines.nth(0).inner_text()
        assert page.evaluate(_SCROLLS_SIDEWAYS) == []
        assert page.evaluate(_TABLE_FITS) is True
        assert seen.errors == []


_TABLE_FITS = """() => [...document.querySelectorAll('[data-instances], [data-instances] *')]
    .every(one => one.getBoundingClientRect().right <= window.innerWidth)"""


def test_the_page_of_a_second_source_says_who_judged(address: str, browser: Browser, tmp_path: Path) -> None:
    """The application's histogram, that the server disagrees, and what the promise says of both."""
    with visit(browser, width=390, height=2200) as seen:
        page = seen.page
        page.goto(f"{address}/budget?b=db.lookup&s=p95&w=15m")
        page.locator(".js-plotly-plot .main-svg").first.wait_for()
        page.screenshot(path=tmp_path / "second-390.png")
        said = page.locator("[data-limit]").inner_text()

        assert "db_query_duration_seconds at metrics: 600 of 20,000 took longer than 10 ms" in said
        assert "the two sources disagree: pg_stat_statements at erp-db" in said
        assert "it judges where it can decide" in page.locator(".hr-wide").inner_text()
        assert page.evaluate(_SCROLLS_SIDEWAYS) == []


def test_a_link_followed_before_anybody_was_there_waits_for_the_history(
    browser: Browser, tmp_path: Path
) -> None:
    """The first visit of a fresh server has our pages, says what is missing, and goes on by itself."""
    (tmp_path / "budgets.yaml").write_text(text(), encoding="utf-8")
    with serving(tmp_path / "budgets.yaml", cwd=tmp_path) as url, visit(browser) as seen:
        page = seen.page
        page.goto(f"{url}/budget?b=api.write&s=p99")
        expect(page.get_by_text("has not been written yet; start `headroom run`").first).to_be_visible()
        assert page.get_by_role("navigation").get_by_role("link").all_inner_texts() == [
            "Overview",
            "Alerts",
            "Budget",
            "Database",
            "Cache",
            "Resources",
        ]

        with erp(tmp_path, polls=4, slow=0):
            page.locator('[data-limit="p99"]').wait_for(timeout=REFRESHED)

        assert page.locator('[data-limit="p99"]').get_attribute("data-outcome") in WORDS
        assert seen.errors == []
