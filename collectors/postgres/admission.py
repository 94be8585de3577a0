"""Why no session was opened: what server, driver or another program said, as one sentence with the remedy."""

from __future__ import annotations

import re
from typing import NamedTuple

from collectors.postgres.address import Address, place_of
from collectors.postgres.refusals import identifier, quoted
from headroom.budgets import Reason
from headroom.observation import SourceError


class _Refusal(NamedTuple):
    """How a refusal is known, and what it means.

    `said` in the sentence stands for the words of server or driver.
    """

    words: str
    sentence: str
    reason: Reason = Reason.UNREACHABLE


_DENIED = Reason.NOT_PERMITTED
_STRANGER = "{place} does not speak PostgreSQL's protocol: correct host and port in the URL"
_POOLER = "{place} is a connection pooler that passes no session settings: let the URL name PostgreSQL itself"
_KEYS = "the certificate or key of the URL cannot be used ({said}): correct sslrootcert, sslcert or sslkey"
_NO_ROUTE = "there is no route to {place}: check network and firewall"

# libpq gives no SQLSTATE before a session is open, so the words must do. Of several attempts that failed, the
# one that got furthest tells most: the first row that is found applies.
_BY_SERVER = (
    _Refusal(r"unsupported startup parameter", _POOLER),
    _Refusal(
        r"no such (?:user|database)|pgbouncer cannot connect|query_wait_timeout"
        r"|max_client_conn|max_db_client_conn",
        "{place} is a connection pooler and lets nobody in ({said}): let the URL name PostgreSQL itself",
    ),
    _Refusal(
        r'role "[^"]*" does not exist',
        "{place} says that role {role} does not exist: create it, or correct the URL",
        _DENIED,
    ),
    _Refusal(
        r'database "[^"]*" does not exist',
        "{place} says that database {database} does not exist: create it, or correct the URL",
    ),
    _Refusal(
        r"permission denied for database",
        "{place} lets role {role} not into database {database}: "
        "GRANT CONNECT ON DATABASE {database} TO {role};",
        _DENIED,
    ),
    _Refusal(
        r"is not currently accepting connections",
        "{place} lets nobody into database {database}, whose ALLOW_CONNECTIONS is false: "
        "name another one in the URL",
    ),
    _Refusal(
        r"too many connections for role",
        "{place} has no free connection for role {role}, whose CONNECTION LIMIT is used up: "
        "raise it, or close some",
    ),
    _Refusal(
        r"too many connections for database",
        "{place} has no free connection to database {database}, whose CONNECTION LIMIT is used up: "
        "raise it, or name another database in the URL",
    ),
    _Refusal(
        r"too many clients already|remaining connection slots are reserved",
        "{place} has no free connection, all of max_connections but the reserved ones are in use: close "
        "some, or from PostgreSQL 16 on set reserved_connections and "
        "GRANT pg_use_reserved_connections TO {role};",
    ),
    _Refusal(
        r"unrecognized configuration parameter|permission denied to set parameter|invalid value for parameter"
        r"|invalid command-line argument",
        "{place} does not take the options of the URL ({said}): correct them",
    ),
    _Refusal(
        r"server is in hot standby mode|session is read-only",
        "{place} is a standby, and target_session_attrs asks for the primary: correct the URL",
    ),
    _Refusal(
        r"server is not in hot standby mode|session is not read-only",
        "{place} is a primary, and target_session_attrs asks for a standby: correct the URL",
    ),
    _Refusal(
        r"is not permitted to log in",
        "{place} lets role {role} not log in: ALTER ROLE {role} LOGIN;",
        _DENIED,
    ),
    _Refusal(
        r"(?i)certificate authentication failed|certificate mapping failed",
        "{place} does not take the client certificate for role {role}: name one that was issued to this "
        "role, or map it in pg_ident.conf there",
        _DENIED,
    ),
    _Refusal(
        r"password authentication failed|SASL authentication failed|empty password returned",
        "{place} refuses the password of role {role}, or has no such role: "
        "correct the URL, or the role if its password expired",
        _DENIED,
    ),
    _Refusal(
        r"(?i)authentication failed for",
        "{place} does not take role {role} ({said}): correct the URL, or pg_hba.conf there",
        _DENIED,
    ),
    _Refusal(r"no password supplied", "{place} wants a password for role {role}: add it to the URL", _DENIED),
    _Refusal(
        r"requires a valid client certificate|alert certificate required",
        "{place} wants a client certificate: add sslcert= and sslkey= to the URL",
        _DENIED,
    ),
    _Refusal(
        r"alert unknown ca|alert bad certificate|alert certificate (?:expired|unknown|revoked)",
        "{place} does not trust the client certificate ({said}): "
        "name one that the CA of its ssl_ca_file signed",
        _DENIED,
    ),
    # libpq falls back to a connection without TLS, whose refusal would hide that of the one with it.
    _Refusal(r"private key file|could not (?:load|read) [^:]*(?:certificate|key)", _KEYS),
    _Refusal(
        r"no pg_hba\.conf entry .*(?:no encryption|SSL off)",
        "{place} lets role {role} not into database {database} from this machine without TLS: add "
        "sslmode=require to the URL if it offers TLS, or a line to its pg_hba.conf and reload",
        _DENIED,
    ),
    _Refusal(
        r"pg_hba\.conf rejects",
        "{place} rejects role {role} in database {database} from this machine: "
        "put a line that lets it in above the one of pg_hba.conf that rejects it, and reload",
        _DENIED,
    ),
    _Refusal(
        r"pg_hba\.conf",
        "{place} lets role {role} not into database {database} from this machine: "
        "add a line to its pg_hba.conf and reload",
        _DENIED,
    ),
    _Refusal(
        r"canceling statement due to lock timeout",
        "{place} opens no session while its catalogue is locked by VACUUM FULL, CLUSTER or LOCK TABLE: "
        "the next poll tries again",
    ),
    _Refusal(r"system is starting up", "{place} is starting up: the next poll tries again"),
    _Refusal(r"system is shutting down", "{place} is shutting down: start it again"),
    _Refusal(r"system is in recovery mode", "{place} is recovering from a crash: the next poll tries again"),
    _Refusal(
        r"Hot standby mode is disabled",
        "{place} is a standby that answers no queries: set hot_standby = on there and restart it, "
        "or let the URL name the primary",
    ),
    _Refusal(
        r"system is not (?:yet )?accepting",
        "{place} has not replayed enough of its log yet to be read: the next poll tries again",
    ),
)
_BY_ROAD = (
    _Refusal(
        r"certificate verify failed",
        "{place} shows a certificate not to be trusted: name its CA by sslrootcert in the URL",
    ),
    _Refusal(
        r"does not match host name",
        "{place} shows a certificate of another host: correct the host in the URL",
    ),
    _Refusal(r"root certificate file|certificate revocation list", _KEYS),
    _Refusal(
        r"server does not support SSL",
        "{place} offers no TLS, which the URL asks for: switch it on there (ssl = on)",
    ),
    _Refusal(
        r"authentication method requirement|channel binding",
        "{place} does not log in as require_auth or channel_binding asks ({said}): correct the URL",
        _DENIED,
    ),
    _Refusal(
        r"received invalid|expected authentication request|invalid message length|server sent data ",
        _STRANGER,
    ),
    _Refusal(r"unsupported (?:frontend )?protocol|protocol negotiation", _STRANGER),
    _Refusal(r"SSL error", "{place} and Headroom come to no TLS ({said}): check its settings of ssl"),
    _Refusal(
        r"timeout expired",
        "{place} opened no session within {patience} s: it hangs, its catalogue is locked, "
        "it is not PostgreSQL, or a firewall drops packets",
    ),
    _Refusal(
        r"closed the connection unexpectedly|Connection reset by peer|could not receive data",
        "{place} closed the connection at once: it is shutting down, or is not PostgreSQL",
    ),
    _Refusal(
        r"on socket .*(?:No such file or directory|Connection refused)",
        "no PostgreSQL listens on the socket in {place}: start it, or name a folder of its "
        "unix_socket_directories as host in the URL",
    ),
    _Refusal(
        r"on socket .*Permission denied",
        "Headroom may not use the socket in {place}: run it as a user who may, "
        "or let the URL name host and port",
        _DENIED,
    ),
    _Refusal(
        r"Connection refused",
        "{place} refuses connections: start PostgreSQL there (listen_addresses must hold that address), "
        "or correct host and port in the URL",
    ),
    _Refusal(r"No route to host|Network is unreachable|Host is down|Connection timed out", _NO_ROUTE),
    _Refusal(
        r"failed to resolve host|could not translate host name|'idna' codec",
        "the host of {place} is not known to the name service: correct the URL",
    ),
    _Refusal(
        r"^connection is bad|bad value for|definition of service",
        "no connection to {place} can be tried ({said}): correct the URL",
    ),
)
_ROWS = tuple((re.compile(row.words, re.DOTALL), row) for row in (*_BY_SERVER, *_BY_ROAD))
# What a server says in another language is worth more than what the road to the next one does.
_UNKNOWN = len(_BY_SERVER)

