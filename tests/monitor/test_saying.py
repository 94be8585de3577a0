"""A fault in the words of a message costs neither the alarm nor the cycle."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from alerts.message import as_text
from alerts.rendered import rendered
from headroom.budgets import Outcome
from headroom.incidents import Message, Notice, NoticeStatus, State, Why
from monitor.saying import said
from tests.alerts.examples import AT, LOGIN, incident, verdict


def test_what_cannot_be_worded_is_told_plainly(caplog: pytest.LogCaptureFixture) -> None:
    """A verdict that no code expects: the log has the traceback, the receiver what matters."""
    broken = replace(verdict(Outcome.OVER), value="no interval")  # type: ignore[arg-type]

    with caplog.at_level(logging.ERROR):
        told = said(incident(State.FIRING), [broken], LOGIN, NoticeStatus.FIRING, why=Why.HELD, at=AT)

    assert told["title"] == "[FIRING] api.login p95"
    assert told["text"] == "api.login p95 is firing (over for long enough)."
    assert told["key"] == "0123456789abcdef-firing-20260803T140210.000000Z"
    assert caplog.messages == ["the words for incident 0123456789abcdef failed; it is told in plainer ones"]


def test_plain_words_reach_every_channel() -> None:
    """Whatever draws messages finds the fields that it needs."""
    broken = replace(verdict(Outcome.OVER), value="no interval")  # type: ignore[arg-type]
    told = said(incident(State.FIRING), [broken], LOGIN, NoticeStatus.FIRING, why=Why.HELD, at=AT)
    notice = Notice("0123456789abcdef", "chat", NoticeStatus.FIRING, told["key"], as_text(told), AT, AT)

    shown = rendered(Message((notice,)))

    assert shown.title == "[FIRING] api.login p95"
    assert shown.severity == "critical"
