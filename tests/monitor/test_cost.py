"""What Headroom may cost a source: slower when it takes too much, as before when it takes half of that."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from headroom.cost import LEAST, OWN_TIME, note, sparing
from headroom.evidence import Ratio
from headroom.observation import Observation, Part, Quality, Reading, Series
from headroom.span import GAP, span

from .scripted import EVERY, NOON, Stage, stage

OF = Series("cache", OWN_TIME)


def cost(at: float, seconds: float, interval: float = EVERY, quality: Quality = Quality.EXACT) -> Reading:
    """Return a reading whose own statements took so long."""
    end = NOON + timedelta(seconds=at)
    part = Part(end - timedelta(seconds=interval), end, Ratio(seconds, interval), quality)
    return Reading((Observation(OF, (part,)),))


def test_it_takes_four_intervals_to_slow_down() -> None:
    """One slow reading of texts is no habit."""
    dear, cheap = Ratio(0.3, 15.0), Ratio(0.01, 15.0)

    assert not sparing([dear] * (LEAST - 1), 0.01, before=False)
    assert sparing([dear] * LEAST, 0.01, before=False)
    assert not sparing([dear, cheap, cheap, cheap], 0.01, before=False)


def test_it_goes_back_under_half_of_what_is_allowed() -> None:
    """Between half and all of it, it stays as it is, so that it does not swing."""
    assert sparing([Ratio(0.1, 15.0)] * LEAST, 0.01, before=True)
    assert not sparing([Ratio(0.1, 15.0)] * LEAST, 0.01, before=False)
    assert not sparing([Ratio(0.07, 15.0)] * LEAST, 0.01, before=True)
    assert sparing([Ratio(0.07, 15.0)] * (LEAST - 1), 0.01, before=True)


@given(st.floats(0, 100), st.floats(0.0001, 1), st.booleans())
def test_an_unknown_time_changes_nothing(took: float, allowed: float, before: bool) -> None:
    """A clock that went back gives intervals of no length."""
    assert sparing([Ratio(took, 0.0)] * LEAST, allowed, before=before) is before


def test_the_note_has_the_figures_and_the_remedy() -> None:
    """Both shares, and what follows."""
    assert note([Ratio(0.3, 15.0)], 0.01) == (
        "Headroom's own statements took more than the 1% of one core that they may (2% of one core now): it "
        "polls half as often and reads texts a quarter as often until they take less than half of that; a "
        "longer every, or a larger cost of the source, mends it for good"
    )
    assert "now" not in note([], 0.01)


def test_half_as_often_is_no_gap() -> None:
    """The intervals of a source that is spared are still judged."""
    every = timedelta(seconds=EVERY)

    assert span(NOON, NOON + 2 * every, every).quality is Quality.EXACT
    assert GAP > 2


async def polls(on: Stage, seconds: float, times: int) -> list[bool]:
    """Return which of so many due polls took place, each with this cost per poll."""
    done = []
    for _ in range(times):
        on.wait(EVERY)
        on.script.at = on.hands.read().wall
        on.script.next = cost(on.seconds, seconds, EVERY * (2 if on.feed.sparing else 1))
        done.append(await on.cycles.poll(on.feed))
    return done


async def test_a_source_that_costs_too_much_is_polled_half_as_often(tmp_path: Path) -> None:
    """After four dear intervals every second poll is left out, and a note says so; cheap ones end it."""
    async with stage(tmp_path) as on:
        assert await polls(on, 0.3, 4) == [True] * 4
        assert on.feed.sparing
        assert await polls(on, 0.3, 4) == [False, True, False, True]
        assert "polls half as often" in on.history.notes()["cache"][0]
        done = await polls(on, 0.01, 20)
        assert done[:4] == [False, True, False, True]
        assert done[10:] == [True] * 10
        assert not on.feed.sparing
        assert "cache" not in on.history.notes() or not on.history.notes()["cache"]


async def test_intervals_of_a_gap_do_not_count(tmp_path: Path) -> None:
    """What is kept of a gap says nothing of a usual poll."""
    async with stage(tmp_path) as on:
        for _ in range(6):
            await on.poll(lambda at: cost(at, 99.0, quality=Quality.GAP))

        assert not on.feed.sparing
        assert not on.feed.costs


async def test_a_source_that_is_spared_says_so_in_its_reading(tmp_path: Path) -> None:
    """The collector is told too, where it can do with less."""
    async with stage(tmp_path) as on:
        told: list[bool] = []
        on.feed.collector.spare = lambda *, on: told.append(on)  # type: ignore[union-attr]
        readings = [on.feed.weighed(cost(at * 15.0, 0.3)) for at in range(6)]

        assert [len(one.notes) for one in readings] == [0, 0, 0, 1, 1, 1]
        assert told == [True]
