"""The page of alerts as on-call sees it: Streamlit's own process, a real history, a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from headroom.config import Config
from headroom.history import Cycle, History
from tests.browser import chromium, visit
from tests.dashboard.serving import serving
from tests.dashboard_alerts.sample import MEMORY, UPLOADS, collecting, configured, fill

REFRESHED = 12_000  # milliseconds in which a page that refreshes every 3 s has done so
_BEYOND = """() => [
    ...[...document.querySelectorAll('html, body, [data-testid=stMain], .hr-alert, .hr-story')]
        .filter(one => one.scrollWidth > one.clientWidth + 1),
    ...[...document.querySelectorAll('button, a, h1, h3, dd, li, p')]
        .filter(one => one.getBoundingClientRect().right > window.innerWidth + 1),
].map(one => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Yield one Chromium for all visits."""
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return the sample's configuration."""
    return configured(tmp_path_factory.mktemp("alerts"))


@pytest.fixture(scope="module")
def history(config: Config) -> Iterator[History]:
    """Yield the sample's history, into which is collected."""
    with collecting(config) as history:
        fill(history, config)
        yield history


@pytest.fixture(scope="module")
def address(config: Config, history: History, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a dashboard on the sample."""
    assert history.open_incidents()
    with serving(config.path, cwd=tmp_path_factory.mktemp("elsewhere")) as url:
        yield url


def opened(page: Page, address: str) -> Page:
    """Open the page, and wait until it is whole."""
    page.goto(f"{address}/alerts")
    page.locator(f'[data-incident="{UPLOADS}"]').wait_for()
    page.locator("[data-done]").wait_for()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_the_page_reads_the_same_everywhere(
    address: str, browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"], width: int
) -> None:
    """On a phone and a desk, in both themes: no sideways scrolling, no Plotly, nothing from elsewhere."""
    with visit(browser, width=width, scheme=scheme, height=3000) as seen:
        page = opened(seen.page, address)
        page.screenshot(path=tmp_path / f"alerts-{width}-{scheme}.png", full_page=True)

        assert page.locator("[data-incident]").count() == 6
        assert page.evaluate(_BEYOND) == []
        small = page.eval_on_selector_all(
            "[class*='st-key-buttons-'] button, [class*='st-key-buttons-'] a, .hr-story summary",
            "all => all.filter(one => one.getBoundingClientRect().height < 43.5).map(one => one.outerHTML)",
        )
        assert small == []
        assert page.locator(".js-plotly-plot").count() == 0
        assert page.evaluate("() => performance.getEntriesByType('resource').filter("
                             "one => /plotly/i.test(one.name)).length") == 0  # fmt: skip
        assert page.locator("script", has_text="boom").count() == 0
        assert seen.foreign == []
        assert seen.errors == []


def test_a_person_acts_by_keyboard(address: str, browser: Browser, history: History) -> None:
    """Name, tab, enter: the alert is acknowledged, and the page follows the collecting process by itself."""
    with visit(browser, height=3000) as seen:
        page = opened(seen.page, address)
        page.get_by_role("textbox", name="Your name").fill("Ada")
        page.keyboard.press("Tab")
        card = page.locator(f".st-key-card-{MEMORY}")
        card.get_by_role("button", name="Acknowledge").focus()
        page.keyboard.press("Enter")

        expect(page.get_by_text("the collecting process applies it within 2 s")).to_be_visible()
        (done,) = history.waiting_actions()
        assert (done.kind, done.person, done.body["incident"]) == ("acknowledge", "Ada", MEMORY)

        history.record(Cycle(datetime.now(UTC), applied=(done.number,)))
        expect(page.get_by_text("Acknowledged: applied.")).to_be_visible(timeout=REFRESHED)


def test_what_is_written_outlives_refreshes(address: str, browser: Browser, history: History) -> None:
    """A half-written comment stays while the page looks again; the name is known on the alert's own page."""
    with visit(browser, width=390, height=3000) as seen:
        page = opened(seen.page, address)
        page.get_by_role("textbox", name="Your name").fill("Bob")
        page.keyboard.press("Tab")
        page.locator(f".st-key-card-{MEMORY}").get_by_text("Silence, note, all of it").click()
        comment = page.get_by_label("Why (others read it when they wonder where the alert is)")
        comment.wait_for()
        comment.press_sequentially("known")
        page.wait_for_timeout(7_000)
        comment.press_sequentially(" batch")

        assert page.get_by_role("textbox", name="Your name").input_value() == "Bob"
        assert page.url == f"{address}/alert?i={MEMORY}"
        page.get_by_role("button", name="Silence", exact=True).click()
        expect(page.get_by_text("Silenced for 1 h: the collecting process")).to_be_visible()
        (done,) = history.waiting_actions()
        assert (done.kind, done.person, done.body["comment"]) == ("silence", "Bob", "known batch")


def test_an_opened_story_stays_open(address: str, browser: Browser) -> None:
    """A refresh without news leaves in the browser what was unfolded."""
    with visit(browser, height=3000) as seen:
        page = opened(seen.page, address)
        story = page.locator(f'[data-story="{MEMORY}"]')
        story.locator("summary").click()
        page.wait_for_timeout(7_000)

        assert story.evaluate("one => one.open")
        assert story.get_by_text("severity rose").is_visible()
