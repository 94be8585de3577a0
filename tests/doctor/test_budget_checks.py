"""Checks of budgets without a source's help: enough events, reachable thresholds, denominators, reviews."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from headroom.budgets import Kind, Limit, Measure, Outcome, Reason, Statistic, Unit, Verdict, Window
from headroom.checks import State
from headroom.clocks import skewed
from headroom.evidence import Histogram, Moments
from headroom.history import Standing
from headroom.observation import Absence, Reading, Series
from headroom.sources import Secret, Source, SourceKind
from monitor.doctor import budgets as checks
from tests.doctor.examples import NOON, budget, limit, measure, one, reading, shipped

PASS, WARN, FAIL, CANNOT = State.PASS, State.WARN, State.FAIL, State.CANNOT_CHECK
P99 = limit(0.5, Statistic.P99)


@pytest.mark.parametrize(
    ("events", "window", "state", "detail", "fix"),
    [
        (150, 300, PASS, "at 10 a second 5 min holds 3,000; a P99 needs 459", ""),
        (
            6,
            300,
            WARN,
            "at 0.4 a second 5 min holds 120; a P99 needs 459, with nothing slow among them",
            "window: 20m",
        ),
        (
            0,
            3600,
            CANNOT,
            "none in 15 s: the rate is not known; a P99 needs 459 in 1 h",
            "",
        ),
    ],
)
def test_enough_for_a_p99(events: int, window: float, state: State, detail: str, fix: str) -> None:
    """A P99 needs 459 events in its window; the rate of the newest interval tells how long that takes."""
    found = checks.enough(budget(None, P99, window=window), P99, events, 15)

    assert (found.state, found.detail, found.fix) == (state, detail, fix)


def test_no_window_is_long_enough() -> None:
    """Where not even a month would do, another statistic is what helps."""
    found = checks.enough(budget(None, P99), P99, 1, 86_400)

    assert found.fix == "replace the P99 by one with more allowed, such as a P95"


def test_enough_for_a_p95_is_90() -> None:
    """A P95 needs 90 events, counted over all parts of the interval, of a histogram or of moments."""
    for evidence in (Histogram((0.1,), (4, 2)), Moments.of([0.01] * 6)):
        found = one(
            checks.samples([budget()], {"metrics": reading(measure(), evidence)}), "samples:api.read:p95"
        )
        assert found.detail == "at 0.4 a second 5 min holds 120; a P95 needs 90"
        assert found.state is PASS


def _share(threshold: float, *, at_least: bool = False) -> Limit:
    return limit(threshold, Statistic.AVERAGE, Unit.SHARE, name="alert", at_least=at_least)


@pytest.mark.parametrize(
    ("of", "held", "said"),
    [
        (Kind.CPU, _share(1.0), "can never be over: no share is above 100%"),
        (Kind.GAUGE, _share(0.0, at_least=True), "can never be over: no share is below 0%"),
        (Kind.HIT_RATE, _share(1.1, at_least=True), "can never be kept: no share is above 100%"),
        (Kind.CPU, _share(0.99), None),
        (Kind.HIT_RATE, _share(0.9, at_least=True), None),
    ],
)
def test_thresholds_that_can_never_be_passed(of: Kind, held: Limit, said: str | None) -> None:
    """A maximum of 100% never fires, nor does a minimum of 0%; a minimum above 100% always does."""
    found = list(checks.thresholds([budget(Measure("metrics", of), held)]))

    assert [(check.id, check.state, check.detail) for check in found] == (
        [] if said is None else [("never:api.read:alert", FAIL, said)]
    )


def test_connections_of_what() -> None:
    """max_connections is named with what it hides; a pool of the application is what the guide means."""
    server = budget(Measure("erp-db", Kind.CONNECTIONS, "max_connections"), ident="server")
    pool = budget(Measure("erp-db", Kind.CONNECTIONS, "20", "role.erp"), ident="pool")
    found = list(checks.denominators([server, pool, budget()]))

    assert [(check.id, check.state) for check in found] == [
        ("denominator:server", WARN),
        ("denominator:pool", PASS),
    ]
    assert found[0].fix == "measure: {connections: 20, role: YOUR_ROLE, source: erp-db}"
    assert found[1].detail == "of a pool of 20, those of role erp"


def test_reviews() -> None:
    """The day itself is in time, the day after is late, and a budget without a day is not asked."""
    due = replace(budget(), review_by=date(2026, 4, 8))

    assert (
        one(checks.reviews([due, budget()], date(2026, 4, 8)), "review:api.read").detail
        == "due by 2026-04-08"
    )
    late = one(checks.reviews([due], date(2026, 4, 9)), "review:api.read")
    assert (late.state, late.detail, late.fix) == (
        WARN,
        "its figures were to be looked at again by 2026-04-08, 1 day ago",
        "review_by: 2026-07-08  # once they were",
    )


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        (Reason.NO_DATA, FAIL),
        (Reason.BROKEN_INSTRUMENTATION, FAIL),
        (Reason.PARTIAL, WARN),
        (Reason.POLICY, WARN),
    ],
)
def test_a_source_that_gives_nothing(reason: Reason, state: State) -> None:
    """What makes a budget blind fails, what leaves it undecided is a warning; the sentence is the poll's."""
    absences = (Absence(Series.of(measure()), reason, "why"),)
    found = one(checks.evidence([budget()], {"metrics": Reading((), absences)}), "evidence:api.read")

    assert (found.state, found.detail) == (state, f"{reason}: why")


