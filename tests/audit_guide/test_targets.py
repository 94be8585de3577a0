"""The guide's three tables against the budgets of the configuration."""
# ruff: noqa: RUF001  places are cited with this sign

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.audit.finding import Finding
from headroom.audit.guide.targets import ROWS, targets
from headroom.budgets import Budget, Kind, Limit, Measure, Severity, Statistic, Unit
from headroom.checks import State
from headroom.config import load

SHIPPED = Path(__file__).parents[2] / "budgets.yaml"
_NONE = timedelta(0)
_AS = ": declared as the guide has it; whether it is kept, `headroom check` says"
_MORE = ": declared more tightly than the guide has it; whether it is kept, `headroom check` says"


def limit(statistic: Statistic, threshold: float, severity: Severity = Severity.CRITICAL) -> Limit:
    """Return a limit of a latency, or of a share for averages."""
    unit = Unit.SHARE if statistic is Statistic.AVERAGE else Unit.SECONDS
    return Limit(statistic.value, statistic, threshold, unit, severity)


def budget(name: str, *limits: Limit, guide: str = "") -> Budget:
    """Return a budget with these limits."""
    return Budget(name, "", guide, Measure("metrics", Kind.HISTOGRAM, "m"), _NONE, _NONE, _NONE, limits)


def of(row: str, *budgets: Budget) -> Finding:
    """Return the finding on one row."""
    (found,) = [one for one in targets(budgets) if one.rule == f"budgets.{row}"]
    return found


def test_the_shipped_file_holds_all_fourteen() -> None:
    """With the guide's own figures: each passes."""
    found = list(targets(load(SHIPPED).budgets))

    assert [one.rule for one in found] == [f"budgets.{row.budget}" for row in ROWS]
    assert len(found) == 14
    assert {one.state for one in found} == {State.PASS}
    assert found[0].guide == (
        "Performance Budgets › API Response Time Targets: Authentication (login): P95 200 ms, P99 500 ms"
    )
    assert found[0].found == (f"api.login has P95 200 ms (critical), P99 500 ms (critical){_AS}")
    assert {one.found.partition("): ")[2] for one in found} == {_AS.removeprefix(": ")}


def test_a_missing_row_fails() -> None:
    """Nothing judges it."""
    found = of("resource.cpu")

    assert (found.state, found.found, found.subject) == (
        State.FAIL,
        "budgets.yaml has no budget for it: whether it is kept is never judged",
        (("budget", "resource.cpu"),),
    )
    assert found.fix == (
        "copy resource.cpu out of the shipped budgets.yaml; `headroom init --config FILE` writes it"
    )


@pytest.mark.parametrize(
    ("limits", "state", "ends"),
    [
        ([limit(Statistic.P95, 0.2), limit(Statistic.P99, 0.5)], State.PASS, f"P99 500 ms (critical){_AS}"),
        ([limit(Statistic.P95, 0.1), limit(Statistic.P99, 0.4)], State.PASS, f"P99 400 ms (critical){_MORE}"),
        ([limit(Statistic.P99, 0.2)], State.PASS, f"P99 200 ms (critical){_MORE}"),
        (
            [limit(Statistic.P95, 0.25), limit(Statistic.P99, 0.5)],
            State.WARN, "which is looser than the guide's P95 200 ms",
        ),
        ([limit(Statistic.P95, 0.2)], State.WARN, "which is looser than the guide's P99 500 ms"),
        ([limit(Statistic.MEAN, 0.01)], State.WARN, "looser than the guide's P95 200 ms, P99 500 ms"),
        ([limit(Statistic.P90, 0.1)], State.WARN, "looser than the guide's P95 200 ms, P99 500 ms"),
    ],
)  # fmt: skip
def test_latency(limits: list[Limit], state: State, ends: str) -> None:
    """Equal or tighter is kept, and so is a higher percentile; a lower one or a mean proves nothing."""
    found = of("api.login", budget("api.login", *limits))

    assert found.state is state
    assert found.found.endswith(ends)


@pytest.mark.parametrize(
    ("limits", "state"),
    [
        ([limit(Statistic.P95, 0.01)], State.PASS),
        ([limit(Statistic.P50, 0.01)], State.PASS),
        ([limit(Statistic.MEAN, 0.01)], State.WARN),
        ([limit(Statistic.P95, 0.02)], State.WARN),
    ],
)
def test_queries(limits: list[Limit], state: State) -> None:
    """The guide names no percentile there: any will do, a mean is none."""
    assert of("db.lookup", budget("db.lookup", *limits)).state is state


def test_resources() -> None:
    """The alert threshold is kept by a critical limit only; a hit rate that must not fall is none."""
    target = limit(Statistic.AVERAGE, 0.7, Severity.WARNING)
    alert = limit(Statistic.AVERAGE, 0.8)

    assert of("resource.cpu", budget("resource.cpu", target, alert)).state is State.PASS
    found = of("resource.cpu", budget("resource.cpu", target, replace(alert, threshold=0.9)))
    assert found.found.endswith("which is looser than the guide's alert 80%")
    assert of("resource.cpu", budget("resource.cpu", target)).state is State.WARN
    upside = replace(target, at_least=True)
    found = of("resource.cpu", budget("resource.cpu", upside, alert))
    assert found.found.endswith("which is looser than the guide's target 70%")


def test_another_id_that_cites_the_row() -> None:
    """A budget of a team's own name is found by the place in the guide that it names."""
    own = budget(
        "shop.sign-in", limit(Statistic.P95, 0.2), limit(Statistic.P99, 0.5),
        guide="API Response Time Targets, row 1",
    )  # fmt: skip

    assert (of("api.login", own).state, of("api.login", own).subject) == (
        State.PASS, (("budget", "shop.sign-in"),),
    )  # fmt: skip
