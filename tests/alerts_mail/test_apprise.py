"""Apprise in its own process, to servers that refuse what the real services refuse."""

from __future__ import annotations

import socket
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.telegram import NotifyTelegram

from alerts.channels import ChannelError, sender
from alerts.channels.apprise import kind_of, leads_of, lines_of, send, without
from alerts.channels.apprise_process import escaped, fitted, notify
from alerts.rendered import Rendered, rendered
from demo.receivers.ntfy import Ntfy
from demo.receivers.web import Reply
from headroom.channels import Apprise, Channel
from headroom.incidents import Message
from headroom.sources import Secret
from tests.alerts.receiver import Receiver, drip_body, drip_headers, endless, free_port, hang
from tests.alerts_mail.chats import Discord, Telegram, read, shown
from tests.alerts_mail.examples import digest, message

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # Apprise's, on Python before 3.13

FOR_EVER = " and will not take this message; check the channel's url"
MARKS = "*b* _i_ `c` <b>x</b> # h || ~~s~~"
HOSTILE = f"{MARKS} [x](https://evil.example) <https://evil.example> @everyone <@123>\r\n> q"
SHOWN = f"{MARKS} [x](https: //evil.example) <https: //evil.example> @ everyone <@ 123> > q"


def channel(url: str, timeout: float = 5.0) -> Channel:
    """Return a channel through Apprise."""
    return Channel("phone", Apprise(Secret(url)), timedelta(seconds=timeout))


def failure(url: str, timeout: float = 5.0) -> ChannelError:
    """Send to this address and return how it failed; no text of it may hold the token."""
    with pytest.raises(ChannelError) as caught:
        send(channel(url, timeout), message())
    assert "s3cret" not in str(caught.value)
    return caught.value


def order(url: str, told: Message, **changes: Any) -> dict[str, Any]:
    """Return what the process is told."""
    words = rendered(told)
    parts = {"title": words.title, "lines": lines_of(words), "leads": leads_of(words)}
    return {"url": url, "type": kind_of(words), "within": 5.0} | parts | changes


def test_a_notification_arrives_at_ntfy() -> None:
    """Title, story, and where to look; nothing that is loaded from elsewhere."""
    with Ntfy(token="tk_s3cret") as server:
        answer = send(channel(f"ntfy://tk_s3cret@{server.host}/on-call?auth=token"), message())

    assert answer == "Apprise sent it"
    assert server.messages == [
        {
            "topic": "on-call",
            "title": "[OVER] Login p95 is over 200 ms",
            "message": "Login p95 is over 200 ms: 35 of 412 were slow; since 14:02:10 UTC.\n"
            "Dashboard: https://headroom.example/alerts?from=1&to=2\nRunbook: https://wiki.example/login",
        }
    ]
    assert "x-icon" not in server.arrivals[0].headers


def test_a_digest_of_500_fits() -> None:
    """It is one message within ntfy's limit."""
    with Ntfy() as server:
        send(channel(f"ntfy://{server.host}/on-call"), digest(500, brief="ü" * 500))

    assert len(server.messages) == 1
    assert server.messages[0]["title"].startswith("[OVER] 500 budgets over on metrics")
    assert "\n… and " in server.messages[0]["message"]
    assert server.messages[0]["message"].endswith("\nRunbook: https://wiki.example/login")


def test_what_sources_say_is_shown_as_it_is_by_ntfy() -> None:
    """Plain text is plain; addresses and names stand apart."""
    with Ntfy() as server:
        send(channel(f"ntfy://{server.host}/on-call"), message(title=HOSTILE, text=HOSTILE))

    (told,) = server.messages
    assert told["title"] == SHOWN
    assert told["message"].splitlines()[0] == SHOWN


