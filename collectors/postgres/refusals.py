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
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffff]+")

_FULL = (
    "{place} has no free connection: all of max_connections are in use, or all that the role may have; "
    "close some, or keep one for this role"
)
_STRANGER = "{place} does not speak PostgreSQL's protocol: correct host and port in the URL"
_UNKNOWN_HOST = "the host of {place} is not known to the name service: correct the URL"
_NO_ROUTE = "there is no route to {place}: check network and firewall"

# libpq gives no SQLSTATE for a refused connection, so its words must do; the first that is found applies.
_AT_THE_DOOR = {
    "Connection refused": (
        "{place} refuses connections: start PostgreSQL there (listen_addresses must hold that address), "
        "or correct host and port in the URL"
    ),
    "password authentication failed": '{place} refuses the password of role "{role}": correct the URL',
    "no password supplied": '{place} wants a password for role "{role}": add it to the URL',
    "no pg_hba.conf entry": (
        '{place} lets role "{role}" not into database "{database}" from this machine: '
        "add a line to its pg_hba.conf and reload"
    ),
    "too many clients already": _FULL,
    "remaining connection slots are reserved": _FULL,
    "too many connections for": _FULL,
    "system is starting up": "{place} is starting up: the next poll tries again",
    "system is shutting down": "{place} is shutting down",
    "system is in recovery mode": "{place} is recovering from a crash: the next poll tries again",
    "system is not yet accepting": "{place} is not accepting connections yet: the next poll tries again",
    "unsupported startup parameter": (
        "{place} is a connection pooler that passes no session settings: let the URL name PostgreSQL itself"
    ),
    "server does not support SSL": "{place} offers no TLS, which the URL asks for: switch it on there",
    "certificate verify failed": "{place} shows a certificate not to be trusted: name its CA by sslrootcert",
    "does not match host name": "{place} shows a certificate of another host: correct the host in the URL",
    "SSL connection is required": "{place} wants TLS: add sslmode=require to the URL",
    "received invalid response": _STRANGER,
    "expected authentication request": _STRANGER,
    "failed to resolve host": _UNKNOWN_HOST,
    "could not translate host name": _UNKNOWN_HOST,
    "timeout expired": "{place} opened no session within {patience} s: it hangs, or a firewall drops packets",
    "No route to host": _NO_ROUTE,
    "Network is unreachable": _NO_ROUTE,
    "closed the connection unexpectedly": (
        "{place} closed the connection at once: it is shutting down, or is not PostgreSQL"
    ),
}
# The server knows who asks and lets them not in: SQLSTATE 28P01 and 28000, in its words.
_LOCKED_OUT = re.compile(
    r"authentication failed for|no password supplied|no pg_hba\.conf entry|pg_hba\.conf rejects"
    r'|role "[^"]*" (?:does not exist|is not permitted to log in)'
)
_NO_ROLE = re.compile(r'(role|database) "[^"]*" does not exist')


def at_the_door(error: psycopg.Error, address: Address) -> SourceError:
    """Return why no session could be opened."""
    said = str(error)
    names = {
        "place": address.place,
        "role": address.role,
        "database": address.database,
        "patience": str(address.patience),
    }
    reason = Reason.NOT_PERMITTED if _LOCKED_OUT.search(said) else Reason.UNREACHABLE
    if found := _NO_ROLE.search(said):
        return SourceError(
            reason,
            f"{address.place} says that {quoted(found.group(), address)}: create it, or correct the URL",
        )
    for words, sentence in _AT_THE_DOOR.items():
        if words in said:
            return SourceError(reason, sentence.format(**names))
    return SourceError(reason, f"{address.place} opened no session: {quoted(said, address)}")


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
            return Fault(
                Reason.NOT_PERMITTED,
                f'role "{address.role}" may not read pg_stat_statements ({quoted(str(error), address)}): '
                "grant it that right",
            )
        case errors.QueryCanceled():
            return Fault(
                Reason.NO_DATA, "reading pg_stat_statements took longer than half the polling interval"
            )
        case errors.LockNotAvailable():
            return Fault(Reason.NO_DATA, "pg_stat_statements was locked for longer than a second")
    return Fault(Reason.NO_DATA, f"pg_stat_statements could not be read: {quoted(str(error), address)}")


def in_session(error: psycopg.Error, address: Address) -> SourceError:
    """Return why a session that was open gave nothing."""
    match error:
        case errors.InsufficientPrivilege():
            fault = not_permitted(address.role)
            return SourceError(fault.reason, fault.detail)
        case errors.QueryCanceled():
            sentence = f"{address.place} needs longer than half the polling interval for its own statistics"
            return SourceError(Reason.UNREACHABLE, sentence)
        case errors.AdminShutdown() | errors.CrashShutdown():
            return SourceError(Reason.UNREACHABLE, f"{address.place} ended the session: it is shutting down")
    return SourceError(Reason.UNREACHABLE, f"{address.place} broke off: {quoted(str(error), address)}")


def not_permitted(role: str) -> Fault:
    """Return that a role may not read what others do."""
    name = role.replace('"', '""')
    return Fault(
        Reason.NOT_PERMITTED,
        f'role "{role}" may not read the statistics of other roles: GRANT pg_monitor TO "{name}";',
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


def quoted(said: str, address: Address) -> str:
    """Return what a driver or server said as one short line, without the password."""
    if address.password:
        said = said.replace(address.password, "<secret>")
    line = " ".join(_UNPRINTABLE.sub(" ", said).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
