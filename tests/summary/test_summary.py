"""All rows in order, and the one sentence on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from headroom.bounds import Interval
from headroom.budgets import Budget, Limit, Outcome, Reason, Statistic, Unit, Verdict
from headroom.history import Poll, Standing
from headroom.incidents import Incident
from headroom.sources import Source, SourceKind
from headroom.summary import Row, banner, rows, source_ages
from tests.summary.builders import (
    EVERY,
    NOW,
    SOURCES,
    average,
    incident,
    latency,
    resource,
    standing,
    verdict,
)


def drawn(*pairs: tuple[Budget, list[Verdict]], incidents: tuple[Incident, ...] = ()) -> list[Row]:
    """Return the rows of budgets whose verdicts were just made."""
    standings: list[Standing] = [standing(said) for _, verdicts in pairs for said in verdicts]
    return rows([budget for budget, _ in pairs], SOURCES, standings, incidents, NOW)


def single(name: str, outcome: Outcome, **changed: object) -> tuple[Budget, list[Verdict]]:
    """Return a budget of one P95, with its verdict."""
    budget = replace(latency(name, name), limits=latency().limits[:1])
    return budget, [verdict(budget, 0, outcome, **changed)]


def test_target_and_alert_share_a_row_and_percentiles_do_not() -> None:
    """Two budgets make three rows."""
    found = drawn((latency(), []), (resource(), []))

    assert [row.id for row in found] == ["api.login:p95", "api.login:p99", "resource.cpu:average"]
    assert [row.target for row in found] == ["< 200 ms", "< 500 ms", "< 70% · alert > 80%"]


@pytest.mark.parametrize(
    ("value", "outcome", "limit"),
    [(0.65, "met", "target"), (0.75, "over", "target"), (0.85, "over", "alert")],
)
def test_a_resource_row_is_as_bad_as_its_worst_limit(value: float, outcome: str, limit: str) -> None:
    """Over the alert threshold is worse than over the target."""
    (row,) = drawn((resource(), [average(resource(), limit, value) for limit in (0, 1)]))

    assert (outcome, limit) == (row.outcome, row.worst.limit.name)


def test_rows_come_worst_first() -> None:
    """Over, critical before warning; blind; undecided; idle; near; met; and the less headroom the earlier."""
    warned = resource("warned", "warned")
    found = drawn(
        single("met", Outcome.MET, headroom=0.9),
        single("tighter", Outcome.MET, headroom=0.5),
        single("near", Outcome.MET, headroom=0.05),
        single("idle", Outcome.IDLE),
        single("undecided", Outcome.UNDECIDED, headroom=-1.0),
        single("blind", Outcome.BLIND),
        (warned, [average(warned, 0, 0.79), average(warned, 1, 0.79)]),
        single("over", Outcome.OVER, headroom=-0.2),
        single("far over", Outcome.OVER, headroom=-3.0),
    )

    order = ["far over", "over", "warned", "blind", "undecided", "idle", "near", "tighter", "met"]
    assert order == [row.budget.id for row in found]


def test_equal_rows_keep_the_order_of_the_file() -> None:
    """The eye finds them where it found them before."""
    found = drawn(*(single(name, Outcome.BLIND) for name in "cab"))

    assert [row.budget.id for row in found] == ["c", "a", "b"]


def test_a_row_tells_value_age_and_incident() -> None:
    """Everything that a line on a screen needs is text or a moment."""
    said = verdict(latency(), 0, Outcome.OVER, value=Interval(0.1, 0.5), detail="31 of 412 slow")

    row = drawn((latency(), [said]), incidents=(incident(latency(), Statistic.P95),))[0]

    assert (
        row.title,
        row.value,
        row.detail,
    ) == ("Authentication (login) p95", "100 to 500 ms", "31 of 412 slow")
    assert NOW - timedelta(minutes=10) == row.since
    assert row.incident is not None
    assert row.incident.state == "firing"


@pytest.mark.parametrize(
    "changed",
    [{"subject": (("instance", "a"),)}, {"ended": NOW}, {"statistic": Statistic.P99}, {"budget": "b"}],
)
def test_an_incident_of_something_else_is_not_the_rows(changed: dict[str, object]) -> None:
    """Another subject, statistic or budget, or one that has ended."""
    other = replace(incident(latency(), Statistic.P95), **changed)  # type: ignore[arg-type]

    (row, *_) = (row for row in drawn((latency(), []), incidents=(other,)) if row.statistic is Statistic.P95)

    assert row.incident is None


def test_the_alert_threshold_is_a_mark_on_the_targets_bar() -> None:
    """80 % is 1.14 times 70 %; a percentile's bar counts slow requests and has no such mark."""
    found = drawn((resource(), []), (latency(), []))

    marks = {row.id: row.marks for row in found}
    assert marks["api.login:p95"] == marks["api.login:p99"] == ()
    ((name, place),) = marks["resource.cpu:average"]
    assert (name, round(place, 3)) == ("alert", 1.143)