def test_what_sources_say_is_shown_as_it_is_by_discord(monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord reads every text as Markdown, so each mark is escaped; our own links stay whole."""
    with Discord() as server:
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"{server.origin}/api/webhooks")
        url = "discord://123456789012345678/s3cret-token-of-discord"
        told = message(title=HOSTILE, text=HOSTILE, link="https://h.example/a_b_c?x=*1*")
        assert notify(order(url, told, title=lines_of(rendered(told))[0])) == {"sent": True}

    body = server.arrivals[0].body
    assert shown(body["content"]).splitlines() == [
        SHOWN,
        SHOWN,
        "Dashboard: https://h.example/a_b_c?x=*1*",
        "Runbook: https://wiki.example/login",
    ]
    assert "avatar_url" not in body
    assert body["username"] == "Headroom" if "username" in body else True


def test_a_long_digest_fits_discord(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its limit is 2000 characters, escapes included: lines are left out, and how many is said."""
    with Discord() as server:
        monkeypatch.setattr(NotifyDiscord, "notify_url", f"{server.origin}/api/webhooks")
        told = digest(50, brief="_a_" * 60)
        assert notify(order("discord://123456789012345678/s3cret-token-of-discord", told)) == {"sent": True}

    (arrival,) = server.arrivals
    origin = "Sources: metrics; Owners: Platform team"
    assert f"more lines\n{origin}\nRunbook: https://wiki.example/login" in arrival.body["content"]


def test_what_sources_say_is_shown_as_it_is_by_telegram(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telegram refuses HTML that it does not know, so an unescaped label would lose the alert."""
    with Telegram() as server:
        monkeypatch.setattr(NotifyTelegram, "notify_url", f"{server.origin}/bot")
        url = "tgram://123456789:s3cret_token_of_telegram/12315544"
        assert notify(order(url, message(text=HOSTILE))) == {"sent": True}

    text = read(server.arrivals[0].body["text"])
    assert text.splitlines()[:2] == ["[OVER] Login p95 is over 200 ms", SHOWN]
    assert text.splitlines()[2] == "Dashboard: https://headroom.example/alerts?from=1&to=2"


@pytest.mark.parametrize(
    ("reply", "text", "permanent", "retry_after"),
    [
        (Reply(500, "oh\nno"), "the receiver answered 500 (oh no)", False, None),
        (Reply(429, "slow", (("Retry-After", "7"),)), "the receiver answered 429 (slow)", False, 7.0),
        (
            Reply(403, '{"error":"forbidden","url":"on-call-s3cret"}'),
            f'the receiver answered 403 ({{"error":"forbidden","url":"…"}}){FOR_EVER}',
            True,
            None,
        ),
        (
            Reply(302, "", (("Location", "http://127.0.0.1:9/"),)),
            "the receiver answered 302, a redirect, which is not followed; write the address it leads to",
            True,
            None,
        ),
    ],
    ids=["500", "429", "403", "302"],
)
def test_an_answer_says_whether_to_try_again(
    reply: Reply, text: str, permanent: bool, retry_after: float | None
) -> None:
    """As for every other channel; what the service repeats of the address is not told."""
    with Ntfy() as server:
        server.fail(reply)
        error = failure(f"ntfy://{server.host}/on-call-s3cret?retry=5&wait=0.1")

    assert (error.message, error.permanent, error.retry_after) == (text, permanent, retry_after)
    assert len(server.arrivals) == 1  # no retries but those of the outbox


def test_a_wrong_token_is_about_the_channel() -> None:
    """What the server says of it comes back."""
    with Ntfy(token="right") as server:
        error = failure(f"ntfy://tk_s3cret@{server.host}/on-call?auth=token")

    assert error.permanent
    assert error.message.startswith(
        'the receiver answered 401 ({"code": 40101, "http": 401, "error": "unauthorized"'
    )


@pytest.mark.parametrize("behaviour", [hang, drip_headers])
def test_a_service_without_an_end_is_left_at_the_deadline(behaviour: Any) -> None:
    """Apprise waits for each byte anew; its process does not outlive its time."""
    begun = monotonic()
    with Receiver(behaviour) as receiver:
        error = failure(f"ntfy://127.0.0.1:{receiver.port}/s3cret", timeout=1.0)
        assert monotonic() - begun < 5

    assert not error.permanent
    assert error.message == "no full answer within 1 s; is the receiver overloaded or a firewall in the way?"


@pytest.mark.parametrize("behaviour", [drip_body, endless("200 OK")])
def test_a_body_without_an_end_has_been_accepted_all_the_same(behaviour: Any) -> None:
    """The status is the service's word; trying again for want of a body would only repeat the message."""
    begun = monotonic()
    with Receiver(behaviour) as receiver:
        assert send(channel(f"ntfy://127.0.0.1:{receiver.port}/s3cret", 1.5), message()) == "Apprise sent it"
        assert monotonic() - begun < 5


def test_a_refused_connection_is_tried_again() -> None:
    """Nobody listening is a fault that passes."""
    error = failure(f"ntfy://127.0.0.1:{free_port()}/s3cret")

    assert error.message == "the receiver refuses connections; is it running, and is the port right?"
    assert not error.permanent


def test_a_name_without_address_is_tried_again() -> None:
    """DNS that is gone for a while costs no message."""
    error = failure("ntfy://nowhere.invalid/s3cret")

    assert error.message == (
        "the receiver's name cannot be resolved; check the channel's url and this machine's DNS"
    )
    assert not error.permanent


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("pigeon://s3cret", "Unparseable URL pigeon://…"),
        ("tgram://s3cret", "Unparseable Telegram URL tgram://…"),
    ],
)
def test_an_address_that_apprise_does_not_know_is_given_up(url: str, said: str) -> None:
    """Apprise's own words, without the address."""
    error = failure(url)

    assert error.message == (
        f"Apprise cannot use the channel's url ({said}); see the service's page at appriseit.com"
    )
    assert error.permanent