_ATTEMPT = re.compile(r"^- host: (\S+), port: (\S+), hostaddr: (\S+): ", re.MULTILINE)
_PREFIX = re.compile(
    r"(?:connection (?:failed|is bad): )?(?:connection to server [^\n]*? failed: )?(?:FATAL:\s+)?"
)


def at_the_door(error: Exception, address: Address) -> SourceError:
    """Return why no session could be opened, after what the furthest of all attempts was told."""
    found = [(*_row(said), place) for place, said in _attempts(str(error), address)]
    _, row, said, place = min(found, key=lambda each: each[0])
    words = quoted(_PREFIX.sub("", said, count=1), address)
    if row is None:
        return SourceError(Reason.UNREACHABLE, f"{place} opened no session: {words}")
    names = {
        "place": place,
        "role": identifier(address.role),
        "database": identifier(address.database),
        "patience": str(address.patience),
        "said": words,
    }
    return SourceError(row.reason, row.sentence.format(**names))


def _row(said: str) -> tuple[int, _Refusal | None, str]:
    """Return the first row that is found, its place among all, and the line in which it was found."""
    for rank, (words, row) in enumerate(_ROWS):
        if found := words.search(said):
            begin = said.rfind("\n", 0, found.start()) + 1
            return rank, row, said[begin:].partition("\n")[0]
    return _UNKNOWN, None, said


def _attempts(said: str, address: Address) -> list[tuple[str, str]]:
    """Return place and words of each attempt: a URL may name several hosts, and a host several machines."""
    marks = list(_ATTEMPT.finditer(said))
    if not marks:
        return [(address.place, said)]
    ends = [mark.start() for mark in marks[1:]] + [len(said)]
    return [
        (
            place_of(mark[1].strip("'"), mark[2].strip("'")) if address.several else address.place,
            said[mark.end() : end].strip(),
        )
        for mark, end in zip(marks, ends, strict=True)
    ]
