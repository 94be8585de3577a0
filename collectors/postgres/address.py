"""Where a PostgreSQL source is, and the terms on which it is visited; never shows a password."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Source

_AUTHORITY_END = re.compile("[/?#]")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffff]")
_PORT = re.compile("0*[1-9][0-9]{0,4}")
_LONGEST = 100
_UNWANTED = ("replication",)  # such a session speaks another protocol
_UNWANTED = ("replication",)  # such a session speaks another protocol
_HIDDEN = ("*", "D")  # how libpq marks what a dialog must not show
# They ask whether a session may write, which ours may nowhere.
_WRITING = {"read-write": "primary", "read-only": "standby"}
_UNREADABLE = (
    "the address of source {name} cannot be read: write postgresql://role:password@host:5432/database, "
    "with %40 for @, %3A for : and %2F for / inside role and password"
)


@dataclass(frozen=True, slots=True)
class Address:
    """What to connect to.

    Attributes:
        place: hosts and ports, for messages.
        role, database: names, for messages.
        parameters: for the driver; hold the password.
        patience: seconds that a connection to one host may take to open.
        several: more than one host is named, of which the first that lets us in is read.
        secrets: what must be taken out of all that a driver or server says.
    """

    place: str
    role: str
    database: str
    parameters: dict[str, str | int] = field(repr=False)
    patience: int
    several: bool = False
    secrets: tuple[str, ...] = field(repr=False, default=())


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
        parameters = {name: value for name, value in conninfo_to_dict(url).items() if value is not None}
    except ProgrammingError:
        # What the parser says quotes the URL, password and all.
        raise unreadable from None
    hosts = str(parameters.get("host") or parameters.get("hostaddr") or _default("host")).split(",")
    ports = [port or _default("port") for port in str(parameters.get("port") or "").split(",")]
    ports = ports if len(ports) > 1 else ports * len(hosts)
    if _torn(url) or any("@" in host for host in hosts) or not _paired(hosts, ports):
        raise unreadable
    role = str(parameters.get("user") or _default("user"))
    patience = _patience(source.every, str(parameters.get("connect_timeout", "")), len(hosts))
    return Address(
        place=_shown(", ".join(place_of(host, port) for host, port in zip(hosts, ports, strict=True))),
        role=_shown(role),
        database=_shown(str(parameters.get("dbname") or _default("dbname") or role)),
        parameters={
            **_MANNERS,
            **{
                name: value
                for name, value in parameters.items()
                if value is not None and name != "replication"
            },
            **_terms(parameters, source.every),
            "connect_timeout": patience,
        },
        patience=patience,
        several=len(hosts) > 1,
        secrets=_secrets(parameters),
    )


def place_of(host: str, port: str) -> str:
    """Return one host and its port, or the folder of a socket, for messages."""
    if host.startswith("/"):
        return _shown(host)
    named = f"[{host}]" if ":" in host else host or "the local socket"
    return _shown(f"{named}:{port}")


def _paired(hosts: list[str], ports: list[str]) -> bool:
    """Tell whether every host has a port that there is."""
    return len(hosts) == len(ports) and all(_PORT.fullmatch(port) and int(port) < 2**16 for port in ports)


def _shown(name: str) -> str:
    """Return a name out of a URL as it may stand in a line."""
    name = _UNPRINTABLE.sub(" ", name)
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def _default(keyword: str) -> str:
    """Return what libpq takes where a URL says nothing: the environment's PGUSER and so on, or its own."""
    found = {option.keyword: option.val for option in Conninfo.get_defaults()}
    return (found.get(keyword.encode()) or b"").decode(errors="replace")


def _secrets(parameters: Mapping[str, str | int]) -> tuple[str, ...]:
    """Return what libpq itself counts as secret, the longest first, for one may hold another."""
    found = set()
    for option in Conninfo.get_defaults():
        name = option.keyword.decode()
        if option.dispchar.decode() in _HIDDEN and name != "sslkeylogfile":
            found.add(str(parameters.get(name) or (option.val or b"").decode(errors="replace")))
    return tuple(sorted(found - {""}, key=len, reverse=True))


def _torn(url: str) -> bool:
    """Tell whether a sign in the password ended it too early, so that its rest passes for the host."""
    _, url_like, rest = url.partition("://")
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    return bool(url_like) and (authority.count("@") > 1 or rest.count("@") != authority.count("@"))


def _patience(every: timedelta, asked: str, hosts: int) -> int:
    """Return the seconds for each host, so that the last has its turn before the next poll is due."""
    longest = max(2, min(10, int(every.total_seconds() * 0.6 / max(hosts, 1.5))))
    return max(2, min(longest, int(asked))) if asked.isascii() and asked.isdigit() and int(asked) else longest


# What a URL may set otherwise.
_MANNERS: dict[str, str | int] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "gssencmode": "disable",
}


def _terms(parameters: Mapping[str, str | int], every: timedelta) -> dict[str, str | int]:
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
    asked = str(parameters.get("target_session_attrs") or "any")
    return {
        "application_name": "headroom",
        "target_session_attrs": _WRITING.get(asked, asked),
        "options": f"{parameters.get('options') or ''} {options}".strip(),
        "client_encoding": "utf8",
    }
