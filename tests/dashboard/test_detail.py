"""One row in full, and what a visitor's browser may bring."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard import detail
from dashboard.choice import address, wanted
from dashboard.data import config_path
from dashboard.visitor import clock, plain, zone_named
from headroom.bounds import Interval
from headroom.budgets import Outcome, Statistic
from headroom.standpoint import standpoints
from tests.summary.builders import NOW, SOURCES, incident, latency, standing, verdict


def facts(html: str) -> dict[str, str]:
    """Return the names and values of a definition list."""
    found = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html)
    return {name: re.sub("<[^>]*>", "", value) for name, value in found}


def test_a_verdict_shows_the_evidence_it_stands_on() -> None:
    """Value, slow requests, their rate and the allowed one, events, window, coverage, reason, since."""
    said = verdict(
        latency(),
        0,
        Outcome.UNDECIDED,
        value=Interval(0.1, 0.5),
        slow=(12, 31),
        slow_share=Interval(0.02, 0.09),
        n=412,
        headroom=-0.8,
        detail="no bucket bound at 200 ms",
    )
    (first, _) = standpoints(latency(), SOURCES, [standing(said)], NOW)

    html = detail.verdict(first, now=NOW, zone=ZoneInfo("Europe/Berlin"))

    assert facts(html) == {
        "measured": "100 to 500 ms",
        "slower than the limit": "12 to 31 of 412",
        "rate of slow ones": "2% to 9%",
        "allowed": "5%",
        "headroom": "none",
        "source": "metrics",
        "judged on": "412 events",
        "window": "14:55:00 to 15:00:00",
        "covered by evidence": "100%",
        "reason": "bucket",
        "severity": "critical",
        "since": "14:50",
    }
    assert "<p>No bucket bound at 200 ms</p>" in html


def test_figures_of_a_verdict_are_short() -> None:
    """No row of digits that nobody reads, where little or nearly all is known."""
    said = verdict(
        latency(), 0, Outcome.UNDECIDED, slow_share=Interval(9.09e-13, 0.99999), n=11, headroom=0.999999
    )
    (first, _) = standpoints(
        latency(), SOURCES, [standing(replace(said, window=replace(said.window, coverage=0.99999)))], NOW
    )

    found = facts(detail.verdict(first, now=NOW, zone=UTC))

    assert found["rate of slow ones"] == "under 0.01% to over 99.9%"
    assert found["headroom"] == "over 99.9%"
    assert found["covered by evidence"] == "100%"


def test_an_alert_tells_its_zone() -> None:
    """Its last sentence holds a time in UTC."""
    one = replace(
        incident(latency(), Statistic.P95),
        fired=NOW - timedelta(minutes=3),
        worst="a reading of 84% at 13:57:00 UTC",
    )

    assert detail.alert(one, now=NOW, zone=ZoneInfo("Europe/Berlin")) == (
        "Alert firing since 14:57 (Europe/Berlin, UTC+01:00). a reading of 84% at 13:57:00 UTC"
    )
    assert detail.alert(one, now=NOW, zone=UTC).startswith("Alert firing since 13:57 (UTC). ")


def test_a_verdict_without_evidence_shows_no_empty_facts() -> None:
    """Only what is known stands there."""
    (first, _) = standpoints(latency(), SOURCES, [], NOW)

    assert facts(detail.verdict(first, now=NOW, zone=UTC)) == {
        "allowed": "5%",
        "source": "metrics",
        "window": "13:55:00 to 14:00:00",
        "covered by evidence": "0%",
        "reason": "no data",
        "severity": "critical",
    }


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-1, "21 November 2026 · ▲ 1 day overdue"),
        (-228, "8 April 2026 · ▲ 228 days overdue"),
        (0, "22 November 2026"),
    ],
)
def test_an_overdue_review_is_told(days: int, words: str) -> None:
    """On the day itself it is not overdue yet."""
    budget = replace(latency(), review_by=NOW.date() + timedelta(days=days))

    assert facts(detail.promise(budget, NOW))["review by"] == words


def test_a_promise_without_a_review_date_has_none() -> None:
    """Nor an empty line for what the file leaves out."""
    assert set(facts(detail.promise(latency(), NOW))) == {"budget", "guide", "measure", "window", "alert"}
    assert date(2026, 11, 22) == NOW.date()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_runbook_on_the_web_is_a_link(scheme: str) -> None:
    """In a new tab, which learns nothing of this one."""
    assert detail.runbook(f"{scheme}://wiki.example/a?b=1&c=2") == (
        f'<div><dt>runbook</dt><dd><a href="{scheme}://wiki.example/a?b=1&amp;c=2" target="_blank" '
        f'rel="noopener noreferrer">{scheme}://wiki.example/a?b=1&amp;c=2</a></dd></div>'
    )


@pytest.mark.parametrize(
    "bad", ["javascript:alert(1)", "data:text/html,x", "ftp://x", "//x", "http://[", "see wiki"]
)
def test_any_other_runbook_is_text(bad: str) -> None:
    """A link could run in the visitor's name."""
    assert detail.runbook(bad) == f"<div><dt>runbook</dt><dd>{bad}</dd></div>"


