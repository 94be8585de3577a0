"""What PgBouncer says when it refuses, as one sentence that says what to do."""

from __future__ import annotations

from collectors.pgbouncer.address import CONSOLE
from collectors.postgres import admission, refusals
from collectors.postgres.address import Address
from collectors.postgres.session import Connection, Counterpart
from headroom.budgets import Reason
from headroom.observation import SourceError

_UNKNOWN = '{place} refuses user "{role}": correct the password in the URL, or its line in auth_file'
_NO_CONSOLE = (
    "{place} is no console of PgBouncer but PostgreSQL: let the URL name PgBouncer's port and end in "
    f"/{CONSOLE}"
)
_AT_THE_DOOR = {
    "password authentication failed": (Reason.NOT_PERMITTED, _UNKNOWN),
    "SASL authentication failed": (Reason.NOT_PERMITTED, _UNKNOWN),
    "no such user": (Reason.NOT_PERMITTED, _UNKNOWN),
    "not allowed": (
        Reason.NOT_PERMITTED,
        '{place} lets user "{role}" not into its console: add it to stats_users in pgbouncer.ini and RELOAD',
    ),
    f'database "{CONSOLE}" does not exist': (Reason.BROKEN_INSTRUMENTATION, _NO_CONSOLE),
    "Connection refused": (
        Reason.UNREACHABLE,
        "{place} refuses connections: start PgBouncer there (listen_addr must hold it), or correct the URL",
    ),
}


def _refused(error: Exception, address: Address) -> SourceError:
    for words, (reason, sentence) in _AT_THE_DOOR.items():
        if words in str(error):
            return SourceError(reason, sentence.format(place=address.place, role=address.role))
    return admission.at_the_door(error, address)


def _stranger(connection: Connection, address: Address) -> SourceError | None:
    version = connection.info.parameter_status("server_version") or ""
    if version.endswith("/bouncer"):
        return None
    return SourceError(Reason.BROKEN_INSTRUMENTATION, _NO_CONSOLE.format(place=address.place))


def lacking(version: str, shown: str, columns: list[str], address: Address) -> SourceError:
    """Return that a version tells too little."""
    return SourceError(
        Reason.BROKEN_INSTRUMENTATION,
        f"PgBouncer {refusals.quoted(version, address)} tells no {' and no '.join(columns)} in {shown}: "
        "Headroom reads PgBouncer 1.9 and later",
    )


CONSOLE_OF_PGBOUNCER = Counterpart(_refused, _stranger)
