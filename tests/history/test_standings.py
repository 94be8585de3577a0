"""The latest verdicts, and the moments at which something changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.budgets import Outcome, Reason, Verdict
from headroom.history import Cycle, History, HistoryError, VerdictChange, open_history
from tests.history import build, strategies


class Shared:
    """A history that can be closed and opened again in the middle of an example."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.history = open_history(str(path), collecting=True)
        self.budgets = (f"budget.{number}" for number in count())

    def reopen(self) -> None:
        """Lose all that is only remembered."""
        self.history.close()
        self.history = open_history(str(self.path), collecting=True)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """One history for all examples, each with a budget of its own."""
    opened = Shared(tmp_path_factory.mktemp("standings") / "history.db")
    yield opened
    opened.history.close()


@given(st.data())
@settings(deadline=None, max_examples=50)
def test_standings_are_the_last_verdicts(shared: Shared, data: st.DataObject) -> None:
    """After any cycles, some failing, some after a restart: the last verdicts, and since when they say so."""
    budget = next(shared.budgets)
    cycles = data.draw(st.lists(st.lists(strategies.verdicts(budget), max_size=4), max_size=5))
    latest: dict[tuple[str, object], Verdict] = {}
    since: dict[tuple[str, object], object] = {}
    changes = []
    for verdicts in cycles:
        if data.draw(st.booleans()):
            shared.reopen()
        if data.draw(st.booleans()):
            bad = Cycle(build.START, verdicts=tuple(verdicts), transitions=(build.transition("nobody"),))
            with pytest.raises(HistoryError):
                shared.history.record(bad)
        shared.history.record(Cycle(build.START, verdicts=tuple(verdicts)))
        for verdict in verdicts:
            key = (verdict.limit, verdict.subject)
            before = latest.get(key)
            if before is None or before.outcome is not verdict.outcome:
                since[key] = verdict.at
            if before is None or before.reason is not verdict.reason:
                changes.append((*key, verdict.outcome, verdict.reason, verdict.at))
            latest[key] = verdict

    standings = [one for one in shared.history.standings() if one.verdict.budget == budget]
    found = {(one.verdict.limit, one.verdict.subject): one for one in standings}
    assert {key: repr(one.verdict) for key, one in found.items()} == {
        key: repr(verdict) for key, verdict in latest.items()
    }
    assert {key: one.since for key, one in found.items()} == since
    recorded = shared.history.changes(
        budget, build.START - timedelta(days=999), build.START + timedelta(days=999)
    )
    assert [(one.limit, one.subject, one.outcome, one.reason, one.at) for one in recorded] == changes


def record(history: History, number: int, reason: Reason, limit: str = "p95") -> None:
    """Record a cycle with one verdict."""
    verdict = build.verdict(number, reason=reason, limit=limit, detail=f"cycle {number}")
    history.record(Cycle(build.moment(number), verdicts=(verdict,)))


def test_a_change_is_of_outcome_or_reason(history: History) -> None:
    """The same again is no change; another reason is one, but the outcome holds since it began."""
    for number, reason in enumerate([Reason.BUCKET, Reason.BUCKET, Reason.SAMPLES, Reason.OVER_LIMIT]):
        record(history, number, reason)

    changes = history.changes("api.login", build.moment(0), build.moment(9))
    assert [(one.at, one.reason) for one in changes] == [
        (build.moment(0), Reason.BUCKET),
        (build.moment(2), Reason.SAMPLES),
        (build.moment(3), Reason.OVER_LIMIT),
    ]
    assert changes[2] == VerdictChange(
        build.moment(3), "api.login", "p95", (), Outcome.OVER, Reason.OVER_LIMIT, "cycle 3"
    )
    (standing,) = history.standings()
    assert (standing.since, standing.verdict.at) == (build.moment(3), build.moment(3))


def test_since_outlives_another_reason(history: History) -> None:
    """An undecided limit stays undecided when only the reason changes."""
    for number, reason in enumerate([Reason.OVER_LIMIT, Reason.BUCKET, Reason.SAMPLES, Reason.SAMPLES]):
        record(history, number, reason)

    assert [standing.since for standing in history.standings()] == [build.moment(1)]


def test_changes_of_a_span(history: History) -> None:
    """The beginning belongs to it, the end does not; on request what was in force at its beginning too."""
    record(history, 0, Reason.WITHIN_LIMIT)
    record(history, 0, Reason.NO_TRAFFIC, limit="p99")
    record(history, 1, Reason.OVER_LIMIT)
    record(history, 2, Reason.WITHIN_LIMIT)
    record(history, 3, Reason.OVER_LIMIT)

    span = ("api.login", build.moment(2), build.moment(3))
    assert [one.detail for one in history.changes(*span)] == ["cycle 2"]
    held = history.changes(*span, in_force=True)
    assert [(one.limit, one.detail) for one in held] == [
        ("p99", "cycle 0"),
        ("p95", "cycle 1"),
        ("p95", "cycle 2"),
    ]
    assert history.changes("api.read", build.moment(0), build.moment(9)) == []
