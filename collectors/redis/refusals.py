"""What Redis and its driver say when they refuse, as one sentence that says what to do."""

from __future__ import annotations

import re
import socket
import ssl

from redis import exceptions

from collectors.redis.address import Address
from collectors.redis.replies import TooLargeError
from headroom.budgets import Reason
from headroom.observation import SourceError

_LONGEST = 200
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\uffff]+")


_SILENT = "did not answer within {patience:g} s: it hangs, or a firewall drops packets"
_SILENT_TO_TLS = (
    "did not answer within {patience:g} s: it hangs, or speaks no TLS (redis:// instead of rediss://)"
)
_CUT = "broke the connection off: it is shutting down, is not Redis, or speaks TLS only"
_CUT_TLS = (
    "broke the connection off: it is shutting down, is not Redis, or wants a client certificate "
    "(ssl_certfile and ssl_keyfile in the URL)"
)
_CERTIFICATE = "wants a client certificate that it trusts: name it by ssl_certfile and ssl_keyfile in the URL"
_ALERT = re.compile("CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|HANDSHAKE_FAILURE")
_NO_FILE = "is not asked: a file that ssl_ca_certs, ssl_certfile or ssl_keyfile names in the URL is missing"
_STRANGER = "does not speak Redis's protocol: correct host and port in the URL"
_TOO_LARGE = (
    "answers {command} with more than is read of one answer: in INFO mostly errorstats, which holds each "
    "word that scripts begin their errors with; CONFIG RESETSTAT empties it"
)

# What a server answered: the driver's exception and words in it; the first that is found applies.
_ANSWERS: tuple[tuple[type[Exception], str, str], ...] = (
    (
        exceptions.NoPermissionError,
        "",
        'does not let user "{user}" run {command}: ACL SETUSER {user} +{right}',
    ),
    (exceptions.AuthenticationError, "without any password", "wants no password: take it out of the URL"),
    (exceptions.AuthenticationError, "no password is set", "wants no password: take it out of the URL"),
    (
        exceptions.AuthenticationError,
        "Authentication required",
        "wants a password: add user and password to the URL",
    ),
    (exceptions.AuthenticationError, "", 'refuses the password of user "{user}": correct the URL'),
    (exceptions.BusyLoadingError, "", "is loading its data: the next poll tries again"),
    (exceptions.MasterDownError, "", "is a replica without its primary: mend the replication"),
    (
        exceptions.OutOfMemoryError,
        "",
        "refuses even INFO for lack of memory (OOM), which no Redis does: correct what stands between",
    ),
    (TooLargeError, "", _TOO_LARGE),
    (exceptions.InvalidResponse, r"\x15\x03", "speaks TLS only: write rediss:// in the URL"),
    (
        exceptions.InvalidResponse,
        "HTTP/",
        "answers like a web server, not like Redis: correct host and port in the URL",
    ),
    (exceptions.InvalidResponse, "", _STRANGER),
    (
        exceptions.ResponseError,
        "DENIED",
        "is in protected mode and answers its own machine only: give its default user a password",
    ),
    (exceptions.ResponseError, "", "answered with an error: {said}"),
    (
        exceptions.ConnectionError,
        "max number of clients",
        "has no free connection: maxclients is reached; close some or raise it",
    ),
)
# Why nothing was answered: what the operating system said, in what the driver wraps around it.
_CAUSES: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "refuses connections: start Redis there, or correct host and port in the URL"),
    (socket.gaierror, "is not known to the name service: correct the URL"),
    (FileNotFoundError, "is no socket: start Redis there, or correct the path in the URL"),
    (ssl.SSLCertVerificationError, "shows a certificate not to be trusted: name its CA by ssl_ca_certs"),
    (ssl.SSLError, "does not speak TLS: write redis:// in the URL, or switch TLS on there"),
    (exceptions.TimeoutError, _SILENT),
    (ConnectionError, _CUT),
)


def refusal(error: exceptions.RedisError, address: Address, command: str = "INFO") -> SourceError:
    """Return why a command gave nothing."""
    said = quoted(str(error), address)
    sentence = next(
        (sentence for kind, words, sentence in _ANSWERS if isinstance(error, kind) and words in said), None
    )
    if sentence is None:
        chain = (error, error.__cause__, error.__context__)
        otherwise = _CUT if "closed by server" in said else "gave no answer: {said}"
        sentence = next(
            (sentence for kind, sentence in _CAUSES if any(isinstance(one, kind) for one in chain)), otherwise
        )
    if address.tls:
        sentence = _over_tls(error, sentence, said)
    forbidden = isinstance(error, exceptions.NoPermissionError | exceptions.AuthenticationError)
    told = sentence.format(
        user=address.user,
        said=said,
        patience=address.patience,
        command=command,
        right=command.lower().replace(" ", "|"),
    )
    return SourceError(Reason.NOT_PERMITTED if forbidden else Reason.UNREACHABLE, f"{address.place} {told}")


def _over_tls(error: exceptions.RedisError, sentence: str, said: str) -> str:
    """Return what a sentence means where TLS was asked for."""
    chain = (error.__cause__, error.__context__)
    if any(isinstance(one, ssl.SSLError) and _ALERT.search(str(one)) for one in chain):
        return _CERTIFICATE
    if any(isinstance(one, FileNotFoundError) for one in chain):
        return _NO_FILE
    if sentence is _SILENT and "connecting" in said:
        return _SILENT_TO_TLS  # Redis waits for the end of a line, which a TLS greeting does not bring
    return _CUT_TLS if sentence is _CUT else sentence


def late(address: Address, seconds: float) -> SourceError:
    """Return that the poll as a whole took too long."""
    return SourceError(
        Reason.UNREACHABLE, f"{address.place} did not answer within {seconds:g} s: it hangs or is overloaded"
    )


def quoted(said: str, address: Address) -> str:
    """Return what a server said as one short line, without the password."""
    if address.password:
        said = said.replace(address.password, "<secret>")
    line = " ".join(_UNPRINTABLE.sub(" ", said).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
