"""What a person does on the pages of alerts: each an action in the history, and none by an address."""

from __future__ import annotations

import time
from datetime import timedelta

from headroom.history.silence_body import silence_of
from tests.dashboard_alerts.running import Erp, html, page, signed, words
from tests.dashboard_alerts.sample import CPU, MEMORY


def test_nothing_is_done_without_a_name(erp: Erp) -> None:
    """A button that is pressed by nobody does nothing, and says what is missing."""
    found = signed(page(), "  ")
    found.button(key=f"ack-{MEMORY}").click().run()

    assert erp.done() == []
    assert "Say who you are first" in found.toast[0].value
    assert "Say who you are first" in found.error[0].value


def test_an_alert_is_acknowledged(erp: Erp) -> None:
    """The button appends an action; the page says when the collecting process has applied it."""
    found = signed(page())
    found.button(key=f"ack-{MEMORY}").click().run()

    (done,) = erp.done()
    assert (done.kind, done.person, dict(done.body)) == (
        "acknowledge",
        "Ada",
        {"incident": MEMORY, "note": ""},
    )
    assert [one.value for one in found.info] == [
        "Acknowledged: the collecting process applies it within 2 s."
    ]
    assert f'data-action="{done.number}" data-state="waits"' in html(found)

    erp.apply()
    time.sleep(1.1)  # visitors share a read for a second
    found.run()
    assert [one.value for one in found.success] == ["Acknowledged: applied."]
    assert f'data-action="{done.number}" data-state="applied"' in html(found)


def test_an_address_does_nothing(erp: Erp) -> None:
    """Whatever an address asks for, nothing is appended."""
    page(
        "alert",
        i=MEMORY,
        ack=MEMORY,
        action="acknowledge",
        person="Eve",
        silence="1h",
        **{"ack-" + MEMORY: "true"},
    )

    assert erp.done() == []


def test_a_silence_demands_a_reason(erp: Erp) -> None:
    """Without a comment it is refused in the words of the page; with one it holds for the chosen time."""
    found = signed(page("alert", i=CPU))
    silence = next(one for one in found.button if one.label == "Silence")
    silence.click().run()

    assert erp.done() == []
    assert "comment" in found.error[0].value
    assert "--" not in found.error[0].value

    found.text_input(key="one-comment").set_value("known batch")
    next(one for one in found.button if one.label == "Silence").click().run()
    (done,) = erp.done()
    made = silence_of(done)
    assert (done.kind, made.matcher.incident, made.comment) == ("silence", CPU, "known batch")
    assert made.ends - made.begins == timedelta(hours=1)


def test_several_are_silenced_together(erp: Erp) -> None:
    """By what they are about; what would take all of them is refused unless that is meant."""
    found = signed(page())

    def press() -> None:
        next(one for one in found.button if one.label == "Silence").click().run()

    found.text_input(key="several-comment").set_value("move")
    press()
    assert erp.done() == []
    assert "choose what it is for, or tick that all" in found.error[0].value.replace("\\", "")

    found.multiselect(key="several-sources").set_value(["metrics"])
    press()
    (done,) = erp.done()
    assert silence_of(done).matcher.sources == ("metrics",)


def test_a_silence_is_ended(erp: Erp) -> None:
    """By its own button."""
    found = signed(page())
    found.button(key="end-" + "5" * 32).click().run()

    (done,) = erp.done()
    assert (done.kind, dict(done.body)) == ("unsilence", {"id": "5" * 32})


def test_a_note_is_kept(erp: Erp) -> None:
    """It needs no cycle, stands in the story at once, and leaves the field empty for the next."""
    found = signed(page("alert", i=MEMORY))
    found.text_area(key="note").set_value("evicting by hand <b>")
    next(one for one in found.button if one.label == "Keep the note").click().run()

    (done,) = erp.done()
    assert (done.kind, dict(done.body)) == ("note", {"incident": MEMORY, "text": "evicting by hand <b>"})
    assert "Ada noted: evicting by hand <b>" in words(found)
    assert found.text_area(key="note").value == ""


def test_a_channel_is_tested_and_told_again(erp: Erp) -> None:
    """Both are asked of the collecting process, which has the channels."""
    found = signed(page())
    found.button(key="test-pager").click().run()
    found.button(key=f"again-{MEMORY}").click().run()

    assert [(one.kind, dict(one.body)) for one in erp.done()] == [
        ("test", {"channel": "pager"}),
        ("replay", {"incident": MEMORY, "channel": ""}),
    ]