def test_a_source_that_gives_something() -> None:
    """Events are counted; none is no fault; a source that was not read is not asked about."""

    def said(n: int) -> str:
        found = checks.evidence([budget()], {"metrics": reading(measure(), Histogram((0.1,), (n, 0)))})
        return one(found, "evidence:api.read").detail

    assert said(60) == "60 in the newest 15 s"
    assert said(0) == "no traffic just now"
    assert list(checks.evidence([budget()], {})) == []


def test_pg_stat_statements_decides_in_part() -> None:
    """Without a second measure that decides exactly, a percentile of statements is decided in part."""
    lookup = next(each for each in shipped().budgets if each.id == "db.lookup")
    ident = "decidable:db.lookup:p95"

    alone = one(checks.moments([replace(lookup, second=None)], ()), ident)
    assert (alone.state, alone.fix) == (
        WARN,
        "second: {histogram: db_query_duration_seconds, source: YOUR_PROMETHEUS, class: queries.lookup}",
    )
    assert one(checks.moments([lookup], {f"{ident}:second"}), ident).state is PASS
    assert one(checks.moments([lookup], ()), ident).detail.endswith(
        "db_query_duration_seconds of metrics does not decide it either, see decidable:db.lookup:p95:second"
    )


_TENTH = "more than a tenth of the shortest window (5 min): what is shown as of one moment is of another"


@pytest.mark.parametrize(
    ("ahead", "state", "detail"),
    [
        ((-0.5, 0.2), PASS, "they agree within 1 s"),
        ((0.9, 1.4), PASS, "they agree within 1 s"),
        ((2.0, 2.5), WARN, "the server's clock is 2 s ahead of ours"),
        ((-9.0, -8.5), WARN, "the server's clock is 8.5 s behind ours"),
        ((3600.0, 3601.0), FAIL, f"the server's clock is 1 h ahead of ours, {_TENTH}"),
        (None, CANNOT, "the server does not tell its time"),
    ],
)  # fmt: skip
def test_clocks(ahead: tuple[float, float] | None, state: State, detail: str) -> None:
    """A second is what clocks may differ by; a tenth of the shortest window is too much."""
    found = skewed("metrics", ahead, timedelta(minutes=5))

    assert (found.id, found.state, found.detail) == ("clock:metrics", state, detail)


def test_latest_verdicts() -> None:
    """Undecided and blind limits are told with their sentence; old verdicts are nobody's."""
    sources = [Source("metrics", SourceKind.PROMETHEUS, Secret("http://x"), timedelta(seconds=15))]
    verdict = Verdict(
        "api.read", "p95", Statistic.P95, limit().severity, (), "metrics", Outcome.UNDECIDED, Reason.BUCKET,
        "add 0.2", Unit.SECONDS, 0.2, Window(NOON, NOON, 1.0), NOON,
    )  # fmt: skip

    def said(verdict: Verdict, after: float) -> list[tuple[State, str]]:
        now = NOON + timedelta(seconds=after)
        found = checks.standing([budget()], sources, [Standing(verdict, NOON, 1)], now)
        return [(check.state, check.detail) for check in found]

    assert said(verdict, 1) == [(WARN, "p95 is undecided (bucket): add 0.2")]
    assert said(replace(verdict, outcome=Outcome.MET, reason=Reason.WITHIN_LIMIT), 1) == [(PASS, "p95 met")]
    assert said(verdict, 3600) == []
