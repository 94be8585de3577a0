"""Debian's Chromium, driven by playwright: pages that note every request that leaves this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, sync_playwright

EXECUTABLE = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",  # tests run as root in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class Visit:
    """A page in a visitor's browser.

    Attributes:
        foreign: addresses outside this machine that the page asked for.
        errors: exceptions of the page's own scripts.
    """

    page: Page
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start one Chromium for several visits."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=EXECUTABLE, headless=True, args=list(ARGUMENTS), chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: Browser,
    *,
    width: int = 1400,
    height: int = 1500,
    scheme: Literal["light", "dark"] = "light",
    timezone: str = "Europe/Berlin",
) -> Iterator[Visit]:
    """Open an empty page as a visitor with a screen, a colour scheme and a time zone of their own."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, timezone_id=timezone, locale="en-GB"
    )
    try:
        context.set_default_timeout(20_000)
        seen = Visit(context.new_page())

        def note(request: Request) -> None:
            address = urlsplit(request.url)
            if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in LOOPBACK:
                seen.foreign.append(request.url)

        context.on("request", note)
        seen.page.on("websocket", lambda socket: _note_socket(seen, socket.url))
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        yield seen
    finally:
        context.close()


def _note_socket(seen: Visit, url: str) -> None:
    if urlsplit(url).hostname not in LOOPBACK:
        seen.foreign.append(url)
