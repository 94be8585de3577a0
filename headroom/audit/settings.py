"""The guide's eleven lines of postgresql.conf against what the server is really set to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headroom.audit.amounts import clean, named, read, shown
from headroom.audit.case import Case
from headroom.audit.finding import Finding
from headroom.audit.names import quoted
from headroom.audit.server_facts import Override, Setting
from headroom.checks import State

_MOST_OVERRIDES = 3
_ASYNCHRONOUS = 180000  # reads in the background came with it, and with them another meaning and default
_DEFAULT_READS = 16  # of PostgreSQL 18: measured on local and on network disks when it was chosen
_ORDER = (State.PASS, State.CANNOT_CHECK, State.WARN, State.FAIL)


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the guide, and what it means to have less or more of it.

    Attributes:
        text: the value as the guide writes it.
        value: the same in `unit`, the unit of pg_settings.
        less, more: how bad it is to be below and above, and what follows from it.
        never: the number that stands for "none" or "off" and is worse than all others.
    """

    name: str
    text: str
    value: float
    unit: str
    less: tuple[State, str]
    more: tuple[State, str]
    never: tuple[float, str] | None = None


_TIGHTER = (State.PASS, "tighter than the guide")
_MORE = (State.PASS, "more than the guide asks for")
GUIDE = (
    Promise(
        "shared_buffers", "256MB", 32768, "8kB",
        (State.FAIL, "less than the guide: more reads leave PostgreSQL's own cache"), _MORE,
    ),
    Promise(
        "effective_cache_size", "1GB", 131072, "8kB",
        (State.WARN, "less than the guide: the planner takes index scans for dearer than they are"), _MORE,
    ),
    Promise(
        "work_mem", "64MB", 65536, "kB",
        (State.WARN, "less than the guide: sorts and hashes go to temporary files sooner"),
        (State.WARN, "more than the guide: each sort and hash of each session may take that much"),
    ),
    Promise(
        "maintenance_work_mem", "256MB", 262144, "kB",
        (State.WARN, "less than the guide: VACUUM and CREATE INDEX take longer"), _MORE,
    ),
    Promise(
        "random_page_cost", "1.1", 1.1, "",
        (State.PASS, "lower than the guide: the planner prefers indexes even more"),
        (State.WARN, "higher than the guide: the planner passes over indexes that are faster on SSDs"),
    ),
    Promise(
        "effective_io_concurrency", "200", 200, "",
        (State.WARN, "less than the guide: bitmap heap scans read fewer pages ahead"), _MORE,
        (0, "0: nothing is read ahead"),
    ),
    Promise(
        "max_connections", "200", 200, "",
        (State.WARN, "fewer than the guide: ten application instances with its pool of 20 do not fit"),
        (State.WARN, "more than the guide: each may take work_mem, and many active ones slow each other"),
    ),
    Promise(
        "statement_timeout", "60000", 60000, "ms", _TIGHTER,
        (State.FAIL, "looser than the guide: statements run on for longer than anybody waits"),
        (0, "0, which is none: a statement may run, and hold its locks, for ever"),
    ),
    Promise(
        "log_min_duration_statement", "1000", 1000, "ms", _TIGHTER,
        (State.FAIL, "looser than the guide: statements over 1 s are missing in the log"),
        (-1, "-1, which is none: no slow statement is in the log"),
    ),
    Promise(
        "log_lock_waits", "on", 1, "",
        (State.FAIL, "looser than the guide: who waited for a lock, and for whom, is not in the log"), _MORE,
    ),
    Promise(
        "log_temp_files", "0", 0, "kB", _TIGHTER,
        (State.WARN, "looser than the guide: temporary files below that size are not in the log"),
        (-1, "-1, which is none: no temporary file is in the log"),
    ),
)  # fmt: skip
"""The values are those of its section "PostgreSQL Configuration"."""
NAMES = tuple(promise.name for promise in GUIDE)


def settings(case: Case) -> Iterator[Finding]:
    """Yield one finding for each of the guide's settings."""
    for promise in GUIDE:
        rule, subject = f"postgres.setting.{promise.name}", (("source", case.facts.source),)
        guide = f"PostgreSQL Configuration: {promise.name} = {promise.text}"
        server = case.facts.server
        setting = None if server is None else server.settings.get(promise.name)
        if server is None or setting is None:
            found = f"the server's {promise.name} was not read"
            yield Finding(rule, subject, State.CANNOT_CHECK, guide, found)
            continue
        state, found = _judged(promise, setting, server.version)
        found = f"{promise.name} is {found} ({_origin(setting, case)})"
        if setting.of_the_session:
            state, found = State.CANNOT_CHECK, _hidden(setting)
        own = [
            one
            for one in server.overrides
            if one.name == promise.name and not _is_the_value(one, setting, case)
        ]
        unread = [one for one in own if read(one.value, setting) is None]
        looser = [one for one in own if _worse(promise, setting, one, server.version)]
        if own:
            rest = [one for one in own if one not in looser and one not in unread]
            found += f"; {_overridden(looser + unread + rest, unread)}"
        waits = setting.pending and setting.source != "command line"
        if waits:
            found += "; the file has another value, which waits for a restart"
        if looser or waits:
            state = max(state, State.WARN, key=_ORDER.index)
        elif unread:
            state = max(state, State.CANNOT_CHECK, key=_ORDER.index)
        fix = "" if state is State.PASS else _fix(promise, setting, looser + unread, case)
        yield Finding(rule, subject, state, guide, found, fix)


