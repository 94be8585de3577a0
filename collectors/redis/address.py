"""Where a Redis source is, and how it is spoken to; never shows a password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection, parse_url

from collectors.redis.replies import Replies
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Source

_AUTHORITY_END = re.compile("[/?#]")
_UNREADABLE = (
    "the address of source {name} cannot be read: write redis://user:password@host:6379, or rediss://… for "
    "TLS, with %40 for @, %3A for : and %2F for / inside user and password"
)
_SHARE_OF_INTERVAL = 0.3
_LONGEST_WAIT = 5.0


@dataclass(frozen=True, slots=True)
class Address:
    """What to connect to.

    Attributes:
        place: host and port, or the socket's path, for messages.
        user: for messages.
        tls: whether the URL asks for it.
        patience: seconds to wait for a connection, and for each answer.
    """

    place: str
    user: str
    tls: bool
    patience: float
    _kind: type[AbstractConnection] = field(repr=False)
    _options: dict[str, Any] = field(repr=False)

    @property
    def credentials(self) -> bool:
        """Whether the URL names any."""
        return "password" in self._options

    @property
    def password(self) -> str:
        """The password, to take it out of what a server says."""
        return str(self._options.get("password", ""))

    @property
    def host(self) -> str:
        """The host; of a socket this one."""
        return str(self._options.get("host", "localhost"))

    def elsewhere(self, host: str, port: int) -> Address:
        """Return the address of another node of the same cluster: user, password and TLS are the same."""
        options = {name: value for name, value in self._options.items() if name != "path"}
        kind = Connection if "path" in self._options else self._kind
        return replace(
            self, place=f"{host}:{port}", _kind=kind, _options=options | {"host": host, "port": port}
        )

    def connection(self) -> AbstractConnection:
        """Return a connection, not opened yet: no retries, no names given, the old protocol.

        Each greeting of the new protocol, and each naming of the client, is an error more in the server's own
        statistics where it is too old or the user is not allowed to.
        """
        return self._kind(**self._options)


def address(source: Source) -> Address:
    """Read the source's URL; SourceError where it cannot be one."""
    if source.url is None:
        raise SourceError(Reason.NOT_CONFIGURED, f"source {source.name} has no address: set {source.unset}")
    unreadable = SourceError(Reason.UNREACHABLE, _UNREADABLE.format(name=source.name))
    url = source.url.reveal()
    rest = url.partition("://")[2]
    if _AUTHORITY_END.split(rest, maxsplit=1)[0].count("@") != rest.count("@"):
        raise unreadable  # a sign inside the password ended it too early; its rest would pass for a path
    try:
        options: dict[str, Any] = dict(parse_url(url))
        kind = options.pop("connection_class", Connection)
        place = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
        patience = min(_LONGEST_WAIT, _SHARE_OF_INTERVAL * source.every.total_seconds())
        options |= {
            "db": 0,  # INFO speaks of all of them, and SELECT would need another right
            "protocol": 2,
            "driver_info": None,
            "client_name": None,
            "parser_class": Replies,
            "socket_connect_timeout": patience,
            "socket_timeout": patience,
            "retry": None,
            "retry_on_timeout": False,
            "health_check_interval": 0,
            "decode_responses": False,
        }
        found = Address(
            place,
            options.get("username") or "default",
            issubclass(kind, SSLConnection),
            patience,
            kind,
            options,
        )
        found.connection()
    except (ValueError, TypeError):
        # What the parser says quotes the URL; an option that the driver does not know is a TypeError.
        raise unreadable from None
    return found