KNOWN = {"api.login:p95": "Login p95", "api.login:p99": "Login p99", "db.list:p95": "List p95"}


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"b": "api.login", "s": "p99"}, "api.login:p99"),
        ({"b": "api.login"}, "api.login:p95"),
        ({}, "api.login:p95"),
        ({"w": "6h"}, "api.login:p95"),
    ],
)
def test_an_address_names_a_row(params: dict[str, str], found: str) -> None:
    """A budget alone means its first row, and nothing the first of all."""
    assert wanted(KNOWN, params) == (found, "")


@pytest.mark.parametrize(
    ("params", "nearest"),
    [
        ({"b": "api.logn", "s": "p95"}, "api.login:p95"),
        ({"b": "api.login", "s": "p9"}, "api.login:p99"),
        ({"b": "db.lst"}, "db.list:p95"),
        ({"b": "x" * 10_000}, "api.login:p95"),
    ],
)
def test_an_unknown_address_names_the_nearest_row(params: dict[str, str], nearest: str) -> None:
    """With a bounded sentence, whatever the address holds."""
    found, problem = wanted(KNOWN, params)

    assert found in KNOWN
    assert found == nearest or params["b"].startswith("x")
    assert problem.startswith("No row is called “")
    assert len(problem) < 200


def test_an_address_and_its_row_fit_together() -> None:
    """What `address` writes, `wanted` finds."""
    assert [wanted(KNOWN, address(row))[0] for row in KNOWN] == list(KNOWN)


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        (None, "UTC"),
        ("", "UTC"),
        ("Mars/Olympus", "UTC"),
        ("Europe", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("/etc/localtime", "UTC"),
        ("a" * 300, "UTC"),
        ("<script>", "UTC"),
    ],
)
def test_a_time_zone_from_a_browser_may_be_anything(name: str | None, zone: str) -> None:
    """What does not exist is UTC, and no file elsewhere is opened."""
    assert str(zone_named(name)) == zone


def test_a_moment_has_a_day_where_it_is_not_today() -> None:
    """By the visitor's calendar, not by ours."""
    late = NOW.replace(hour=23, minute=30)

    assert clock(late, late, UTC) == "23:30"
    assert clock(NOW - timedelta(days=1), NOW, UTC) == "21 Nov 14:00"
    assert clock(late, late + timedelta(hours=1), UTC) == "22 Nov 23:30"
    assert clock(late, late + timedelta(hours=1), ZoneInfo("Europe/Berlin"), seconds=True) == "00:30:00"


def test_foreign_text_is_no_markdown() -> None:
    """Every sign that could begin something is escaped, and lines are joined."""
    assert plain("a *b* [c](http://x) :red[d] $e$ `f`\n# g <h>") == (
        r"a \*b\* \[c\]\(http\://x\) \:red\[d\] \$e\$ \`f\` \# g \<h\>"
    )


@pytest.mark.parametrize(
    ("argv", "environ", "name"),
    [
        (["--config", "/a.yaml"], {"HEADROOM_CONFIG": "/b.yaml"}, "/a.yaml"),
        (["--config=/a.yaml", "--other"], {}, "/a.yaml"),
        (["-n0", "--conf", "/a.yaml"], {"HEADROOM_CONFIG": "/b.yaml"}, "/b.yaml"),
    ],
)
def test_the_file_is_named_by_option_or_environment(
    argv: list[str], environ: dict[str, str], name: str
) -> None:
    """The option comes first; an abbreviation of it is somebody else's."""
    assert str(config_path(argv, environ)) == name


def test_the_file_is_budgets_yaml_where_nobody_names_one() -> None:
    """As for every other command."""
    assert config_path([], {}).name == "budgets.yaml"