def test_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment, which would see the token, is not used."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with Ntfy() as server:
        assert send(channel(f"ntfy://{server.host}/on-call"), message()) == "Apprise sent it"


def test_a_process_that_ends_by_itself_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that cannot be loaded, or memory that is gone, costs no message."""
    monkeypatch.setattr("alerts.channels.apprise._MODULE", "alerts.channels.nothing")
    error = failure("ntfy://127.0.0.1/s3cret")

    assert error.message == (
        "the process with Apprise ended by itself (exit code 1); does `python -c 'import apprise'` work here?"
    )
    assert not error.permanent


def test_the_type_tells_how_bad_it_is() -> None:
    """Services colour and sort by it."""
    good, critical = Rendered("t", (), good=True, severity="critical"), Rendered("t", (), severity="critical")
    warning, ours = Rendered("t", (), severity="warning"), Rendered("t", ())

    assert [kind_of(words) for words in (good, critical, warning, ours)] == [
        "success",
        "failure",
        "warning",
        "info",
    ]


def test_no_part_of_an_address_is_told() -> None:
    """Host, token and topic go, percent-encoded or not, in any case."""
    url = "ntfy://user:p%40ssword@ntfy.example/topic-1?auth=token"

    assert without(url, "p@ssword p%40ssword TOPIC-1 at ntfy.example: no token") == "… … … at …: no …"


def test_where_it_comes_from_and_whose_it_is() -> None:
    """What tells the messages of several Headrooms, sources and incidents apart stands in the last lines."""
    facts = (("Severity", "critical"), ("Owner", "Team @here"), ("Source", "metrics"))
    more = (("Installation", "erp-prod"), ("Incident", "0123456789abcdef"))

    leads = leads_of(Rendered("t", ("line",), facts=facts + more, link="https://headroom.example/"))

    assert leads == [
        "Owner: Team @ here; Source: metrics; Installation: erp-prod; Incident: 01234567",
        "Dashboard: https://headroom.example/",
    ]


def test_what_does_not_fit_is_counted() -> None:
    """Lines go from the end, and what leads on stays."""
    lines = ["first line", "second line", "third line"]

    assert fitted(lines, ["Dashboard: x"], 100) == "first line\nsecond line\nthird line\nDashboard: x"
    assert fitted(lines, ["Dashboard: x"], 45) == "first line\n… and 2 more lines\nDashboard: x"
    assert fitted(lines, ["Dashboard: x"], 5) == "first line"
    assert fitted([], ["Dashboard: x"], 100) == "Dashboard: x"


def test_markdown_shows_each_mark() -> None:
    """A backslash goes before each, but for addresses."""
    assert escaped("a_b *c* https://x/a_b") == r"a\_b \*c\* https://x/a_b"


def test_the_kind_is_registered() -> None:
    """A channel of the kind apprise finds its sender."""
    assert sender("apprise") is send


def test_this_machine_resolves_no_invalid_name() -> None:
    """The test above counts on it."""
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 80)
