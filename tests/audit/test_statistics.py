"""Whether pg_stat_statements is set so that it sees anything, and keeps it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headroom.audit.statistics import statistics
from headroom.audit.workload_facts import Workload
from headroom.checks import State

from .servers import case, one, server, told

_TIMES = "how much of a slow statement is waiting for the disk cannot be told"


@pytest.mark.parametrize(
    ("rule", "changed", "state", "said", "fix"),
    [
        ("track", {}, State.PASS, "pg_stat_statements.track is top", ""),
        (
            "track", {"pg_stat_statements__track": "none"}, State.FAIL,
            "pg_stat_statements.track is none: no statement is counted",
            "ALTER SYSTEM SET pg_stat_statements.track = 'top'; SELECT pg_reload_conf();",
        ),
        (
            "track", {"pg_stat_statements__track": "all"}, State.PASS,
            ("pg_stat_statements.track is all: statements inside functions are entries of their own, which "
             "fills it sooner; Headroom judges those of the top level only"), "",
        ),
        (
            "save", {"pg_stat_statements__save": "off"}, State.WARN,
            "pg_stat_statements.save is off: a restart loses all that was counted",
            "ALTER SYSTEM SET pg_stat_statements.save = on; SELECT pg_reload_conf();",
        ),
        (
            "save", {}, State.PASS, "pg_stat_statements.save is on: a restart keeps what was counted", "",
        ),
        (
            "io_timing", {"track_io_timing": "off"}, State.WARN, f"track_io_timing is off: {_TIMES}",
            ("ALTER SYSTEM SET track_io_timing = on; SELECT pg_reload_conf(); -- pg_test_timing shows what "
             "it costs"),
        ),
        ("io_timing", {}, State.PASS, "track_io_timing is on", ""),
        (
            "planning", {}, State.PASS,
            "pg_stat_statements.track_planning is off: the time of planning is not counted, nor judged", "",
        ),
        (
            "planning", {"pg_stat_statements__track_planning": "on"}, State.PASS,
            ("pg_stat_statements.track_planning is on: planning is counted, too, which makes sessions with "
             "the same statement wait for each other"), "",
        ),
        ("query_id", {}, State.PASS, "compute_query_id is auto", ""),
        (
            "query_id", {"compute_query_id": "off"}, State.FAIL,
            "compute_query_id is off: pg_stat_statements counts nothing",
            "ALTER SYSTEM SET compute_query_id = 'auto'; SELECT pg_reload_conf();",
        ),
    ],
)  # fmt: skip
def test_one_setting(rule: str, changed: dict[str, str], state: State, said: str, fix: str) -> None:
    """Each setting in each of its states."""
    found = one(statistics, case(server(**changed)), f"postgres.statistics.{rule}")

    assert (*told(found), found.fix) == (state, said, fix)


@pytest.mark.parametrize(
    ("work", "state", "said"),
    [
        (
            Workload(entries=500, evictions=0), State.PASS,
            "pg_stat_statements holds 500 of at most 5,000 entries (10%)",
        ),
        (
            Workload(entries=4800, evictions=0), State.WARN,
            "pg_stat_statements holds 4,800 of at most 5,000 entries (96%); soon some are thrown away",
        ),
        (
            Workload(entries=4800, evictions=25), State.FAIL,
            ("pg_stat_statements holds 4,800 of at most 5,000 entries (96%), and threw some away 25 times "
             "since its counters began: those that ran least often, such as reports"),
        ),
    ],
)  # fmt: skip
def test_entries(work: Workload, state: State, said: str) -> None:
    """What is thrown away is told as what it is: the rare statements."""
    found = one(statistics, case(server(), work), "postgres.statistics.entries")

    assert told(found) == (state, said)
    assert (found.fix == "") is (state is State.PASS)


def test_entries_that_cannot_be_read() -> None:
    """Entries of other roles are counted where their texts are hidden."""
    found = one(statistics, case(server(), Workload(entries=9, unread=7)), "postgres.statistics.rights")

    assert told(found) == (State.FAIL, "7 entries of other roles cannot be read")


def test_not_loaded() -> None:
    """Without the library there is no setting of it, and no other finding about them."""
    bare = server()
    settings = {name: one for name, one in bare.settings.items() if not name.startswith("pg_stat")}
    found = list(statistics(case(replace(bare, settings=settings))))

    assert [one.rule for one in found] == ["postgres.statistics.track", "postgres.statistics.query_id"]
    assert told(found[0]) == (State.FAIL, "pg_stat_statements is not loaded: no statement is counted")
