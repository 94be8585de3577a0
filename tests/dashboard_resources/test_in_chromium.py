"""The Cache and Resources pages as visitors see them: both themes, a phone, nothing foreign, no flicker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.browser import chromium, visit
from tests.dashboard.serving import serving
from tests.dashboard_cache import sample as cache
from tests.dashboard_resources import sample as resources

SCROLLS_SIDEWAYS = """() => [
    ...["html", "body", "[data-testid=stMain]", "[data-row]", "[data-testid=stCode] pre", ".hr-table"]
        .flatMap(one => [...document.querySelectorAll(one)])
        .filter(one => one.scrollWidth > one.clientWidth + 1),
    ...[...document.querySelectorAll('button, a, h1, h2, .hr-table td, .hr-finding, .hr-said, .hr-below')]
        .filter(one => one.getBoundingClientRect().right > window.innerWidth + 1),
].map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield one Chromium for all visits."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Yield the address of each page on a dashboard of its own history."""
    cached = cache.written(tmp_path_factory.mktemp("cache"))
    held = resources.written(tmp_path_factory.mktemp("resources"))
    with (
        serving(cached, cwd=tmp_path_factory.mktemp("here")) as one,
        serving(held, cwd=tmp_path_factory.mktemp("there")) as other,
    ):
        yield {"cache": f"{one}/cache", "resources": f"{other}/resources"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
@pytest.mark.parametrize(("page", "ready"), [("cache", "[data-confirmed]"), ("resources", "[data-rule]")])
def test_the_page_reads_the_same_everywhere(
    addresses: dict[str, str],
    browser: Browser,
    tmp_path: Path,
    page: str,
    ready: str,
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    """Without sideways scrolling, foreign requests, scripts of others or errors."""
    with visit(browser, width=width, height=3000, scheme=scheme) as seen:
        seen.page.goto(addresses[page])
        seen.page.locator(ready).first.wait_for()
        seen.page.locator(".hr-table tbody tr").first.wait_for()
        seen.page.screenshot(path=tmp_path / f"{page}-{width}-{scheme}.png", full_page=True)

        assert seen.page.locator("[data-row]").count() == 2
        assert seen.page.evaluate(SCROLLS_SIDEWAYS) == []
        assert (
            seen.page.locator(".hr-table script, .hr-table img, .hr-notes img, .hr-notes script").count() == 0
        )
        assert seen.foreign == []
        assert seen.errors == []


def test_a_period_is_kept_in_the_address(addresses: dict[str, str], browser: Browser) -> None:
    """What somebody chose is what somebody else sees who is sent the address."""
    with visit(browser) as seen, visit(browser) as other:
        page = seen.page
        page.goto(addresses["cache"])
        page.locator("[data-traffic]").first.wait_for()
        page.get_by_role("radio", name="6h").click()
        page.wait_for_url(re.compile("w=6h"))
        other.page.goto(page.url)
        other.page.locator("[data-traffic]").first.wait_for()

        assert other.page.get_by_role("radio", name="6h").get_attribute("aria-checked") == "true"


def test_nothing_flickers_while_nothing_changes(addresses: dict[str, str], browser: Browser) -> None:
    """Rows and tables are the same elements after two refreshes."""
    elements = "[...document.querySelectorAll('[data-testid=stHtml], [data-testid=stCode]')]"
    mark = f"() => {elements}.map(one => {{ one.marked = true; }}).length"
    kept = f"() => {elements}.filter(one => one.marked).length"
    with visit(browser, height=2600) as seen:
        for address in addresses.values():
            seen.page.goto(address)
            seen.page.locator(".hr-table tbody tr").first.wait_for()
            seen.page.locator("[data-rule]").first.wait_for()
            seen.page.wait_for_timeout(1_000)
            marked = seen.page.evaluate(mark)
            seen.page.wait_for_timeout(6_500)
            assert seen.page.evaluate(kept) == marked > 4