MET = single("met", Outcome.MET, headroom=0.5)
NEAR = single("near", Outcome.MET, headroom=0.05)
OVER = single("over", Outcome.OVER, headroom=-0.5)
BLIND = single("blind", Outcome.BLIND)
UNDECIDED = single("undecided", Outcome.UNDECIDED)
IDLE = single("idle", Outcome.IDLE)


@pytest.mark.parametrize(
    ("pairs", "sentence", "level"),
    [
        ([MET, MET], "All 2 rows met", Outcome.MET),
        ([MET, NEAR], "All 2 rows met · nearest to its limit: near p95", Outcome.MET),
        ([MET, IDLE], "1 of 2 rows met · 1 idle", Outcome.MET),
        ([IDLE, IDLE], "No traffic: all 2 rows are idle", Outcome.IDLE),
        ([MET, OVER], "1 of 2 rows met · 1 over · worst: over p95, over", Outcome.OVER),
        (
            [MET, OVER, UNDECIDED, BLIND, IDLE],
            "1 of 5 rows met · 1 over · 2 cannot be told · 1 idle · worst: over p95, over",
            Outcome.OVER,
        ),
        (
            [MET, UNDECIDED],
            "1 of 2 rows met · 1 cannot be told · worst: undecided p95, undecided",
            Outcome.UNDECIDED,
        ),
        ([MET, BLIND], "1 of 2 rows met · 1 cannot be told · worst: blind p95, blind", Outcome.BLIND),
        (
            [BLIND, BLIND],
            "Nothing can be told: all 2 rows are blind, unreachable",
            Outcome.BLIND,
        ),
        (
            [(latency(), [])],
            "Nothing can be told: no reading yet; is `headroom run` running?",
            Outcome.BLIND,
        ),
        ([], "No budgets: the file names none", Outcome.BLIND),
    ],
)
def test_the_banner_is_one_true_sentence(
    pairs: list[tuple[Budget, list[Verdict]]], sentence: str, level: Outcome
) -> None:
    """It is green only where every row with traffic is met."""
    said = banner(
        drawn(
            *(
                (
                    replace(budget, id=f"{budget.id}{i}"),
                    [replace(v, budget=f"{budget.id}{i}") for v in verdicts],
                )
                for i, (budget, verdicts) in enumerate(pairs)
            )
        )
    )

    assert (sentence, level) == (said.sentence, said.level)


def test_the_banner_says_that_the_collecting_process_is_gone() -> None:
    """All rows stale is a fault of ours, not of the servers."""
    old = NOW - timedelta(minutes=6)
    said = banner(drawn(single("a", Outcome.MET, at=old)))

    expected = (
        "Nothing can be told: nothing was judged for 6 min (last: met); is `headroom run` still running?"
    )
    assert (expected, Outcome.BLIND) == (said.sentence, said.level)


def test_sources_tell_their_age_and_their_trouble() -> None:
    """Fresh, failing, and never read."""
    sources = [Source(name, SourceKind.REDIS, None, EVERY) for name in ("fresh", "failing", "never")]
    ok = {"fresh": NOW - timedelta(seconds=34.9), "failing": NOW - timedelta(minutes=6)}
    polls = {"failing": Poll("failing", None, NOW, EVERY, Reason.UNREACHABLE.value, "connection refused")}

    ages = source_ages(sources, ok, polls, NOW)

    assert [(age.name, age.words, age.late, age.detail) for age in ages] == [
        ("fresh", "34 s ago", False, ""),
        ("failing", "6 min ago", True, "connection refused"),
        ("never", "never", True, ""),
    ]


def test_limits_after_the_first_are_named() -> None:
    """A floor is written as one."""
    floor = Limit(
        "target",
        Statistic.AVERAGE,
        0.9,
        resource().limits[0].unit,
        resource().limits[0].severity,
        at_least=True,
    )
    low = replace(floor, name="alert", threshold=0.8)
    (row,) = drawn((replace(resource(), limits=(floor, low)), []))

    assert row.target == "≥ 90% · alert < 80%"


def test_a_long_unit_is_said_once() -> None:
    """Behind the last limit, for the line must fit a phone."""
    limits = [
        replace(limit, unit=Unit.PER_1000_COMMANDS, threshold=threshold)
        for limit, threshold in zip(resource().limits, (1.0, 10.0), strict=True)
    ]
    (row,) = drawn((replace(resource(), limits=tuple(limits)), []))

    assert row.target == "< 1 · alert > 10 per 1,000 commands"
