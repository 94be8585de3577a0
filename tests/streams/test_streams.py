"""Hundreds of known streams through a real Prometheus: certain, inferred and interpolated verdicts.

HEADROOM_ACCURACY=20 makes twenty rounds of it, each with other streams, and writes the tables of
docs/accuracy.md.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from scipy.stats import binom

from headroom.budgets import Outcome
from headroom.judge import ALPHA
from tests.streams import figures
from tests.streams.certain import contradicted, intervals
from tests.streams.stream import LIMITS, STEADY
from tests.streams.target import METRICS
from tests.streams.told import Told, told
from tests.streams.watching import watched

ROUNDS = int(os.environ.get("HEADROOM_ACCURACY", "0"))
EACH = 3
"""Streams for each size, traffic and limit."""
CHANCE = 1e-3
"""How improbable a count of wrong verdicts must be before it counts against the rule."""


@dataclass
class Seen:
    """All rounds together."""

    rows: list[Told] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    sure: int = 0
    doubtful: int = 0
    wrong: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Let the windows pass: about 45 s each."""
    seen = Seen()
    for seed in range(1, max(ROUNDS, 1) + 1):
        for window in watched(seed, EACH, tmp_path_factory.mktemp("prometheus")):
            seen.failed += window.failed
            for buckets in METRICS:
                known = intervals(window, buckets)
                for one in (each for stream in known for each in stream):
                    seen.doubtful += one.doubtful
                    seen.sure += not one.doubtful
                    seen.wrong += [one.wrong] if not one.doubtful and one.wrong else []
                seen.contradicted += [said for stream in known for said in contradicted(stream, LIMITS)]
                seen.rows += told(window, buckets, known)
    if ROUNDS:
        figures.write(seen.rows)
    return seen


def test_every_interval_holds_the_truth(seen: Seen) -> None:
    """Of what the collector is sure of, the number is exact and the slow ones lie within the bounds."""
    assert len(seen.failed) <= max(ROUNDS, 1), seen.failed
    assert seen.wrong == []
    # Otherwise it would be easy: only around the restarts may anything be in doubt.
    assert seen.doubtful < 0.1 * seen.sure


def test_what_is_certain_is_never_wrong(seen: Seen) -> None:
    """On all ten limits, nothing that the bounds prove of a window is other than what happened in it."""
    assert seen.contradicted == []
    decided = [row for row in seen.rows if row.certain is not Outcome.UNDECIDED]
    assert [row for row in decided if row.certain is not row.counted] == []
    assert len(decided) > len(seen.rows) / 2


@pytest.mark.parametrize("buckets", METRICS)
def test_verdicts_on_steady_streams_are_wrong_at_most_as_often_as_they_say(seen: Seen, buckets: str) -> None:
    """The share of wrong ones among met and over is not above the risk that a verdict takes."""
    mine = [row for row in seen.rows if row.buckets == buckets and row.stream.traffic == STEADY]

    assert _improbable(_decided(mine, Outcome.MET, Outcome.OVER)) >= CHANCE
    assert _improbable(_decided(mine, Outcome.OVER)) >= CHANCE


@pytest.mark.parametrize("buckets", METRICS)
def test_over_is_wrong_at_most_as_often_as_it_says_in_bursts_too(seen: Seen, buckets: str) -> None:
    """However the slow requests come, over means over."""
    bursty = [row for row in seen.rows if row.buckets == buckets and row.stream.traffic != STEADY]

    assert _improbable(_decided(bursty, Outcome.OVER)) >= CHANCE


def test_met_in_bursts_is_wrong_no_more_often_than_the_page_says(seen: Seen) -> None:
    """The known weakness (decision 1) is not worse than its table, row by row."""
    page, now = figures.read("bursts"), figures.counted("bursts", seen.rows)

    for cells, row in now.items():
        windows = round(row["windows"])
        met = round(row["called met"] * windows)
        # The page's own figure has an error, too: what it saw in so many windows, and one more.
        told = page[cells]["called met"] + 1 / page[cells]["windows"]
        assert binom.sf(met - 1, windows, told) >= CHANCE, cells


def test_an_interpolated_quantile_is_wrong_where_bounds_are_not(seen: Seen) -> None:
    """With the guide's buckets it is wrong about what happened in a tenth of the windows at least."""
    mine = [row for row in seen.rows if row.buckets == "the guide's"]

    wrong = [row for row in mine if row.interpolated not in (Outcome.UNDECIDED, row.happened)]

    assert len(wrong) > 0.1 * len(mine)


def _decided(rows: Sequence[Told], *outcomes: Outcome) -> list[Told]:
    return [row for row in rows if row.inferred in outcomes]


def _improbable(rows: Sequence[Told]) -> float:
    """Return the chance of so many wrong verdicts or more, were each wrong with the risk that it takes."""
    wrong = sum(row.inferred is not row.truth for row in rows)
    assert len(rows) >= 5
    return float(binom.sf(wrong - 1, len(rows), ALPHA))
