"""The guide's eleven settings: each looser, tighter and as the guide has it, in exact sentences."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headroom.audit.server_facts import Override, Setting
from headroom.audit.settings import GUIDE, settings
from headroom.checks import State

from .servers import case, guides, one, server, told

_IN_FILE = "(set in /etc/postgresql/postgresql.conf, line 7)"


def test_settings_of_the_guide() -> None:
    """A server that is set as the guide sets it passes eleven times, with nothing to mend."""
    found = list(settings(case(server())))

    assert [(one.rule, one.state, one.fix) for one in found] == [
        (f"postgres.setting.{promise.name}", State.PASS, "") for promise in GUIDE
    ]
    assert found[0].found == f"shared_buffers is 256MB, as in the guide {_IN_FILE}"
    assert found[0].guide == "PostgreSQL Configuration: shared_buffers = 256MB"
    assert {one.subject for one in found} == {(("source", "erp-db"),)}
    assert {one.migration for one in found} == {()}


@pytest.mark.parametrize(
    ("name", "value", "state", "said", "fix"),
    [
        (
            "shared_buffers", "16384", State.FAIL,
            "128MB, less than the guide: more reads leave PostgreSQL's own cache",
            "ALTER SYSTEM SET shared_buffers = '256MB'; -- then restart PostgreSQL",
        ),
        ("shared_buffers", "1048576", State.PASS, "8GB, more than the guide asks for", ""),
        (
            "effective_cache_size", "65536", State.WARN,
            "512MB, less than the guide: the planner takes index scans for dearer than they are",
            "ALTER SYSTEM SET effective_cache_size = '1GB'; SELECT pg_reload_conf();",
        ),
        (
            "work_mem", "4096", State.WARN,
            "4MB, less than the guide: sorts and hashes go to temporary files sooner",
            "ALTER SYSTEM SET work_mem = '64MB'; SELECT pg_reload_conf();",
        ),
        (
            "work_mem", "131072", State.WARN,
            "128MB, more than the guide: each sort and hash of each session may take that much",
            "ALTER SYSTEM SET work_mem = '64MB'; SELECT pg_reload_conf();",
        ),
        (
            "maintenance_work_mem", "65536", State.WARN,
            "64MB, less than the guide: VACUUM and CREATE INDEX take longer",
            "ALTER SYSTEM SET maintenance_work_mem = '256MB'; SELECT pg_reload_conf();",
        ),
        (
            "random_page_cost", "4", State.WARN,
            "4, higher than the guide: the planner passes over indexes that are faster on SSDs",
            "ALTER SYSTEM SET random_page_cost = '1.1'; SELECT pg_reload_conf();",
        ),
        (
            "random_page_cost", "1", State.PASS,
            "1, lower than the guide: the planner prefers indexes even more", "",
        ),
        (
            "random_page_cost", "0.5", State.WARN,
            "0.5, less than seq_page_cost usually is: a page out of order costs no less",
            "ALTER SYSTEM SET random_page_cost = '1.1'; SELECT pg_reload_conf();",
        ),
        (
            "effective_io_concurrency", "1", State.WARN,
            "1, less than the guide: bitmap heap scans read fewer pages ahead",
            "ALTER SYSTEM SET effective_io_concurrency = '200'; SELECT pg_reload_conf();",
        ),
        (
            "effective_io_concurrency", "0", State.FAIL, "0: nothing is read ahead",
            "ALTER SYSTEM SET effective_io_concurrency = '200'; SELECT pg_reload_conf();",
        ),
        (
            "max_connections", "100", State.WARN,
            "100, fewer than the guide: ten application instances with its pool of 20 do not fit",
            "ALTER SYSTEM SET max_connections = '200'; -- then restart PostgreSQL",
        ),
        (
            "max_connections", "1000", State.WARN,
            "1000, more than the guide: each may take work_mem, and many active ones slow each other",
            "ALTER SYSTEM SET max_connections = '200'; -- then restart PostgreSQL",
        ),
        (
            "statement_timeout", "0", State.FAIL,
            "0, which is none: a statement may run, and hold its locks, for ever",
            "ALTER SYSTEM SET statement_timeout = '60000'; SELECT pg_reload_conf();",
        ),
        (
            "statement_timeout", "300000", State.FAIL,
            "5min, looser than the guide: statements run on for longer than anybody waits",
            "ALTER SYSTEM SET statement_timeout = '60000'; SELECT pg_reload_conf();",
        ),
        ("statement_timeout", "30000", State.PASS, "30s, tighter than the guide", ""),
        (
            "log_min_duration_statement", "-1", State.FAIL,
            "-1, which is none: no slow statement is in the log",
            "ALTER SYSTEM SET log_min_duration_statement = '1000'; SELECT pg_reload_conf();",
        ),
        (
            "log_min_duration_statement", "2500", State.FAIL,
            "2500ms, looser than the guide: statements over 1 s are missing in the log",
            "ALTER SYSTEM SET log_min_duration_statement = '1000'; SELECT pg_reload_conf();",
        ),
        ("log_min_duration_statement", "0", State.PASS, "0, tighter than the guide", ""),
        (
            "log_lock_waits", "off", State.FAIL,
            "off, looser than the guide: who waited for a lock, and for whom, is not in the log",
            "ALTER SYSTEM SET log_lock_waits = 'on'; SELECT pg_reload_conf();",
        ),
        (
            "log_temp_files", "-1", State.FAIL, "-1, which is none: no temporary file is in the log",
            "ALTER SYSTEM SET log_temp_files = '0'; SELECT pg_reload_conf();",
        ),
        (
            "log_temp_files", "10240", State.WARN,
            "10MB, looser than the guide: temporary files below that size are not in the log",
            "ALTER SYSTEM SET log_temp_files = '0'; SELECT pg_reload_conf();",
        ),
    ],
)  # fmt: skip
def test_one_setting(name: str, value: str, state: State, said: str, fix: str) -> None:
    """A value on the worse side is told with what follows from it; one on the better side is no failure."""
    found = one(settings, case(server(**{name: value})), f"postgres.setting.{name}")

    assert told(found) == (state, f"{name} is {said} {_IN_FILE}")
    assert found.fix == fix


def test_io_concurrency_of_18() -> None:
    """PostgreSQL 18 gave effective_io_concurrency another meaning; its default is no failure there."""
    name = "postgres.setting.effective_io_concurrency"
    default = one(settings, case(server(180004, effective_io_concurrency="16")), name)
    none = one(settings, case(server(180004, effective_io_concurrency="1")), name)

    assert told(default) == (
        State.PASS,
        (
            "effective_io_concurrency is 16, less than the guide's 200, which was written for another "
            "meaning: since PostgreSQL 18 it is the reads that are in flight at once, for sequential scans "
            f"and VACUUM too, and 16 is the default {_IN_FILE}"
        ),
    )
    assert none.state is State.WARN


def _moved(name: str, **changed: object) -> Setting:
    return replace(guides()[name], **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "state", "said", "fix"),
    [
        (
            _moved("work_mem", value="4096", source="command line", place=""), State.WARN,
            ("work_mem is 4MB, less than the guide: sorts and hashes go to temporary files sooner (set on "
             "the server's command line)"),
            "change it where the server is started: -c work_mem=64MB, then restart",
        ),
        (
            _moved("max_connections", pending=True), State.WARN,
            (f"max_connections is 200, as in the guide {_IN_FILE}; the file has another value, which waits "
             "for a restart"),
            "restart PostgreSQL, or take the change out of the file",
        ),
        (
            _moved("max_connections", pending=True, source="command line", place=""), State.PASS,
            "max_connections is 200, as in the guide (set on the server's command line)",
            "",
        ),
        (
            _moved("log_lock_waits", value="off", source="default", place=""), State.FAIL,
            ("log_lock_waits is off, looser than the guide: who waited for a lock, and for whom, is not in "
             "the log (the default)"),
            "ALTER SYSTEM SET log_lock_waits = 'on'; SELECT pg_reload_conf();",
        ),
        (
            _moved("statement_timeout", value="0", source="database", place=""), State.FAIL,
            ("statement_timeout is 0, which is none: a statement may run, and hold its locks, for ever (set "
             "for "
            'database "erp")'),
            ('ALTER DATABASE "erp" RESET statement_timeout; ALTER SYSTEM SET statement_timeout = \'60000\'; '
            "SELECT pg_reload_conf();"),
        ),
        (
            _moved("statement_timeout", value="5000", source="user", place=""), State.CANNOT_CHECK,
            ("the server's statement_timeout cannot be seen: the role or the URL that Headroom comes through "
             "has its own (5s, source user)"),
            "ask a role without a value of its own: SHOW statement_timeout;",
        ),
    ],
)  # fmt: skip
def test_where_a_value_comes_from(setting: Setting, state: State, said: str, fix: str) -> None:
    """The fix goes to where the value is set; a value of Headroom's own role is not the server's."""
    found = one(settings, case(server(**{setting.name: setting})), f"postgres.setting.{setting.name}")

    assert (*told(found), found.fix) == (state, said, fix)


def test_values_of_roles_and_databases() -> None:
    """What roles and databases have of their own is named, the looser first; these alone are a warning."""
    overrides = (
        Override("reports", "", "statement_timeout", "10s"),
        Override("", "old", "statement_timeout", "2min"),
        Override("erp", "erp", "statement_timeout", "0"),
        Override("", "erp", "statement_timeout", "60s"),
        Override("evil\n\x1b[31m", "", "statement_timeout", "1h'; DROP TABLE tasks"),
        Override("erp", "", "work_mem", "1GB"),
    )
    given = case(replace(server(), overrides=overrides))

    assert told(one(settings, given, "postgres.setting.statement_timeout")) == (
        State.WARN,
        (
            f'statement_timeout is 1min, as in the guide {_IN_FILE}; database "old" has 2min, role "erp" in '
            'database "erp" has 0, role "evil\\u000a\\u001b[31m" has 1h\'; DROP TABLE tasks, which cannot be '
            "read, 1 more have their own"
        ),
    )
    assert one(settings, given, "postgres.setting.statement_timeout").fix == (
        "take back what roles and databases have of their own: ALTER ROLE … RESET statement_timeout;"
    )
    assert told(one(settings, given, "postgres.setting.work_mem")) == (
        State.WARN,
        f'work_mem is 64MB, as in the guide {_IN_FILE}; role "erp" has 1GB',
    )


def test_hostile_names() -> None:
    """Nothing that a role is called gets control of a terminal."""
    own = (Override("evil\n\x1b[31m", "", "log_lock_waits", "off\x07"),)
    found = one(settings, case(replace(server(), overrides=own)), "postgres.setting.log_lock_waits")

    assert found.found.isprintable()
    assert 'role "evil\\u000a\\u001b[31m" has off\\u0007' in found.found


def test_settings_that_were_not_read() -> None:
    """Without a reading each rule says so, and none passes."""
    assert {told(one) for one in settings(case())} == {
        (State.CANNOT_CHECK, f"the server's {promise.name} was not read") for promise in GUIDE
    }
