"""Why nobody was told, as sentences; and the moment in the address of a budget's page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.alerts_doing import suggested, worded
from dashboard.alerts_untold import untold
from dashboard.choice import until
from headroom.alerting import Alerting
from headroom.budgets import Outcome, Severity
from headroom.channels import Channel, Slack
from headroom.config import Config
from headroom.incidents import Incident, State
from headroom.routing import Hours, Route, Told
from headroom.sources import Secret
from tests.dashboard.serving import APP
from tests.dashboard_alerts.sample import LOGIN, collecting, configured, fill, incidents, verdicts

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday night
CHAT = Channel("chat", Slack(Secret("https://hooks.slack.com/services/T/B/x")))
BY_DAY = Hours(frozenset(range(5)), time(8), time(18))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Return the sample's configuration."""
    return configured(tmp_path)


def why(config: Config, alerting: Alerting, outcome: Outcome = Outcome.OVER, **changes: Any) -> list[str]:
    """Return the reasons for the sample's slow log-in, changed so."""
    (one,) = (each for each in incidents(NOW) if each.id == LOGIN)
    incident: Incident = replace(one, **changes)
    budget = next(each for each in config.budgets if each.id == incident.budget)
    verdict = next(each for each in verdicts(config, NOW) if each.budget == incident.budget)
    told = Told(incident.budget, incident.severity, "", incident.source)
    return untold(
        incident,
        budget,
        replace(verdict, outcome=outcome),
        None,
        (),
        alerting,
        {},
        told=told,
        now=NOW,
        zone=UTC,
    )


@pytest.mark.parametrize(
    ("outcome", "over_for", "said"),
    [
        (
            Outcome.OVER,
            30,
            "It fires once it has been over for 2 min without a break: so far less than a minute.",
        ),
        (
            Outcome.OVER,
            130,
            "It is over, but not surely enough to wake somebody: an error is likelier than 1 in 1,000.",
        ),
        (Outcome.MET, 30, "It is met again before it fired: it is dropped."),
        (Outcome.BLIND, 30, "It is blind now: its clock stands still until it can be told."),
    ],
)
def test_why_it_is_pending(config: Config, outcome: Outcome, over_for: int, said: str) -> None:
    """Not for long enough, not surely enough, met again, or not to be told."""
    assert why(config, Alerting(), outcome, over_for=timedelta(seconds=over_for)) == [said]


@pytest.mark.parametrize(
    ("alerting", "said"),
    [
        (
            Alerting(),
            "No channel is configured: nobody is told of alerts; add one under alerts.channels.",
        ),
        (
            Alerting((CHAT,), (Route(("chat",), frozenset({Severity.WARNING})),)),
            "No route in the budgets file takes a critical alert of api.login.",
        ),
        (
            Alerting((CHAT,), (Route(("chat",), hours=BY_DAY),)),
            "chat is told at 08:00, when its route opens, if it still fires then.",
        ),
    ],
)
def test_why_nobody_was_told(config: Config, alerting: Alerting, said: str) -> None:
    """No channel, no route, or a route that is closed at night."""
    assert why(config, alerting, state=State.FIRING, fired=NOW) == [said]


def test_of_an_ended_one_there_is_nothing_to_explain(config: Config) -> None:
    """It is over."""
    assert why(config, Alerting(), state=State.DROPPED, ended=NOW) == []


@pytest.mark.parametrize(
    ("user", "headers", "name"),
    [
        ({"name": "Ada L", "email": "ada@erp.example"}, {}, "Ada L"),
        ({}, {"X-Forwarded-User": "bob", "X-Forwarded-Email": "bob@erp.example"}, "bob"),
        ({"name": " ", "email": "ada@erp.example"}, {}, "ada@erp.example"),
        ({}, {"Remote-User": "\u202eeve"}, "\\u202eeve"),
        ({}, {}, ""),
    ],
)
def test_who_is_there(user: dict[str, object], headers: dict[str, str], name: str) -> None:
    """As whoever signed them in says: Streamlit itself, or a proxy before it."""
    assert suggested(user, headers) == name


def test_a_refusal_names_fields_and_no_options() -> None:
    """The sentences of the command line name options, which a page has not."""
    said = worded("its end has passed already; give a later --until, or --for")

    assert said == "Its end has passed already; give a later one"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T02:00:00Z", NOW),
        ("2026-11-23T03:00:00+01:00", NOW),
        ("2026-11-23T02:00:00", None),
        ("<script>", None),
        ("", None),
    ],
)
def test_a_moment_in_an_address(text: str, moment: datetime | None) -> None:
    """Absolute, or none."""
    assert until({"to": text}) == moment
    assert until({}) is None


def test_a_link_in_a_message_shows_its_time(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chart ends at the moment in the address, says so, and goes on to now when asked."""
    monkeypatch.setenv("HEADROOM_CONFIG", str(config.path))
    with collecting(config) as history:
        fill(history, config)
    page = AppTest.from_file(str(APP), default_timeout=30).run()
    page.query_params["b"], page.query_params["to"] = "api.login", "2026-11-21T14:02:00Z"
    page.switch_page("views/budget.py").run()

    assert not page.exception
    assert [one.value.replace("\\", "") for one in page.markdown] == [
        "The chart ends at 21 Nov 14:02:00, the moment in the address."
    ]
    assert [one.value.replace("\\", "") for one in page.info] == [
        "Nothing was recorded in the 1h before 21 Nov 14:02."
    ]
    page.button[0].click().run()
    assert "to" not in page.query_params
    assert [one.value for one in page.info] == ["Nothing was recorded in the last 1h."]
