"""Where a PostgreSQL source is, and the terms on which it is visited; never shows a password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from psycopg import ProgrammingError
from psycopg.abc import ConnDict
from psycopg.conninfo import conninfo_to_dict

from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Source

_AUTHORITY_END = re.compile("[/?#]")
_UNREADABLE = (
    "the address of source {name} cannot be read: write postgresql://role:password@host:5432/database, "
    "with %40 for @, %3A for : and %2F for / inside role and password"
)


@dataclass(frozen=True, slots=True)
class Address:
    """What to connect to.

    Attributes:
        place: host and port, for messages.
        role, database: names, for messages.
        parameters: for the driver; hold the password.
        patience: seconds that a connection may take to open.
    """

    place: str
    role: str
    database: str
    parameters: dict[str, str | int] = field(repr=False)
    patience: int

    @property
    def password(self) -> str:
        """The password, to take it out of what a driver or server says."""
        return str(self.parameters.get("password", ""))


def address(source: Source) -> Address:
    """Read the source's URL; SourceError where it cannot be one.

    The session is read-only and gives up early: a monitor must not wait for a lock that an ALTER TABLE holds,
    and must not leave a statement running for which nobody waits any more.
    """
    if source.url is None:
        raise SourceError(Reason.NOT_CONFIGURED, f"source {source.name} has no address: set {source.unset}")
    unreadable = SourceError(Reason.UNREACHABLE, _UNREADABLE.format(name=source.name))
    url = source.url.reveal()
    try:
        parameters = conninfo_to_dict(url)
    except ProgrammingError:
        # What the parser says quotes the URL, password and all.
        raise unreadable from None
    hosts, port = str(parameters.get("host", "localhost")), str(parameters.get("port", 5432))
    if _torn(url) or "@" in hosts or not port.replace(",", "").isdigit():
        raise unreadable
    return Address(
        place=hosts if hosts.startswith("/") else f"{hosts}:{port}",
        role=str(parameters.get("user", "(default)")),
        database=str(parameters.get("dbname", parameters.get("user", "(default)"))),
        parameters={
            **_manners(source.every),
            **{name: value for name, value in parameters.items() if value is not None},
            **_terms(parameters, source.every),
        },
        patience=_patience(source.every),
    )


def _torn(url: str) -> bool:
    """Tell whether a sign in the password ended it too early, so that its rest passes for the host."""
    _, url_like, rest = url.partition("://")
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    return bool(url_like) and (authority.count("@") > 1 or rest.count("@") != authority.count("@"))


def _patience(every: timedelta) -> int:
    return max(2, min(10, int(every.total_seconds() * 0.4)))


def _manners(every: timedelta) -> dict[str, str | int]:
    """Return what a URL may set otherwise."""
    return {
        "connect_timeout": _patience(every),
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "gssencmode": "disable",
    }


def _terms(parameters: ConnDict, every: timedelta) -> dict[str, str | int]:
    """Return what a URL may not set otherwise."""
    settings = {
        "default_transaction_read_only": "on",
        "lock_timeout": "1s",
        "statement_timeout": f"{max(100, int(every.total_seconds() * 500))}ms",
        "idle_in_transaction_session_timeout": "10s",
        "search_path": "pg_catalog",
        "jit": "off",
        "TimeZone": "UTC",
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return {
        "application_name": "headroom",
        "options": f"{parameters.get('options') or ''} {options}".strip(),
        "client_encoding": "utf8",
    }
