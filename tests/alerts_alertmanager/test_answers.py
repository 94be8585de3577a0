"""Tests of what one member answers: refusals, foreign clocks, and what no Alertmanager would say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.alertmanager.alert import Alert
from alerts.alertmanager.client import Client, place
from alerts.alertmanager.member import Member
from tests.alerts.receiver import Receiver, answer
from tests.alerts_alertmanager.pushing import TTL, cluster, now
from tests.alerts_alertmanager.servers import Server
from tests.collectors_prometheus.certificates import Authority

UNREADABLE = (
    "it took the alerts, but whether it has what fires cannot be read: its list of alerts cannot be read; "
    "does something else answer in its place?"
)


def member(url: str, ttl: timedelta = TTL) -> Member:
    """Return one member, told without a thread."""
    return Member(Client(cluster(url), url, now), place(url), now, ttl, "")


def alert(number: int, **labels: str) -> Alert:
    """Return an alert that fires."""
    found = {"alertname": "PerfBudgetBreach", "budget": f"budget {number}", **labels}
    return Alert(tuple(sorted(found.items())), now(), incident=str(number), name=f"budget {number}")


def test_one_bad_alert_costs_no_other(server: Server) -> None:
    """An alert that is refused is named, and all that was posted with it is stored."""
    good = [alert(number) for number in range(140)]
    bad = alert(999, **{"bad-name": "x"})
    outcome = member(server.url).push([*good[:70], bad, *good[70:]])
    assert len(server.alerts()) == 140
    assert outcome.reached
    assert outcome.error == (
        'it answered 400 ("invalid label set: invalid name \\"bad-name\\""), and will not take budget 999'
    )
    assert (outcome.said["999"].state, outcome.said["5"].state) == ("refused", "active")


def test_ends_are_repeated_and_owed() -> None:
    """An end is told for 15 minutes with every turn; one from before is told once to who has not heard it."""
    fresh, old = (
        Alert((("alertname", "PerfBudgetBreach"), ("budget", name)), ended - timedelta(hours=1), ended)
        for name, ended in (("fresh", now()), ("old", now() - timedelta(minutes=90)))
    )
    with Receiver(answer(401), answer(401), answer(200, "[]")) as server:
        one = member(f"http://127.0.0.1:{server.port}")
        for _ in range(3):
            one.push([fresh, old])
        posted = [
            [told["labels"]["budget"] for told in json.loads(each.body)]
            for each in server.arrivals
            if each.body
        ]
    assert posted == [["fresh", "old"], ["fresh", "old"], ["fresh"]]


def skewed(seconds: float) -> dict[str, Any]:
    """Return what the header Date says of a clock that is off."""
    return {"Date": format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)}


@pytest.mark.parametrize(("off", "said"), [(3600, "1 h ahead of"), (-3600, "1 h behind")])
def test_clocks_apart(off: float, said: str) -> None:
    """By the member's clock an alert has its whole life, and an end has come; and that is said."""
    ended = Alert((("alertname", "PerfBudgetBlind"),), now() - timedelta(minutes=2), now())
    with Receiver(answer(200, "[]", **skewed(off))) as liar:
        outcome = member(f"http://127.0.0.1:{liar.port}", timedelta(minutes=5)).push([alert(1), ended])
        (posted,) = [json.loads(one.body) for one in liar.arrivals if one.body]
    theirs = now() + timedelta(seconds=off)
    lives = datetime.fromisoformat(posted[0]["endsAt"]) - theirs
    assert timedelta(minutes=4, seconds=50) < lives < timedelta(minutes=5, seconds=5)
    assert datetime.fromisoformat(posted[1]["endsAt"]) <= theirs + timedelta(seconds=1)
    assert all(one["startsAt"] <= one["endsAt"] for one in posted)
    assert outcome.error == (
        "it answered 200 and does not have these, so it drops them by a limit of its own, or a load balancer "
        "stands before several members, of which each must be named: budget 1; "
        f"its clock is {said} ours; ends of alerts are told by its clock, but set both right, "
        "with NTP on both machines"
    )


def test_clock_of_a_cache() -> None:
    """The time of an answer out of a cache is that of another request: it is not believed."""
    with Receiver(answer(200, "[]", Age="3600", **skewed(-3600))) as cache:
        outcome = member(f"http://127.0.0.1:{cache.port}").push([])
    assert outcome.error == ""


