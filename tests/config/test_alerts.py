"""What `alerts:` and `serve:` mean: a file that says everything, and one that says nothing."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from headroom.alerting import Alerting, BlindPolicy, Flapping, Serving, Step
from headroom.budgets import Severity
from headroom.channels import (
    Alertmanager,
    Apprise,
    Email,
    Pace,
    PagerDuty,
    Receiver,
    Slack,
    Teams,
    Webhook,
)
from headroom.config import load
from headroom.routing import Hours, Route
from headroom.silences import Maintenance, Matcher
from headroom.sources import Secret

HERE = Path(__file__).parent
EVERYTHING = HERE / "alerts.yaml"
GOOD = (HERE / "good.yaml").read_text()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
KEY = 32 * "a"


@pytest.fixture(scope="module", name="everything")
def _everything() -> Alerting:
    return load(EVERYTHING, {"TOKEN": "0123456789abcdef"}).alerting


def loaded(text: str, folder: Path) -> Alerting:
    """Return how alerts are handled by the good file with a text at its end."""
    path = folder / "budgets.yaml"
    path.write_text(GOOD + text)
    return load(path, {}).alerting


CA = str(HERE / "alerts.yaml")
RECEIVERS: list[tuple[str, Receiver]] = [
    (
        "pager",
        PagerDuty(Secret("p0isonp0isonp0isonp0isonp0ison01"), "https://events.eu.pagerduty.com/v2/enqueue"),
    ),
    ("chat", Slack(Secret("https://hooks.example.org/T0/p0ison"))),
    ("teams", Teams(Secret("https://teams.example.org/p0ison"))),
    (
        "mail",
        Email(
            host="mail.example.org",
            port=2525,
            security="tls",
            sender="headroom@example.org",
            to=("on-call@example.org", "dba@example.org"),
            user="headroom",
            password=Secret("p0ison"),
            digest=15 * MINUTE,
            ca=CA,
        ),
    ),
    (
        "hook",
        Webhook(
            Secret("https://example.org/p0ison"),
            Secret("p0ison"),
            (("Authorization", Secret("Bearer p0ison")), ("X-Team", Secret("p0ison p0ison"))),
        ),
    ),
    (
        "cluster",
        Alertmanager(
            (Secret("https://u:p0ison@am1.example.org"), Secret("https://am2.example.org/prefix")),
            (("X-Scope-OrgID", Secret("p0ison")),),
            watchdog=False,
            ca=CA,
        ),
    ),
    ("phone", Apprise(Secret("ntfy://p0ison@ntfy.example.org/p0ison"))),
]


def test_each_kind_of_channel(everything: Alerting) -> None:
    """Each kind becomes its receiver, with all that the file says of it, in the file's order."""
    assert [(channel.name, channel.receiver) for channel in everything.channels] == RECEIVERS


def test_what_all_channels_have(everything: Alerting) -> None:
    """Time-out, fallback and pace are those of the file, or the usual ones."""
    pager, chat, *_, phone = everything.channels
    assert (pager.fallback, pager.timeout, pager.pace) == ("chat", timedelta(seconds=10), Pace())
    assert (chat.fallback, chat.timeout, chat.pace) == ("", timedelta(seconds=3), Pace(5, MINUTE))
    assert phone.pace == Pace(20, 5 * MINUTE)


def test_the_policies(everything: Alerting) -> None:
    """Names, reminders, blindness, flapping and steps are those of the file; a link ends without a slash."""
    assert (everything.installation, everything.link) == ("production", "https://headroom.example.org")
    assert everything.remind == 2 * HOUR
    assert everything.blind == BlindPolicy(5 * MINUTE, Severity.CRITICAL)
    assert everything.flapping == Flapping(4, 2 * HOUR, 30 * MINUTE)
    assert everything.steps == (
        Step(15 * MINUTE, ("pager",), frozenset({Severity.CRITICAL})),
        Step(HOUR, ("mail", "phone")),
    )
    heartbeat = everything.heartbeat
    assert heartbeat is not None
    assert heartbeat.url.reveal() == "https://hc.example.org/p0ison"
    assert (heartbeat.every, heartbeat.timeout) == (2 * MINUTE, timedelta(seconds=5))
    assert everything.serving == Serving("::", 9464, Secret("0123456789abcdef"))


