"""Recurrence rules that a file may hold, and how long it takes to refuse the others."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.config.recurrence import wrong_with_repeat, wrong_with_times

SUNDAY = datetime(2026, 11, 22, 2)  # noqa: DTZ001 clocks of a place
HOURS = timedelta(hours=2)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=SU",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,WE;WKST=MO",
        "FREQ=MONTHLY;BYDAY=4SU",
        "FREQ=MONTHLY;BYDAY=SU;BYSETPOS=-2",
        "FREQ=MONTHLY;BYMONTHDAY=22,-1",
        "FREQ=YEARLY;BYMONTH=11;BYDAY=4SU",
        "FREQ=DAILY;COUNT=10",
        "FREQ=DAILY;UNTIL=20271231T235959",
        "FREQ=DAILY;BYHOUR=2,14;BYMINUTE=0",
        "FREQ=HOURLY;INTERVAL=6",
        "FREQ=DAILY",
    ],
)
def test_good_rules(rule: str) -> None:
    """Rules that begin on the day that they name, and come again, are sound."""
    assert (wrong_with_repeat(rule), wrong_with_times(rule, SUNDAY, HOURS)) == ("", "")


def test_rare_days_come() -> None:
    """A day that comes every fourth year, or every twenty-eighth on a Sunday, does come."""
    leap = datetime(2032, 2, 29)  # noqa: DTZ001 clocks of a place, and a Sunday
    assert wrong_with_times("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", leap, HOURS) == ""
    assert wrong_with_times("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU", leap, HOURS) == ""


def test_work_that_never_pauses() -> None:
    """Work as long as its longest pause is never over, unless it ends some day."""
    day = timedelta(days=1)
    never = "which begins again before it ends, so it never ends"
    assert wrong_with_times("FREQ=DAILY", SUNDAY, day) == never
    assert wrong_with_times("FREQ=WEEKLY;BYDAY=SU,MO", SUNDAY, day) == ""
    assert wrong_with_times("FREQ=WEEKLY;BYDAY=SU,MO", SUNDAY, 6 * day) == never
    assert wrong_with_times("FREQ=DAILY;COUNT=3", SUNDAY, day) == ""


@pytest.mark.parametrize("end", ["", ";COUNT=9", ";UNTIL=20271231T235959"])
@pytest.mark.parametrize(
    ("rule", "lasts"),
    [
        ("FREQ=DAILY;BYHOUR=2,3", timedelta(minutes=90)),
        ("FREQ=WEEKLY;BYDAY=SU,MO", timedelta(hours=25)),
        ("FREQ=MONTHLY;BYMONTHDAY=22,23", timedelta(days=1, seconds=1)),
    ],
)
def test_work_that_begins_again_before_it_ends(rule: str, lasts: timedelta, end: str) -> None:
    """Whether it counts, ends or goes on: two times of it at once are a slip of the pen."""
    assert wrong_with_times(rule + end, SUNDAY, lasts) == "which begins again before it ends"


def test_work_that_overlaps_once_a_year() -> None:
    """The end of February is close to the beginning of March, as far ahead as that is."""
    april = datetime(2027, 4, 1)  # noqa: DTZ001 clocks of a place
    rule = "FREQ=MONTHLY;BYMONTHDAY=1,28"
    assert wrong_with_times(rule, april, timedelta(days=1)) == ""
    assert wrong_with_times(rule, april, timedelta(days=2)) == "which begins again before it ends"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;INTERVAL=999;BYMONTHDAY=31;BYMONTH=4",
        "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=9",
    ],
)
def test_rules_without_a_day_are_refused_quickly(rule: str) -> None:
    """A rule that never comes round is found out without walking through eight thousand years."""
    started = time.process_time()
    assert wrong_with_times(rule, SUNDAY, HOURS) == "which never comes"
    assert time.process_time() - started < 1


@given(st.text(alphabet="FREQDAILYWKUNTCOBSHP=;,+-0123459:T \n\u0665", max_size=60))
def test_any_text_is_judged(text: str) -> None:
    """No text makes the reader fail, and none that it takes lacks its FREQ."""
    assert wrong_with_repeat(text) or "FREQ=" in text
