"""What the pages of alerts show, over a real history."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from headroom.history import Action, Cycle
from headroom.incidents import Notice, NoticeStatus
from tests.dashboard.serving import APP
from tests.dashboard_alerts.running import Erp, card, cards, html, page, signed, words
from tests.dashboard_alerts.sample import (
    CPU,
    DISK,
    LOGIN,
    MEMORY,
    OLD,
    READ,
    UPLOADS,
    collecting,
    configured,
    fill,
    incidents,
)


@pytest.mark.usefixtures("erp")
def test_the_loudest_comes_first() -> None:
    """Firing before pending, unanswered before acknowledged, critical before warning, silenced last."""
    found = page()

    assert cards(found) == [MEMORY, DISK, CPU, READ, LOGIN, UPLOADS]
    assert re.findall(r'data-count="([^"]+)".*?<b>([0-9]+)</b>', html(found)) == [
        ("firing", "4"),
        ("pending", "1"),
        ("silenced", "1"),
        ("resolved (24h)", "1"),
    ]


@pytest.mark.parametrize(
    ("show", "idents"),
    [
        ("firing", [MEMORY, DISK, CPU, READ]),
        ("pending", [LOGIN]),
        ("silenced", [UPLOADS]),
        ("resolved", []),
    ],
)
@pytest.mark.usefixtures("erp")
def test_the_filter_is_in_the_address(show: str, idents: list[str]) -> None:
    """What the address asks for is shown, and nothing else."""
    found = page(show=show)

    assert cards(found) == idents
    assert (f'data-ended="{OLD}"' in html(found)) == (show == "resolved")


@pytest.mark.usefixtures("erp")
def test_a_card_tells_who_knows() -> None:
    """What is over, since when, how bad, who heard of it, who did not and why."""
    said = card(page(), MEMORY)

    assert said.startswith(
        "▲ firing · critical Redis memory average: 91.4%, over the limit of 90% Average over"
    )
    assert re.search(r"fires since \d\d:\d\d, for 22 min", said)
    assert "escalation step 1: nobody had acknowledged it in time" in said
    assert "owner platform if broken Raise maxmemory, or evict runbook https://wiki.example/redis" in said
    assert re.search(r"chat firing ✓ arrived \d\d:\d\d pager firing ✖ did not arrive: 401 Unauthorized", said)
    assert "cluster suppressed: silenced at am:9093 by Zoe" in said
    assert re.search(
        r"Why not everybody was told: pager takes nothing since \d\d:\d\d: 401 Unauthorized$", said
    )


@pytest.mark.usefixtures("erp")
def test_a_card_tells_why_nobody_was_paged() -> None:
    """Not for long enough, only a warning, silenced, flapping: each in its own words."""
    found = page()

    assert card(found, LOGIN).endswith(
        "Why this did not page: It fires once it has been over for 2 min without a break: so far 1 min."
    )
    assert card(found, CPU).endswith(
        "Why this did not page: Only its target is over, which is a warning: "
        "its alert at 80% is not, so nobody is paged."
    )
    assert "Why this did not page: It is silenced until" in card(found, UPLOADS)
    assert "by Bob: deploy <script>boom()</script>" in card(found, UPLOADS)
    assert "It flaps: it was told once, and is told again when it has been the same" in card(found, READ)
    assert card(found, DISK).endswith("No message to chat is kept: its route may be newer than this alert.")


@pytest.mark.usefixtures("erp")
def test_no_word_from_outside_becomes_markup() -> None:
    """Hostile names, comments, answers and errors are shown as they are, directions written out."""
    found = html(page())

    assert "&lt;script&gt;boom()" in found
    assert "<script>boom" not in found
    assert "\u202e" not in found
    assert "secret-of-slack" not in found
    assert "secret-of-hook" not in found


@pytest.mark.usefixtures("erp")
def test_the_story_is_told_in_order() -> None:
    """Moves, messages and people, each at its time, oldest first."""
    (told,) = (one.value for one in page("alert", i=MEMORY).html if f'data-story="{MEMORY}"' in one.value)
    steps = [unescape(re.sub(r"<[^>]*>", " ", one)) for one in re.findall("<li>(.*?)</li>", told)]

    assert [step.split(maxsplit=1)[1].partition(";")[0].strip() for step in steps][:3] == [
        "pending (critical): over",
        "firing (critical): over for long enough",
        "still firing (critical): severity rose",
    ]
    assert 'chat (firing) ✓ arrived, it answered ok <script>boom()</script>"\\u202e' in steps[3]
    assert "[OVER] Redis memory" in steps[3]
    assert "pager (firing) ✖ did not arrive: 401 Unauthorized" in steps[4]
    assert "<details" in told
    assert " open>" in told


@pytest.mark.usefixtures("erp")
def test_the_lists_around() -> None:
    """Silences in force and to come, channels, what ended, and who did what."""
    said = words(page())

    assert "Silences Uploads p95 in force," in said
    assert "budget api.* to come," in said
    assert re.search(r"by maintenance backup: planned work; [67] more times in the next 7 days", said)
    assert re.search(r"✓ chat \(slack\) works; last success 6 min ago; last test 3 d ago: arrived", said)
    assert re.search(r"✖ pager \(pagerduty\) takes nothing since .*; 401 Unauthorized; never tested", said)
    assert "cluster (alertmanager) nothing was sent so far; never tested" in said
    assert "CPU average critical" in said
    assert "Ada acknowledged it" in said
    assert "Ada tested chat: the message arrived: the receiver answered ok applied" in said
    assert "The channel pager takes nothing since" in said


def test_an_ended_alert_keeps_its_story(erp: Erp) -> None:
    """Its own page shows it as it was, with a form for a note and none for a silence."""
    found = page("alert", i=OLD)

    assert cards(found) == [OLD]
    assert "resolved · critical" in words(found)
    assert [
        one.label for one in found.button if one.label in ("Acknowledge", "Silence", "Keep the note")
    ] == ["Keep the note"]
    assert erp.done() == []


@pytest.mark.usefixtures("erp")
def test_an_unknown_alert_says_so() -> None:
    """An address of an alert that there is not."""
    assert "There is no such alert" in words(page("alert", i="<script>nowhere"))


def test_an_empty_day_says_that_somebody_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When was judged last, and when a message was last tried."""
    config = configured(tmp_path)
    monkeypatch.setenv("HEADROOM_CONFIG", str(config.path))
    with collecting(config) as history:
        fill(history, config)
    for name in ("history.db", "history.db-wal", "history.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    now = datetime.now(UTC)
    with collecting(config) as history:
        said = {"channel": "chat", "arrived": "yes", "said": "ok"}
        history.act(Action(now - timedelta(days=3), "Ada", "tested", said))
        history.record(Cycle(now))
        found = words(page())

    assert "No alerts in 24 h. Nothing was ever judged. Last test message: 3 d ago (chat: arrived" in found
    assert "never tested: pager, cluster, hook)." in found


def test_a_dashboard_without_a_collector_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On both pages, and at what is done then; also that Headroom slept lately."""
    config = configured(tmp_path)
    monkeypatch.setenv("HEADROOM_CONFIG", str(config.path))
    with collecting(config) as history:
        fill(history, config)
        now = datetime.now(UTC)
        payload = '{"brief": "asleep for 2 h, awake again"}'
        history.record(Cycle(now, notices=(Notice("", "chat", NoticeStatus.SYSTEM, "k", payload, now, now),)))
    found = signed(page())
    found.button(key=f"ack-{MEMORY}").click().run()

    assert "Nobody collects: no alert can come; start headroom run ." in words(found)
    assert "Headroom was asleep for 2 h, awake again at" in words(found)
    assert "nobody collects, so it is applied when" in found.warning[0].value
    overview = AppTest.from_file(str(APP), default_timeout=30).run()
    assert "Nobody collects" in words(overview)
    assert "5 alerts firing · 3 critical · 1 silenced · 1 pending" in words(overview)


def test_a_storm_is_shown_in_pieces(erp: Erp) -> None:
    """The loudest twenty first, and more when asked for: a phone is not buried."""
    now = datetime.now(UTC)
    memory = next(one for one in incidents(now) if one.id == MEMORY)
    storm = [
        replace(memory, id=f"{number:032x}", subject=(("instance", str(number)),)) for number in range(60)
    ]
    erp.history.record(Cycle(now, incidents=tuple(storm)))
    found = page()

    assert len(cards(found)) == 20
    more = next(one for one in found.button if one.label.startswith("Show more"))
    assert more.label == "Show more (46 are left)"
    more.click().run()
    assert len(cards(found)) == 40
