"""What stands in a mail: headers that thread, words that inject nothing, a page that loads nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Literal

import pytest

from alerts.channels.mail import as_text, bounded, compose
from alerts.channels.mail_html import as_html
from alerts.channels.plain import unlinked, unmentioned, web_address
from alerts.rendered import Rendered
from headroom.channels import Email
from headroom.incidents import Message, NoticeStatus
from tests.alerts.examples import AT
from tests.alerts_mail.examples import digest, message, notice
from tests.alerts_mail.sending import channel
from tests.browser import chromium

EMAIL = channel(25).receiver
WORDS = Rendered(
    title="[OVER] Login p95 is over 200 ms",
    lines=("35 of 412 were slow.", "Since 14:02:10 UTC."),
    facts=(("Owner", "Platform team"), ("Source", "metrics")),
    link="https://headroom.example/alerts?from=1&to=2",
    runbook="https://wiki.example/login",
    severity="critical",
)
HOSTILE = "x\r\nBcc: evil@evil.example\u2028X-Evil: 1\u2029\x0b\x0c\x85\x00\x1b[31m\u202eevil\ud800"


def mail(told: Message, receiver: object = EMAIL) -> EmailMessage:
    """Compose a mail and read it as mail programs do; every line of it is short enough, and ASCII."""
    assert isinstance(receiver, Email)
    raw = compose(receiver, told, AT)
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 200
    assert not re.search(rb"[^\r]\n|\r[^\n]", raw)
    read = message_from_bytes(raw, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert not read.defects
    return read


def test_the_headers() -> None:
    """A mail names its incident and status, tells robots to be quiet, and has an id of its own."""
    read = mail(message())

    assert {name: str(value) for name, value in read.items() if name != "Content-Type"} == {
        "From": "Headroom <alerts@example.com>",
        "To": "on-call@example.com",
        "Subject": "[OVER] Login p95 is over 200 ms",
        "Date": "Mon, 03 Aug 2026 14:02:10 +0000",
        "Message-ID": "<5bca7cb127a49578976e9326275cd8bf@example.com>",
        "In-Reply-To": "<15c7c7758e3fbe9859dd4059076f8252@example.com>",
        "References": "<15c7c7758e3fbe9859dd4059076f8252@example.com>",
        "X-Headroom-Incident": "i1",
        "X-Headroom-Status": "firing",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
    }


def test_mails_of_one_incident_become_one_thread() -> None:
    """Firing and resolved refer to the same mail, have ids of their own, and keep them when tried again."""
    fired, resolved = mail(message()), mail(Message((notice(status=NoticeStatus.RESOLVED),)))
    other = mail(Message((notice("i2"),)))
    again = mail(Message((replace(notice(), attempts=3, next_at=AT + timedelta(hours=1)),)))

    assert fired["References"] == resolved["References"] == resolved["In-Reply-To"]
    assert fired["References"] != other["References"]
    assert len({fired["Message-ID"], resolved["Message-ID"], other["Message-ID"]}) == 3
    assert again["Message-ID"] == fired["Message-ID"]


def test_a_digest_is_no_part_of_a_thread() -> None:
    """Several incidents have no common thread; their ids are named, up to a number."""
    read = mail(digest(500))

    assert read["References"] is None
    assert read["X-Headroom-Incident"].startswith("i0, i1, i2,")
    assert read["X-Headroom-Incident"].endswith(", i19 and 480 more")
    assert len(compose_bytes(digest(500))) < 20_000


def test_another_digest_with_the_same_first_notice_is_another_mail() -> None:
    """A mailbox that drops what it has seen must not drop what was added."""
    assert mail(digest(3))["Message-ID"] != mail(digest(4))["Message-ID"]


def test_a_message_of_headroom_itself_names_no_incident() -> None:
    """There is none."""
    read = mail(Message((replace(notice(incident=""), status=NoticeStatus.SYSTEM),)))

    assert read["X-Headroom-Incident"] is None
    assert read["References"] is None


def test_nothing_from_a_source_becomes_a_header() -> None:
    """Line ends of all kinds, in each field that reaches a header, stay within it."""
    expected = set(mail(message()).keys())
    read = mail(Message((replace(notice(title=HOSTILE, text=HOSTILE), incident=HOSTILE),)))

    assert set(read.keys()) == expected
    assert read["Subject"] == "x Bcc: evil@evil.example X-Evil: 1 [31m evil"
    assert read["X-Headroom-Incident"] == "x Bcc: evil@evil.example X-Evil: 1 [31m evil"


@pytest.mark.parametrize("title", ["ü" * 10_000, "x" * 10_000, "wort " * 2_000, "😀" * 300])
def test_a_title_of_any_length_is_a_subject(title: str) -> None:
    """It is cut, and comes out as it went in."""
    subject = str(mail(message(title=title))["Subject"])

    assert len(subject) <= 200
    assert subject.endswith("…")
    assert title.startswith(subject[:-1])


def test_an_encoded_word_from_a_source_is_not_decoded() -> None:
    """Decoded, it could hold the line end that is taken out of all else."""
    hidden = "=?utf-8?q?a=0D=0ABcc:_evil@evil.example?="
    read = mail(Message((replace(notice(title=hidden), incident=hidden),)))

    assert read["Subject"] == "= ?utf-8?q?a=0D=0ABcc:_evil@evil.example?="
    assert read["X-Headroom-Incident"] == "= ?utf-8?q?a=0D=0ABcc:_evil@evil.example?="
    assert read["Bcc"] is None


def test_a_subject_with_umlauts_needs_no_special_server() -> None:
    """It is encoded; the body as well."""
    read = mail(message(title="Über 200 ms", text="Läuft über."))

    assert read["Subject"] == "Über 200 ms"
    body = read.get_body(("plain",))
    assert body is not None
    assert "Läuft über." in body.get_content()
    assert body["Content-Transfer-Encoding"] == "quoted-printable"


def test_a_long_subject_starts_on_its_own_line() -> None:
    """A first line that is empty is shown as no subject by some programs."""
    raw = compose_bytes(
        message(title="[OVER] 3 budgets over on metrics, 3 critical: Budget 0, Budget 1, Bud")
    )

    assert b"\r\nSubject: [OVER] 3 budgets" in raw


def test_a_domain_with_umlauts_is_written_as_dns_knows_it() -> None:
    """Mail programs and servers understand that form everywhere."""
    read = mail(message(), channel(25, sender="alerts@exämple.com", to=("a@bücher.example",)).receiver)

    assert read["From"] == "Headroom <alerts@xn--exmple-cua.com>"
    assert read["To"] == "a@xn--bcher-kva.example"
    assert read["Message-ID"].endswith("@xn--exmple-cua.com>")


def test_the_text_comes_first() -> None:
    """The story, then where to look, then the facts; a program without HTML shows exactly this."""
    assert as_text(WORDS) == (
        "35 of 412 were slow.\nSince 14:02:10 UTC.\n\n"
        "Dashboard: https://headroom.example/alerts?from=1&to=2\nRunbook: https://wiki.example/login\n\n"
        "Owner: Platform team\nSource: metrics\n"
    )
    parts = [part.get_content_type() for part in mail(message()).iter_parts()]
    assert parts == ["text/plain", "text/html"]


def test_words_that_are_missing_leave_no_gaps() -> None:
    """Without link, runbook and facts only the story stands."""
    bare = Rendered(title="t", lines=("One line.",))

    assert as_text(bare) == "One line.\n"
    assert "<a " not in as_html(bare)
    assert "<table" not in as_html(bare)


def test_markup_from_a_source_is_shown_not_followed() -> None:
    """Tags, attributes and entities are text; nothing in the page runs or is loaded."""
    evil = "<img src=x onerror=alert(1)>\"'&amp;</p><script>alert(1)</script>"
    page = as_html(
        bounded(
            replace(
                WORDS,
                title=evil,
                lines=(evil,),
                facts=((evil, evil),),
                runbook=evil,
                link=f"https://x/{evil}",
            )
        )
    )

    assert "<img" not in page
    assert "<script" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;amp;") == 6
    assert "<a " not in page
    assert not re.search(r"\b(src|background|url|@import)\s*[=(]", page.replace("img src=x", ""))


@pytest.mark.parametrize(
    ("runbook", "shown"),
    [
        ("https://wiki.example/login", '<a href="https://wiki.example/login">Runbook</a>'),
        ("https://wiki.example/?a=1&b=2", '<a href="https://wiki.example/?a=1&amp;b=2">Runbook</a>'),
        ("restart it & wait", "Runbook: restart it &amp; wait"),
        ("javascript:alert(1)", "Runbook: javascript:alert(1)"),
        ('https://x/" onclick="alert(1)', "Runbook: https: //x/&quot; onclick=&quot;alert(1)"),
        ("see https://wiki.example/login", "Runbook: see https: //wiki.example/login"),
    ],
)
def test_a_runbook_is_a_link_or_words(runbook: str, shown: str) -> None:
    """Only one whole address becomes a link."""
    assert shown in as_html(bounded(replace(WORDS, runbook=runbook)))


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("GET https://evil.example/x now", "GET https: //evil.example/x now"),
        ("HTTP://evil.example", "HTTP: //evil.example"),
        ("slack://x and mailto:a@b.c", "slack: //x and mailto: a@b.c"),
        ("www.evil.example", "www. evil.example"),
        ("at 14:02:10, ratio 3:4, a::text", "at 14:02:10, ratio 3:4, a::text"),
        ("/api/v1/orders/{id}", "/api/v1/orders/{id}"),
    ],
)
def test_an_address_within_words_is_no_link(text: str, apart: str) -> None:
    """Mail programs make links of what looks like an address; it is kept readable, and apart."""
    assert unlinked(text) == apart


def test_nobody_is_called_by_a_name_within_words() -> None:
    """Chats call everybody where @everyone stands."""
    assert unmentioned("@everyone <@123> <@&9> a@b.c 5 @ 3") == "@ everyone <@ 123> <@ &9> a@ b.c 5 @ 3"


@pytest.mark.parametrize(
    "text", ["", "javascript:alert(1)", "https://x y", "https://x/<b>", 'https://x/"', "ftp://x", "https://"]
)
def test_what_is_no_web_address(text: str) -> None:
    """None of these becomes a link."""
    assert web_address(text) == ""


def test_a_story_without_end_is_cut() -> None:
    """Lines and facts are bounded in number and in length."""
    words = bounded(replace(WORDS, lines=("x" * 9999,) * 500, facts=(("n" * 9999, "v" * 9999),) * 500))

    assert (len(words.lines), len(words.facts)) == (101, 100)
    assert max(len(line) for line in words.lines) == 2000
    assert words.lines[-1] == "… and 400 more lines, which `headroom alerts` shows"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone_and_loads_nothing(scheme: Literal["light", "dark"]) -> None:
    """Long words stay within 360 pixels, text is told from its ground, and nothing is asked for."""
    words = replace(WORDS, lines=("a_very_long_name_" * 20,), facts=(("Worst statement", "SELECT" * 60),))
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 360, "height": 640}, color_scheme=scheme)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.set_content(as_html(words))
        width = page.evaluate("document.documentElement.scrollWidth")
        ground, ink = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )

    assert width <= 360
    assert (ground, ink) == {
        "light": ("rgb(255, 255, 255)", "rgb(26, 26, 26)"),
        "dark": ("rgb(18, 18, 18)", "rgb(232, 232, 232)"),
    }[scheme]
    assert asked == []


def compose_bytes(told: Message) -> bytes:
    """Return the mail as it goes out."""
    assert isinstance(EMAIL, Email)
    return compose(EMAIL, told, AT)