def test_maintenance(everything: Alerting) -> None:
    """Planned work keeps its matcher, its calendar and the place whose clocks it goes by."""
    assert everything.maintenance == (
        Maintenance(
            name="sunday-backup",
            matcher=Matcher(
                budgets=("db.*",),
                sources=("erp-db",),
                owners=("Team Database",),
                severities=("warning",),
                labels=(("datname", "erp"), ("instance", "db1*")),
            ),
            begins=datetime(2026, 11, 22, 2),  # noqa: DTZ001 clocks of the place
            lasts=2 * HOUR,
            repeat="FREQ=WEEKLY;BYDAY=SU",
            zone="Europe/Berlin",
            comment="pg_basebackup of the primary",
        ),
        Maintenance(
            name="release",
            matcher=Matcher(budgets=("*",)),
            begins=datetime(2026, 12, 1, 22, 30),  # noqa: DTZ001 clocks of the place
            lasts=90 * MINUTE,
        ),
    )


def test_routes(everything: Alerting) -> None:
    """A route has its conditions, and takes everything where it names none."""
    both = frozenset(Severity)
    first, second, third = everything.routes
    assert first == Route(("pager", "chat", "cluster"), frozenset({Severity.CRITICAL}), ("api.*",))
    assert second == Route(("mail", "hook"), both, owners=("Team D*",), sources=("erp-*",))
    hours = Hours(frozenset({0, 1, 2, 3, 5}), time(22), time(6, 30), "Europe/Berlin")
    assert third == Route(("teams",), frozenset({Severity.WARNING}), hours=hours)


def test_nothing_said(tmp_path: Path) -> None:
    """Without a word nobody is told, nothing is served, and the documented policies hold."""
    expected = Alerting(
        remind=4 * HOUR,
        blind=BlindPolicy(10 * MINUTE, Severity.WARNING),
        flapping=Flapping(3, HOUR, 15 * MINUTE),
    )
    assert loaded("", tmp_path) == expected == Alerting()
    assert loaded("serve:\nalerts:\n  heartbeat:\n  blind:\n  escalate:\n", tmp_path) == expected
    assert loaded("serve: {}\n", tmp_path).serving == Serving("127.0.0.1", 9464, None)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_what_is_left_out_of_mail(security: str, port: int, tmp_path: Path) -> None:
    """The port follows from the security; nobody logs in, and each mail is sent at once."""
    (channel,) = loaded(
        "alerts:\n  channels:\n    mail: {kind: email, host: 10.0.0.1, from: a@b, to: c@d, "
        f"security: {security}}}\n  routes: [{{channels: [mail]}}]\n",
        tmp_path,
    ).channels
    assert channel.receiver == Email("10.0.0.1", port, security, "a@b", ("c@d",))  # type: ignore[arg-type]


def test_what_is_left_out_of_the_others(tmp_path: Path) -> None:
    """PagerDuty has its address, one Alertmanager needs no list, and a Watchdog fires there."""
    pager, alertmanager, hook = loaded(
        "alerts:\n  channels:\n"
        f"    pager: {{kind: pagerduty, routing_key: {KEY}}}\n"
        "    am: {kind: alertmanager, urls: 'http://127.0.0.1:9093/'}\n"
        "    hook: {kind: webhook, url: 'http://127.0.0.1/x'}\n"
        "  routes: [{channels: [pager, am, hook]}]\n",
        tmp_path,
    ).channels
    assert pager.receiver == PagerDuty(Secret(KEY), "https://events.pagerduty.com/v2/enqueue")
    assert alertmanager.receiver == Alertmanager((Secret("http://127.0.0.1:9093"),), watchdog=True)
    assert alertmanager.pushed
    assert hook.receiver == Webhook(Secret("http://127.0.0.1/x"), None, ())


def test_reminders_and_digests_can_be_turned_off(tmp_path: Path) -> None:
    """0s means never."""
    assert loaded("alerts: {remind: 0s}\n", tmp_path).remind == timedelta(0)


