"""What PostgreSQL and its driver say when they refuse, as one sentence that says what to do."""

from __future__ import annotations

import re

import psycopg
from psycopg import errors

from collectors.postgres.address import Address
from collectors.postgres.snapshot import Fault
from headroom.budgets import Reason
from headroom.observation import SourceError

_LONGEST = 200
_SHORT = 6
_LOCKED = "was locked for longer than a second, as VACUUM FULL or ALTER does: the next poll tries again"
_DENIED = re.compile(r"permission denied for (function|schema|view|table) (\S+)")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffff]+")


def of_statements(error: psycopg.Error, address: Address) -> Fault:
    """Return why pg_stat_statements could not be read in a session that works."""
    match error:
        case errors.ObjectNotInPrerequisiteState():
            return Fault(
                Reason.BROKEN_INSTRUMENTATION,
                "pg_stat_statements is not loaded: add it to shared_preload_libraries in postgresql.conf "
                "(shared_preload_libraries = 'pg_stat_statements') and restart PostgreSQL",
            )
        case errors.InsufficientPrivilege():
            said, role = quoted(str(error), address), identifier(address.role)
            return Fault(
                Reason.NOT_PERMITTED,
                f"role {role} may not read pg_stat_statements ({said}): {_grant(said, role)}",
            )
        case errors.QueryCanceled():
            return Fault(
                Reason.NO_DATA,
                "reading pg_stat_statements took longer than half the polling interval: "
                "poll less often (every), or lower pg_stat_statements.max",
            )
        case errors.LockNotAvailable():
            return Fault(Reason.NO_DATA, f"pg_stat_statements {_LOCKED}")
    return Fault(Reason.NO_DATA, f"pg_stat_statements could not be read: {quoted(str(error), address)}")


def _grant(said: str, role: str) -> str:
    """Return the statement that mends a missing right."""
    denied = _DENIED.search(said)
    if denied is None:
        return "grant it that right"
    kind, name = denied.groups()
    what = {
        "function": f"EXECUTE ON FUNCTION {name}({'' if name.endswith('_info') else 'boolean'})",
        "schema": f"USAGE ON SCHEMA {name}",
    }.get(kind, f"SELECT ON {name}")
    return f"GRANT {what} TO {role};"


_HUNG_UP = "server closed the connection unexpectedly"  # libpq's own words, in no other language


def in_session(error: psycopg.Error, address: Address) -> SourceError:
    """Return why a session that was open gave nothing."""
    match error:
        case errors.InsufficientPrivilege():
            fault = not_permitted(address.role)
            return SourceError(fault.reason, fault.detail)
        case errors.QueryCanceled():
            sentence = (
                f"{address.place} needs longer than half the polling interval for its own statistics: "
                "it is overloaded, or poll less often (every)"
            )
            return SourceError(Reason.UNREACHABLE, sentence)
        case errors.LockNotAvailable():
            return SourceError(Reason.UNREACHABLE, f"a table of the catalogue of {address.place} {_LOCKED}")
        case errors.AdminShutdown() | errors.CrashShutdown():
            return SourceError(
                Reason.UNREACHABLE,
                f"{address.place} ended the session: it is shutting down, or somebody ends sessions there; "
                "the next poll tries again",
            )
    if _HUNG_UP in str(error):
        return SourceError(
            Reason.UNREACHABLE,
            f"{address.place} closed the connection: it crashed or was restarted, or somebody ended the "
            "session; the next poll tries again",
        )
    return SourceError(Reason.UNREACHABLE, f"{address.place} broke off: {quoted(str(error), address)}")


def silent(address: Address, deadline: float, *, opened: bool) -> SourceError:
    """Return that a poll had to be over, and nothing came."""
    what = "has the connection but did not answer" if opened else "opened no session"
    return SourceError(
        Reason.UNREACHABLE, f"{address.place} {what} within {deadline:g} s: it hangs or is overloaded"
    )


def pooled(address: Address) -> SourceError:
    """Return that what answers stands between us and PostgreSQL."""
    return SourceError(
        Reason.BROKEN_INSTRUMENTATION,
        f"{address.place} is a connection pooler that passes no session settings: "
        "let the URL name PostgreSQL itself",
    )


def not_permitted(role: str) -> Fault:
    """Return that a role may not read what others do."""
    return Fault(
        Reason.NOT_PERMITTED,
        f"role {identifier(role)} may not read the statistics of other roles: "
        f"GRANT pg_monitor TO {identifier(role)};",
    )


def not_installed(database: str) -> Fault:
    """Return that the extension is missing in the database of the session."""
    return Fault(
        Reason.BROKEN_INSTRUMENTATION,
        f'pg_stat_statements is not installed in database "{database}": run there, as a superuser, '
        "CREATE EXTENSION pg_stat_statements;",
    )


def unknown_extension(version: str) -> Fault:
    """Return that the extension lacks columns that are needed."""
    return Fault(
        Reason.BROKEN_INSTRUMENTATION,
        f"pg_stat_statements {version} lacks columns that Headroom needs: "
        "ALTER EXTENSION pg_stat_statements UPDATE;",
    )


def too_old(version: int) -> SourceError:
    """Return that the server is older than what is understood."""
    return SourceError(
        Reason.BROKEN_INSTRUMENTATION,
        f"PostgreSQL {version // 10000} is too old: Headroom reads PostgreSQL 13 and later",
    )


def identifier(name: str) -> str:
    """Return a name as SQL wants it."""
    return '"' + name.replace('"', '""') + '"'


def quoted(said: str, address: Address) -> str:
    """Return what a driver or server said as one short line, without secrets."""
    for secret in address.secrets:
        # Out of the middle of a word a short one would not be hidden but given away.
        edge = r"\b" if len(secret) < _SHORT else ""
        said = re.sub(edge + re.escape(secret) + edge, "<secret>", said)
    line = " ".join(_UNPRINTABLE.sub(" ", said).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
