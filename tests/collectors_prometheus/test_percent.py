"""Percentages read as ratios, the reverse, and shares that no share can be."""

from __future__ import annotations

import math
from typing import Any

import pytest

from collectors.prometheus.faults.percent import LONG, misread

NAME = "cache_hit_rate of erp (a:80)"


def said(reads: str, *values: float, known: tuple[float, ...] | None = None) -> str:
    """Return what is said of a gauge that reads these values now."""
    fault = misread(NAME, "cache_hit_rate", reads, values, values if known is None else known)
    assert fault is None or fault.blinding is (fault.id != "ratio as percent")
    return "" if fault is None else fault.detail


@pytest.mark.parametrize(
    ("reads", "value", "sentence"),
    [
        (
            "ratio",
            87.2,
            "87.2 where a ratio is at most 1: it looks like a percentage; if it is one, write reads: percent",
        ),
        ("ratio", 5.0, "5, which is more than all; fix: take part and whole at the same moment"),
        ("ratio", 1.5, "1.5, which is more than all; fix: take part and whole at the same moment"),
        ("ratio", 1.02, "1.02, which is more than all; fix: take part and whole at the same moment"),
        ("percent", 100.5, "100.5, which is more than all; fix: take part and whole at the same moment"),
        ("percent", -3.0, "-3, and no share is negative; fix: see what is subtracted from what"),
        ("ratio", math.nan, "NaN, the share of nothing; fix: set it only when there was something to count"),
        ("percent", math.inf, "inf, which is more than all; fix: take part and whole at the same moment"),
    ],
)
def test_what_no_share_can_be(reads: str, value: float, sentence: str) -> None:
    """One sample is enough, wherever it stands among sound ones."""
    assert said(reads, 0.5, value, 0.7) == f"{NAME} reads {sentence}"


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0, 1.0 + 1e-12])
def test_shares_are_left_alone(value: float) -> None:
    """From nothing to all, the last digit of a division included."""
    assert said("ratio", value) == ""
    assert said("percent", 100 * value) == ""


def test_a_ratio_read_as_a_percentage() -> None:
    """Forty samples of at most 1, of a percentage that should run to 100."""
    ratios = tuple(0.8 + 0.002 * number for number in range(LONG))

    assert said("percent", *ratios) == (
        f"all 40 samples of {NAME} lie between 0.8 and 0.878 where a percentage runs to 100; if it is a "
        "ratio, write reads: ratio"
    )
    assert said("percent", 0.8, known=ratios[1:]) == ""
    assert said("percent", 0.8, known=(*ratios, 1.1)) == ""
    assert said("percent", 0.8, known=(*ratios, 0.0)) == ""
    assert said("ratio", *ratios) == ""


def test_the_fix_is_a_line_of_the_budget() -> None:
    """What is read the wrong way is mended in budgets.yaml, not in the application."""
    fault = misread(NAME, "cache_hit_rate", "ratio", [87.2], [87.2])
    assert fault is not None
    assert fault.fix == "# budgets.yaml, in the measure of this gauge\nreads: percent\n"


def test_an_overload_is_judged_where_high_is_bad() -> None:
    """A quota used to 170 % is over its limit and no fault; one label set alone may even be used fourfold."""
    for reads, value in (("ratio", 1.7), ("ratio", 4.0), ("percent", 170.0)):
        assert misread(NAME, "quota_usage", reads, [value], [value], low=False, others=[value]) is None
    fault = misread(NAME, "quota_usage", "ratio", [4.0], [4.0], low=False, others=[4.0, 3.0])
    assert fault is not None
    assert fault.id == "percent as ratio"


def test_an_error_rate_of_half_a_percent_is_one() -> None:
    """Values of at most 1 are no fault at all where the name says percent, and a note elsewhere."""
    values = [0.5] * LONG
    assert misread(NAME, "error_rate_percent", "percent", values, values, low=False) is None
    doubt = misread(NAME, "error_rate", "percent", values, values, low=False)
    assert doubt is not None
    assert not doubt.blinding


@pytest.mark.parametrize(("reads", "share"), [("percent", 75.0), ("ratio", 0.75)])
def test_the_code_for_an_impossible_share_reads_as_the_budget(reads: str, share: float) -> None:
    """What is pasted sets a percentage where the budget reads one, and never a share of nothing."""
    fault = misread(NAME, "cache_hit_rate", reads, [-1.0], [-1.0])
    assert fault is not None
    names: dict[str, Any] = {}
    exec(fault.fix[fault.fix.index("# Python") :], names)
    values: list[float] = []
    gauge = type("Gauge", (), {"set": staticmethod(values.append)})
    names["set_share"](gauge, 0, 0)
    names["set_share"](gauge, 3, 4)
    assert values == [share]
