"""When planned work takes place, by clocks that leave hours out and show others twice."""

# ruff: noqa: DTZ001 clocks of a place, whose zone stands beside them

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.occurrences import MOST, occurrences, silences_of
from headroom.silences import Maintenance, Matcher

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def work(
    begins: datetime, repeat: str = "", zone: str = "Europe/Berlin", lasts: timedelta = HOUR
) -> Maintenance:
    """Return planned work."""
    return Maintenance("backup", Matcher(budgets=("db.*",)), begins, lasts, repeat, zone, "the weekly backup")


def spans(planned: Maintenance, begin: datetime, end: datetime) -> list[str]:
    """Return when it takes place, in UTC."""
    return [f"{one.begins:%d %H:%M}-{one.ends:%H:%M}" for one in occurrences(planned, begin, end)]


@pytest.mark.parametrize(
    ("zone", "begin", "expected"),
    [
        # Put forward at 02:00: 02:30 does not exist, and is 03:30 on the new clock.
        (
            "Europe/Berlin",
            datetime(2026, 3, 28, tzinfo=UTC),
            ["28 01:30-02:30", "29 01:30-02:30", "30 00:30-01:30"],
        ),
        (
            "America/New_York",
            datetime(2026, 3, 7, tzinfo=UTC),
            ["07 07:30-08:30", "08 07:30-08:30", "09 06:30-07:30"],
        ),
        # Put back at 03:00 and 02:00: an hour comes twice, and the first one is meant.
        (
            "Europe/Berlin",
            datetime(2026, 10, 24, tzinfo=UTC),
            ["24 00:30-01:30", "25 00:30-01:30", "26 01:30-02:30"],
        ),
        (
            "America/New_York",
            datetime(2026, 10, 31, tzinfo=UTC),
            ["31 05:30-06:30", "01 05:30-06:30", "02 06:30-07:30"],
        ),
    ],
)
def test_clocks_that_are_put_forward_and_back(zone: str, begin: datetime, expected: list[str]) -> None:
    """Work at a time that there is not, or that there is twice, takes place once, for as long as it lasts."""
    planned = work(
        datetime(2020, 1, 1, 1 if zone == "America/New_York" and begin.month > 9 else 2, 30),
        "FREQ=DAILY",
        zone,
    )

    assert spans(planned, begin, begin + 3 * DAY) == expected


def test_it_lasts_by_a_stop_watch() -> None:
    """Four hours over the night on which an hour is left out are four hours."""
    (one,) = occurrences(
        work(datetime(2026, 3, 29, 0, 0), lasts=4 * HOUR),
        datetime(2026, 3, 28, tzinfo=UTC),
        datetime(2026, 3, 30, tzinfo=UTC),
    )

    assert one.ends - one.begins == 4 * HOUR
    assert one.ends.astimezone(ZoneInfo("Europe/Berlin")).hour == 5


def test_what_a_silence_of_planned_work_says() -> None:
    """Its id names the work and the moment, so that one time of it can be ended early."""
    (one,) = silences_of([work(datetime(2026, 11, 22, 3, 0))], datetime(2026, 11, 22, 2, 59, tzinfo=UTC))

    assert one.id == "maintenance:backup:2026-11-22T02:00:00Z"
    assert one.author == "maintenance backup"
    assert one.comment == "the weekly backup"
    assert silences_of([work(datetime(2026, 11, 22, 3, 0))], datetime(2026, 11, 22, 3, 0, tzinfo=UTC)) == ()


def test_old_work_costs_no_more_than_new() -> None:
    """Hourly work since 1970 is not counted through, and an answer is bounded."""
    planned = work(datetime(1970, 1, 1), "FREQ=HOURLY", "UTC", timedelta(minutes=5))
    begun = process_time()
    found = occurrences(planned, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))

    assert len(found) == MOST
    assert found[0].begins == datetime(2026, 1, 1, tzinfo=UTC)
    assert process_time() - begun < 1.0


@pytest.mark.parametrize(
    ("repeat", "begins", "expected"),
    [
        ("FREQ=MONTHLY", datetime(2019, 1, 31, 2), ["31", "31", "31"]),  # months without a 31st are left out
        ("FREQ=YEARLY", datetime(2016, 2, 29, 2), []),  # 2026 has no 29 February
        ("FREQ=MONTHLY;BYDAY=1SU", datetime(2019, 1, 6, 2), ["04", "01", "01", "05", "03"]),
        ("FREQ=DAILY;COUNT=3", datetime(2026, 1, 30, 2), ["30", "31", "01"]),
        ("FREQ=DAILY;UNTIL=20260103T020000", datetime(2026, 1, 1, 2), ["01", "02", "03"]),
        ("FREQ=WEEKLY;INTERVAL=2", datetime(2026, 4, 30, 2), ["30", "14", "28"]),
    ],
)
def test_rules(repeat: str, begins: datetime, expected: list[str]) -> None:
    """A rule takes from its first time what it leaves open."""
    found = occurrences(
        work(begins, repeat, "UTC"), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    )

    assert [f"{one.begins:%d}" for one in found] == expected


