"""What is kept and logged of a member that goes from one trouble to another."""

from __future__ import annotations

import logging

import pytest

from alerts.alertmanager import record
from alerts.alertmanager.member import Outcome
from alerts.alertmanager.record import Record
from alerts.alertmanager.said import Said
from headroom.history import History
from tests.alerts_alertmanager.pushing import cluster, fire, firing, now

WELL = Outcome("am1", reached=True)


def down(error: str) -> Outcome:
    """Return a turn that failed."""
    return Outcome("am1", reached=False, error=error, works=False)


def test_another_error_is_told_too(
    history: History, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong may change while it lasts; a line a minute at most says so, and its end is told."""
    at = [1000.0]
    monkeypatch.setattr(record, "monotonic", lambda: at[0])
    kept = Record(history, [cluster("http://am1")], now)
    with caplog.at_level(logging.INFO):
        for error, passed in (("refused", 0), ("refused", 5), ("401", 5), ("401", 55), ("401", 55)):
            at[0] += passed
            kept.keep("cluster", down(error))
        kept.keep("cluster", WELL)

    assert [line.getMessage() for line in caplog.records] == [
        'channel "cluster": Alertmanager am1: refused',
        'channel "cluster": Alertmanager am1: 401',
        'channel "cluster": Alertmanager am1 takes everything again',
    ]


def test_what_is_still_so_is_kept_anew(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nobody could tell it from what was last heard an hour ago; an end is written once."""
    at = [1000.0]
    monkeypatch.setattr(record, "monotonic", lambda: at[0])
    fire(history, firing("one"), firing("two"))
    kept = Record(history, [cluster("http://am1")], now)
    said = {"one": Said("active", "stored"), "two": Said("resolved", "told")}
    heard = []
    for passed in (0, 30, 31):
        at[0] += passed
        kept.keep("cluster", Outcome("am1", reached=True, said=said))
        heard.append([history.receipts(one)[0].at for one in ("one", "two")])

    assert heard[0] == heard[1]
    assert heard[2][0] > heard[1][0]
    assert heard[2][1] == heard[1][1]
