"""Folding adds up what single parts say, whichever way their figures are written."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import add
from pathlib import Path

import pytest
from sqlalchemy import text

from headroom.bounds import Bounds
from headroom.evidence import Gauge, Moments
from headroom.history import Cycle, History, HistoryError, Poll, open_history
from headroom.history.folded import COUNTED, floor
from headroom.observation import Observation, Part, Quality, Series

START = datetime(2026, 11, 22, 12, 0, 3, tzinfo=UTC)
EVERY = timedelta(seconds=15)
STEP = timedelta(minutes=5)
MEASURE = "statement:exec_time"
A, B = (Series("db", MEASURE, (("statement", name),)) for name in "ab")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """Yield an empty history."""
    with closing(open_history(str(tmp_path / "history.db"), collecting=True)) as opened:
        yield opened


def record(history: History, at: datetime, *found: tuple[Series, Part]) -> None:
    """Record a poll with one part for each of some series."""
    poll = Poll("db", "1", at, timedelta(milliseconds=3))
    history.record(Cycle(at, poll, tuple(Observation(series, (part,)) for series, part in found)))


def part(at: datetime, moments: Moments, quality: Quality = Quality.EXACT, *bounds: Bounds) -> Part:
    """Return a part that ends at a moment."""
    return Part(at - EVERY, at, moments, quality, bounds)


def test_a_fold_is_the_sum_of_its_parts(history: History) -> None:
    """For integers, short decimals, doubles and caps of any size, as adding part by part gives it."""
    rng = random.Random(7)
    numbers = (0.0, 3.0, 0.25, 0.1, 1e-9, 123456.789, 1 / 3, 2.0**40)
    expected: dict[tuple[Series, datetime], list[Part]] = {}
    for k in range(60):
        at = START + k * EVERY
        found = []
        for series in (A, B):
            if rng.random() < 0.8:
                n = rng.choice((0, 1, 5, 127, 128, 300_000))
                cap = rng.choice((None, 0.5, 7.0, 1 / 7))
                made = Moments(n, rng.choice(numbers) if n else 0.0, rng.choice(numbers) if n else 0.0, cap)
                low = rng.randint(0, n)
                bounds = tuple(Bounds(each, n, low, n) for each in (0.01, 5.0)[: rng.randint(0, 2)])
                one = part(at, made, Quality.EXACT, *bounds)
                found.append((series, one))
                expected.setdefault((series, floor(at, STEP)), []).append(one)
        record(history, at, *found)

    folded = history.folded("db", MEASURE, START, START + timedelta(hours=1), step=STEP)

    assert {(series, fold.start) for series, folds in folded.folds.items() for fold in folds} == set(expected)
    for series, folds in folded.folds.items():
        for fold in folds:
            parts = expected[series, fold.start]
            whole = reduce(add, [one.evidence for one in parts if isinstance(one.evidence, Moments)])
            assert (fold.moments.n, fold.moments.cap) == (whole.n, whole.cap)
            assert fold.moments.total == pytest.approx(whole.total)
            assert fold.moments.squares == pytest.approx(whole.squares)
            for threshold in (0.01, 5.0):
                told = [each for one in parts for each in one.bounds if each.threshold == threshold]
                assert [each for each in fold.bounds if each.threshold == threshold] == (
                    [reduce(add, told)] if told else []
                )


def test_figures_in_doubt_are_counted_and_left_out(history: History) -> None:
    """Of all qualities those four whose figures hold are added up."""
    for k, quality in enumerate(Quality):
        at = START + k * EVERY
        record(history, at, (A, part(at, Moments(10, 1.0, 0.1), quality, Bounds(0.01, 10, 2, 3))))

    (fold,) = history.folded("db", MEASURE, START, START + STEP, step=STEP).folds[A]

    assert len(COUNTED) == 4
    assert (fold.moments.n, fold.bounds, fold.left_out) == (40, (Bounds(0.01, 40, 8, 12),), len(Quality) - 4)


def test_it_tells_at_which_polls_a_series_had_events(history: History) -> None:
    """The same bit of two series is the same poll; one without events has none."""
    for k, (a, b) in enumerate(((5, None), (None, 3), (4, 0), (2, 1))):
        at = START + k * EVERY
        found = [(A, a), (B, b)]
        record(
            history,
            at,
            *((series, part(at, Moments(n, 0.1 * n, 0.0))) for series, n in found if n is not None),
        )

    folded = history.folded("db", MEASURE, START, START + STEP, step=STEP)

    assert (folded.polls[A], folded.polls[B]) == (0b1101, 0b1010)


def test_only_its_time_its_source_and_moments_are_folded(history: History) -> None:
    """From `since` to before `until`; a gauge under the same measure is no moments."""
    for k in range(4):
        at = START + k * EVERY
        record(history, at, (A, part(at, Moments(1, 0.1, 0.0))))
    at = START + 5 * EVERY
    record(history, at, (B, Part(at, at, Gauge.sample(1.0, 1.0))))

    folded = history.folded("db", MEASURE, START + EVERY, START + 3 * EVERY, step=STEP)

    assert sum(fold.moments.n for fold in folded.folds[A]) == 2
    assert list(folded.folds) == [A]
    assert not history.folded("other", MEASURE, START, START + STEP, step=STEP).folds


@pytest.mark.parametrize("figures", [b"", b"\x02", b"\x09\x00\x00\x00", b"\x02\x80", b"\x01" + b"\xff" * 8])
def test_damaged_figures_are_told(history: History, figures: bytes, tmp_path: Path) -> None:
    """As a sentence, whatever the bytes are."""
    record(history, START, (A, part(START, Moments(1, 0.1, 0.0))))
    with history._engine.begin() as connection:
        connection.execute(text("UPDATE evidence SET figures = :figures"), {"figures": figures})

    with pytest.raises(HistoryError, match=rf"the history {tmp_path}/history.db is damaged: moments of "):
        history.folded("db", MEASURE, START, START + STEP, step=STEP)