@pytest.mark.parametrize(
    ("behaviour", "reached", "said"),
    [
        (
            answer(401, "no"),
            False,
            "the receiver answered 401 (no) and will not take this message; check the channel's url",
        ),
        (answer(503, Retry_After="7"), False, "the receiver answered 503"),
        (answer(200, "{}"), True, UNREADABLE),
        (answer(200, "[" * 100_000), True, UNREADABLE),
    ],
)
def test_no_alertmanager(behaviour: Any, reached: bool, said: str) -> None:
    """What answers otherwise is named by what it does."""
    with Receiver(behaviour) as other:
        outcome = member(f"http://127.0.0.1:{other.port}").push([alert(1)])
    assert (outcome.reached, outcome.error) == (reached, said)
    assert outcome.retry_after == (7 if "503" in said else None)


def test_what_was_not_posted_was_not_taken() -> None:
    """Where nothing was handed over, nobody says that it was taken."""
    with Receiver(answer(200, "{}")) as other:
        outcome = member(f"http://127.0.0.1:{other.port}").push([])
    assert outcome.error == UNREADABLE.removeprefix("it took the alerts, but ")


@pytest.mark.parametrize(
    ("behaviours", "works", "permanent"),
    [
        ([answer(404)], False, True),
        ([answer(503)], False, False),
        ([answer(200, "{}"), answer(200), answer(403)], True, False),
        ([answer(200, "{}")], False, False),
        ([answer(200, "{}"), answer(200), answer(200, "[]")], False, False),
        ([answer(200, "{}"), answer(400), answer(200, "[]")], False, True),
    ],
    ids=["gone", "ill", "may not be read", "strange", "drops everything", "refuses each"],
)
def test_what_takes_nothing(behaviours: list[Any], works: bool, permanent: bool) -> None:
    """Whether on-call can hear by a member of what fires, as far as that can be told."""
    with Receiver(*behaviours) as other:
        outcome = member(f"http://127.0.0.1:{other.port}").push([alert(1)])
    assert (outcome.works, outcome.permanent) == (works, permanent)


def test_hostile_answers() -> None:
    """What a member says of an alert is a stranger's text: bounded, in one line, and no path."""
    labels = dict(alert(1).labels)
    there: list[Any] = [
        7,
        {"labels": 7},
        {
            "labels": {**labels, "n": 1},
            "endsAt": "soon",
            "status": {
                "state": "x" * 100,
                "silencedBy": ["../../../admin", "a\x1b[31m" + "b" * 500, 7],
                "inhibitedBy": ["c"],
                "mutedBy": ["nights"],
            },
        },
    ]
    with Receiver(answer(200, json.dumps(there))) as hostile:
        url = f"http://127.0.0.1:{hostile.port}"
        outcome = member(url).push([alert(1)])
        assert {one.path.partition("?")[0] for one in hostile.arrivals} == {
            "/api/v2/status",
            "/api/v2/alerts",
        }
    said = outcome.said["1"]
    name = place(url)
    assert said.state == "x" * 19 + "…"
    assert said.detail == (
        f"silenced at Alertmanager {name} by silence ../../../admin; silenced at Alertmanager {name} "
        f"by silence a [31m{'b' * 93}…; inhibited at Alertmanager {name} by another alert that fires (c); "
        f"muted at Alertmanager {name} by its time interval nights"
    )


def test_tls(tmp_path: Path, receiver: Receiver) -> None:
    """Only a member whose certificate the named authority issued is told anything."""
    ours, other = Authority.founded(tmp_path, "ours"), Authority.founded(tmp_path, "other")
    pair = ours.issue("am")

    def told(ca: str) -> str:
        channel = cluster(server.url, ca=ca)
        one = Member(Client(channel, server.url, now), "am", now, TTL, "")
        return one.push([alert(1)]).error

    with Server(tmp_path / "am", receiver.url, certificate=pair.cert, key=pair.key) as server:
        untrusted = (
            "no trusted TLS connection to the receiver; check its certificate and this machine's clock"
        )
        assert told("") == untrusted
        assert told(str(other.cert)) == untrusted
        assert told(str(tmp_path / "none.pem")) == (
            f'the file "{tmp_path / "none.pem"}" of trusted authorities is not there'
        )
        assert server.alerts() == []
        assert told(str(ours.cert)) == ""
        assert len(server.alerts()) == 1


def test_place() -> None:
    """A member is called by host and port; user, password and path may be secrets."""
    assert place("http://user:pass@am.example:9093/path?token=1") == "am.example:9093"
    assert place("https://[::1]:9093/") == "[::1]:9093"
    assert place("http://am.example:port") == "(address that cannot be read)"
