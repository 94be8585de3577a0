"""What Alertmanager is told of an end: why it ended, and nothing that was judged after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.budgets import Outcome
from headroom.config import load
from headroom.history import Cycle, History
from headroom.incidents import State, Why
from monitor.telling import Words
from tests.alerts.examples import verdict
from tests.alerts_alertmanager.pushing import commit, firing, now

GOOD = Path(__file__).parents[1] / "config" / "good.yaml"


@pytest.mark.parametrize(
    ("why", "title", "line"),
    [
        (Why.RECOVERED, "[RESOLVED] Login p95: met again after 5 min", "Login p95 is met again."),
        (
            Why.BUDGET_CHANGED,
            "[CLOSED] Login p95: closed with its budget, which was changed or removed; it was not met again",
            "Login p95 is closed with its budget, which was changed or removed; it was not met again.",
        ),
        (
            Why.SUBJECT_GONE,
            "[CLOSED] Login p95: closed, as its source gives nothing of it any more; it was not met again",
            "Login p95 is closed, as its source gives nothing of it any more; it was not met again.",
        ),
    ],
)
def test_an_end_says_why(history: History, why: Why, title: str, line: str) -> None:
    """Only what was seen to be met is told to be, and a verdict of later is no evidence."""
    begun, ended = now() - timedelta(minutes=5), now()
    one = firing(at=begun)
    commit(history, (one, Why.HELD), at=begun)
    one = replace(one, state=State.RESOLVED, ended=ended)
    commit(history, (one, why))
    over = verdict(Outcome.OVER, at=ended)
    history.record(Cycle(ended, verdicts=(over,)))

    told = Words(load(GOOD, {}), history)(one)

    assert (told["title"], told["lines"][0]) == (title, line)
    assert (told["value"], told["n"]) == (None, 0)


def test_what_rose_is_over_for_no_longer_than_that(history: History) -> None:
    """The limit of the new severity was crossed at the rise."""
    begun = now() - timedelta(hours=1)
    one = firing(at=begun)
    commit(history, (one, Why.HELD), at=begun)
    commit(history, (one, Why.WORSE), at=now() - timedelta(minutes=1, milliseconds=200))
    history.record(Cycle(now(), verdicts=(verdict(Outcome.OVER, at=now()),)))

    assert Words(load(GOOD, {}), history)(one)["title"].endswith("(limit 200 ms), for 1 min")