def _judged(promise: Promise, setting: Setting, version: int) -> tuple[State, str]:
    """Return how a value compares with the guide's, and that in words."""
    number, value = setting.number, shown(setting)
    if promise.never is not None and number == promise.never[0] and number != promise.value:
        return State.FAIL, promise.never[1]
    if number == promise.value:
        return State.PASS, f"{value}, as in the guide"
    asynchronous = promise.name == "effective_io_concurrency" and version >= _ASYNCHRONOUS
    if asynchronous and _DEFAULT_READS <= number < promise.value:
        return State.PASS, (
            f"{value}, less than the guide's {promise.text}, which was written for another meaning: since "
            f"PostgreSQL 18 it is the reads that are in flight at once, for sequential scans and VACUUM too, "
            f"and {_DEFAULT_READS} is the default"
        )
    state, words = promise.less if number < promise.value else promise.more
    if promise.name == "random_page_cost" and number < 1:
        state, words = State.WARN, "less than seq_page_cost usually is: a page out of order costs no less"
    return state, f"{value}, {words}"


def _worse(promise: Promise, setting: Setting, own: Override, version: int) -> bool:
    """Tell whether what a role or database has is known to be worse than the guide allows."""
    number = read(own.value, setting)
    if number is None:
        return False
    like = Setting(setting.name, f"{number:g}", setting.unit)
    return _judged(promise, like, version)[0] is not State.PASS


def _is_the_value(own: Override, setting: Setting, case: Case) -> bool:
    """Tell whether a value of all roles or of the database is the one that was read, told already."""
    if own.role:
        return False
    return own.database == case.facts.database if own.database else setting.source == "global"


def _hidden(setting: Setting) -> str:
    return (
        f"the server's {setting.name} cannot be seen: the role or the URL that Headroom comes through has "
        f"its own ({shown(setting)}, source {setting.source})"
    )


def _origin(setting: Setting, case: Case) -> str:
    if setting.place:
        return f"set in {clean(setting.place)}"
    told = {
        "default": "the default",
        "configuration file": "set in a configuration file",
        "command line": "set on the server's command line",
        "database": f"set for database {named(case.facts.database)}",
        "global": "set for all roles by ALTER ROLE ALL",
    }
    return told.get(setting.source, f"source {clean(setting.source)}")


def _overridden(own: list[Override], unread: list[Override]) -> str:
    told = [
        f"{_whose(one)} has {clean(one.value)}{', which cannot be read' * (one in unread)}"
        for one in own[:_MOST_OVERRIDES]
    ]
    if len(own) > _MOST_OVERRIDES:
        told.append(f"{len(own) - _MOST_OVERRIDES:,} more have their own")
    return ", ".join(told)


def _whose(one: Override) -> str:
    if not one.role:
        return f"database {named(one.database)}" if one.database else "ALTER ROLE ALL"
    return f"role {named(one.role)}" + (f" in database {named(one.database)}" if one.database else "")


def _fix(promise: Promise, setting: Setting, looser: list[Override], case: Case) -> str:
    if setting.of_the_session:
        return f"ask a role without a value of its own: SHOW {promise.name};"
    if _judged(promise, setting, case.facts.version)[0] is State.PASS:
        if looser and not any(one.role or one.database for one in looser):
            return f"ALTER ROLE ALL RESET {promise.name};"
        if looser:
            return f"take back what roles and databases have of their own: ALTER ROLE … RESET {promise.name};"
        return "restart PostgreSQL, or take the change out of the file"
    if setting.source == "command line":
        return f"change it where the server is started: -c {promise.name}={promise.text}, then restart"
    change = f"ALTER SYSTEM SET {promise.name} = '{promise.text}';"
    if setting.source == "database":
        change = f"ALTER DATABASE {quoted(case.facts.database)} RESET {promise.name}; {change}"
    if setting.source == "global":
        change = f"ALTER ROLE ALL RESET {promise.name}; {change}"
    return f"{change} -- then restart PostgreSQL" if setting.restart else f"{change} SELECT pg_reload_conf();"