RULES = st.one_of(
    st.builds(
        "FREQ={};INTERVAL={}".format,
        st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        st.integers(1, 5),
    ),
    st.builds(
        "FREQ=WEEKLY;INTERVAL={};WKST={};BYDAY={}".format,
        st.integers(1, 4),
        st.sampled_from(["MO", "SU"]),
        st.sampled_from(["MO", "SU", "TU,TH,SU"]),
    ),
    st.builds(
        "FREQ=MONTHLY;INTERVAL={};BYDAY={}".format, st.integers(1, 5), st.sampled_from(["1SU", "-1FR", "TU"])
    ),
    st.builds("FREQ=MONTHLY;BYMONTHDAY={}".format, st.sampled_from(["-1", "15", "1,31"])),
    st.builds("FREQ=YEARLY;INTERVAL={};BYMONTH={}".format, st.integers(1, 3), st.integers(1, 12)),
    st.builds("FREQ=DAILY;INTERVAL={};BYMONTH={}".format, st.integers(1, 9), st.integers(1, 12)),
    st.builds("FREQ=HOURLY;INTERVAL={}".format, st.integers(1, 30)),
)


@settings(max_examples=150, deadline=None)
@given(
    repeat=RULES,
    begins=st.datetimes(datetime(2023, 1, 1), datetime(2025, 12, 31)).map(
        lambda at: at.replace(microsecond=0)
    ),
    begin=st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
    days=st.integers(1, 40),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "UTC", "Pacific/Apia", "Australia/Lord_Howe"]),
    minutes=st.integers(1, 5000),
)
def test_the_short_way_gives_what_the_long_one_does(
    repeat: str, begins: datetime, begin: datetime, days: int, zone: str, minutes: int
) -> None:
    """What is reckoned from nearby is what counting through from the first time gives."""
    end, lasts = begin + days * DAY, timedelta(minutes=minutes)
    counted = set()
    for local in rrulestr(f"{repeat};UNTIL=20270301T000000", dtstart=begins):
        at = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if at < end and at + lasts > begin:
            counted.add(at)

    found = occurrences(work(begins, repeat, zone, lasts), begin, end)

    assert [one.begins for one in found] == sorted(counted)[:MOST]
    assert all(one.ends - one.begins == lasts for one in found)


@settings(max_examples=60, deadline=None)
@given(
    repeat=RULES,
    at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
    minutes=st.integers(1, 5000),
)
def test_a_moment_is_silenced_where_a_time_holds_it(repeat: str, at: datetime, minutes: int) -> None:
    """What is kept for a day answers as a fresh reckoning does."""
    planned = work(datetime(2024, 2, 29, 2, 30), repeat, lasts=timedelta(minutes=minutes))
    fresh = [one for one in occurrences(planned, at - 5 * DAY, at + DAY) if one.holds(at)]

    assert list(silences_of([planned], at)) == fresh


@pytest.mark.parametrize(
    ("begin", "hours"),
    [
        (datetime(2026, 10, 24, 23, tzinfo=UTC), 5),  # 02:15 comes twice
        (datetime(2026, 3, 28, 23, tzinfo=UTC), 5),  # 02:15 does not come
    ],
)
def test_hourly_work_comes_with_every_hour(begin: datetime, hours: int) -> None:
    """Whatever the clocks of the place do: none of the hours is left out, and none counts twice."""
    planned = work(datetime(2026, 1, 4, 2, 15), "FREQ=HOURLY", lasts=HOUR / 2)
    found = [one.begins for one in occurrences(planned, begin, begin + hours * HOUR)]

    assert found == [begin + each * HOUR + timedelta(minutes=15) for each in range(hours)]


def test_work_of_every_sixth_hour_keeps_to_the_clocks() -> None:
    """Of 02:15, which comes twice, the first."""
    planned = work(datetime(2026, 1, 4, 2, 15), "FREQ=HOURLY;INTERVAL=6", lasts=HOUR / 2)
    begin = datetime(2026, 10, 24, 22, tzinfo=UTC)

    assert spans(planned, begin, begin + 12 * HOUR) == ["25 00:15-00:45", "25 07:15-07:45"]
