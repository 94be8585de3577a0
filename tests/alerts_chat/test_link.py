"""Links into the dashboard, and what is made a link at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.link import budget_link, web_address
from dashboard.choice import wanted
from headroom.budgets import Statistic
from tests.alerts.examples import AT
from tests.alerts_chat.told import FIRES, LINK, PAGE


def test_a_link_names_row_and_time() -> None:
    """From a while before it began until now, both in UTC, and a period that holds it."""
    assert budget_link(LINK, FIRES, timedelta(minutes=5), AT) == PAGE


@pytest.mark.parametrize(
    ("age", "period"),
    [
        (timedelta(0), "15m"),
        (timedelta(minutes=6), "1h"),
        (timedelta(minutes=51), "6h"),
        (timedelta(hours=6), "24h"),
        (timedelta(days=30), "24h"),
    ],
)
def test_the_period_holds_the_incident(age: timedelta, period: str) -> None:
    """The page shows the shortest of its periods that reaches back far enough."""
    link = budget_link(LINK, replace(FIRES, opened=AT - age), timedelta(minutes=5), AT)

    assert parse_qs(urlsplit(link).query)["w"] == [period]


def test_the_page_understands_the_link() -> None:
    """What the dashboard reads of an address is the row that was meant, however it is called."""
    about = replace(FIRES, budget="a&b=c d", statistic=Statistic.P999)
    query = parse_qs(urlsplit(budget_link(LINK, about, timedelta(minutes=5), AT)).query)
    params = {name: values[0] for name, values in query.items()}

    assert wanted({"x:p95": "X", "a&b=c d:p99.9": "Y"}, params) == ("a&b=c d:p99.9", "")


@pytest.mark.parametrize("address", ["https://wiki.example/a?b=c&d=%20#e", "http://10.0.0.5:8501", PAGE])
def test_web_addresses_are_links(address: str) -> None:
    """What a browser opens as a page."""
    assert web_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "call Ann",
        "javascript:alert(1)",
        "JavaScript:alert(1)//https://x",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://",
        "https://user@evil.example",
        "https://wiki.example/a b",
        "https://wiki.example/<x>",
        "https://wiki.example/a|b",
        'https://wiki.example/"x',
        "https://wiki.example/\n",
        "https://w\u0456ki.example/",
        "https://[wiki",
        "//wiki.example",
        "https://wiki.example/" + "a" * 2000,
    ],
)
def test_what_is_no_plain_web_address_is_no_link(text: str) -> None:
    """Scripts, files, look-alikes and whatever could end the markup of a link stay text."""
    assert web_address(text) == ""


def test_without_an_address_there_is_no_link() -> None:
    """Where the budgets file does not say how people reach the dashboard, nothing is guessed."""
    assert budget_link("", FIRES, timedelta(minutes=5), AT) == ""