@pytest.mark.parametrize(
    ("said", "days", "begin", "end"),
    [
        ("{days: sat}", {5}, time(0), time(0)),
        ("{days: 'mon,wed'}", {0, 2}, time(0), time(0)),
        ("{days: [fri-mon]}", {4, 5, 6, 0}, time(0), time(0)),
        ("{days: [mon, 'tue-wed, sun']}", {0, 1, 2, 6}, time(0), time(0)),
        ("{from: '08:00', to: '24:00'}", set(range(7)), time(8), time(0)),
        ("{from: 0:00, to: 24:00}", set(range(7)), time(0), time(0)),
        ("{from: 22:00, to: 6:00}", set(range(7)), time(22), time(6)),
    ],
)
def test_hours(said: str, days: set[int], begin: time, end: time, tmp_path: Path) -> None:
    """Days are words, ranges and lists of them; hours need no quotes, and none mean whole days."""
    (route,) = loaded(
        "alerts:\n  channels: {a: {kind: slack, url: 'http://127.0.0.1/x'}}\n"
        f"  routes: [{{channels: [a], hours: {said}}}]\n",
        tmp_path,
    ).routes
    assert route.hours == Hours(frozenset(days), begin, end, "UTC")


def test_a_whole_day_is_open_to_its_end(tmp_path: Path) -> None:
    """A route for Saturdays is open in the last minute of one, and not on Sunday."""
    (route,) = loaded(
        "alerts:\n  channels: {a: {kind: slack, url: 'http://127.0.0.1/x'}}\n"
        "  routes: [{channels: [a], hours: {days: sat}}]\n",
        tmp_path,
    ).routes
    assert route.hours is not None
    late = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)
    assert route.hours.opens(late) == late
    assert route.hours.opens(late + MINUTE) == datetime(2026, 11, 28, tzinfo=UTC)


def test_an_escalation_or_a_fallback_leads_to_a_channel_too(tmp_path: Path) -> None:
    """A channel that only a step, or only a fallback, leads to is in use."""
    url = "url: 'http://127.0.0.1/x'"
    alerting = loaded(
        f"alerts:\n  channels:\n    a: {{kind: slack, {url}, fallback: b}}\n    b: {{kind: slack, {url}}}\n"
        f"    c: {{kind: slack, {url}}}\n"
        "  escalate: [{after: 5m, channels: [c]}, {after: 5m, channels: [b]}]\n"
        "  routes: [{channels: [a]}]\n",
        tmp_path,
    )
    assert [channel.name for channel in alerting.channels] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("listen", "token"),
    [
        ("localhost:9464", ""),
        ("127.8.0.1:1", ""),
        ("[::1]:65535", ""),
        ("0.0.0.0:80", "token: 0123456789abcdef"),
    ],
)
def test_where_it_may_serve(listen: str, token: str, tmp_path: Path) -> None:
    """This machine needs no token; everything beyond it does."""
    serving = loaded(f"serve: {{listen: '{listen}', {token}}}\n", tmp_path).serving
    assert serving is not None
    assert f"{serving.host}:{serving.port}" == listen.replace("[", "").replace("]", "")


@pytest.mark.parametrize(
    "change",
    [
        ("T0/p0ison", "T0/other"),
        ("password: p0ison", "password: other"),
        ("timeout: 3s", "timeout: 4s"),
        ('secret: "p0ison"', 'secret: "other"'),
        ("watchdog: false", "watchdog: true"),
        ("p0ison01", "p0ison02"),
    ],
)
def test_the_digest_changes_with_the_channel(change: tuple[str, str], tmp_path: Path) -> None:
    """What is said of a channel, secrets included, decides its digest; that of no other channel changes."""
    text = EVERYTHING.read_text().replace("ca: alerts.yaml", "ca: budgets.yaml")
    assert change[0] in text
    path, digests = tmp_path / "budgets.yaml", []
    for each in (text, text.replace(*change)):
        path.write_text(each)
        channels = load(path, {"TOKEN": "0123456789abcdef"}).channels
        digests.append([channel.digest for channel in channels])
    assert sum(before != after for before, after in zip(*digests, strict=True)) == 1
    assert all(len(digest) == 64 for digest in digests[0])
    assert not any(channel.digest in repr(channel) for channel in channels)
