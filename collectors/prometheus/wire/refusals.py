"""Why a server gave no answer, in sentences for people: what happened, and what to do about it."""

from __future__ import annotations

import json
import re
import ssl
from http.client import BadStatusLine, HTTPException, LineTooLong, RemoteDisconnected

import requests
import urllib3

from collectors.prometheus.wire.transport import chain
from collectors.prometheus.words import LONGEST, printable
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Access

_LARGEST = 2**16
"""Bytes of a refusal that are read as JSON."""
_MARKUP = re.compile(r"<[a-zA-Z!/?]")

_EXPIRED, _TOO_EARLY, _OTHER_NAMES = 10, 9, (62, 64)
_UNKNOWN_ISSUERS = (2, 18, 19, 20, 21)
"""X509_V_ERR_*: the numbers of OpenSSL."""

_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
)
_OF_CERTIFICATES = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")


def unreachable(error: BaseException, place: str, access: Access) -> SourceError:
    """Return the error to say of a request that found no answer."""
    for link in chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return _not_believed(link, place, access)
        if isinstance(link, ssl.SSLError) and link.reason and "EOF" not in link.reason:
            return _no_handshake(link.reason, place, access)
    return SourceError(
        Reason.UNREACHABLE,
        f"Prometheus at {place} cannot be reached: {_cause(error)}; is it running, and is the address right?",
    )


def timed_out(error: BaseException) -> bool:
    """Tell whether time ran out."""
    # Not urllib3's TimeoutError: a connection that is refused is one of those, too.
    timeouts = (TimeoutError, requests.Timeout, urllib3.exceptions.ReadTimeoutError)
    return any(isinstance(link, timeouts) for link in chain(error))


def words_of(body: bytes) -> str:
    """Return the reason that a server gives, as JSON or as plain text; nothing of a page of HTML."""
    text = body[: LONGEST * 8].decode(errors="replace")
    try:
        parsed = json.loads(body) if len(body) < _LARGEST else {}
    except (ValueError, RecursionError):
        return "" if "<" in text else text
    said = parsed if isinstance(parsed, dict) else {}
    words = next((said[key] for key in ("error", "message") if isinstance(said.get(key), str)), "")
    return "" if _MARKUP.search(words) else words[: LONGEST * 8]


def login_hint(access: Access) -> str:
    """Return what to look at when a server lets nobody in."""
    if access.password is not None:
        return "check user and password"
    if access.bearer is not None:
        return "check the token"
    if access.bearer_file is not None:
        return f"check the token in {printable(access.bearer_file)}"
    return "it wants a login: give one as auth of the source"


def _not_believed(error: ssl.SSLCertVerificationError, place: str, access: Access) -> SourceError:
    host = place.rpartition(":")[0].strip("[]")
    code = error.verify_code
    if code in _OTHER_NAMES:
        why = f"its certificate is not for {host}; write the name that it is for into the address"
    elif code == _EXPIRED:
        why = "its certificate has expired; renew it there"
    elif code == _TOO_EARLY:
        why = "its certificate is not valid yet; compare the clocks of both machines"
    elif code in _UNKNOWN_ISSUERS and access.ca is None:
        why = (
            "nobody known has issued its certificate; name the certificate of who did as tls.ca of the source"
        )
    elif code in _UNKNOWN_ISSUERS:
        why = (
            f"nobody in {printable(access.ca)} has issued its certificate; put the certificate of who did "
            "there, and let the server send those in between"
        )
    else:
        why = f"its certificate does not hold ({printable(error.verify_message)}); replace it there"
    return SourceError(Reason.UNREACHABLE, f"Prometheus at {place} is not believed to be it: {why}")


def _no_handshake(reason: str, place: str, access: Access) -> SourceError:
    who = f"Prometheus at {place}"
    words = printable(reason.partition("_ALERT_")[2] or reason).replace("_", " ").lower()
    if reason in _NO_TLS:
        return SourceError(
            Reason.UNREACHABLE,
            f"{who} does not speak TLS; write its address with http://, or switch TLS on there",
        )
    if "_ALERT_" in reason and any(word in reason for word in _OF_CERTIFICATES):
        if access.cert is None:
            why = f"demands a certificate of its clients ({words}); name one as tls.cert of the source"
        else:
            why = (
                f"refuses our certificate {printable(access.cert)} ({words}); is it valid still, and "
                "issued by an authority that the server knows?"
            )
        return SourceError(Reason.NOT_PERMITTED, f"{who} {why}")
    return SourceError(
        Reason.UNREACHABLE,
        f"TLS with {who} fails: {words}; compare versions and ciphers, and does it demand a certificate?",
    )


def _cause(error: BaseException) -> str:
    """Return the operating system's words where there are some, for the libraries' wrap them in URLs."""
    for link in chain(error):
        if isinstance(link, BadStatusLine) and not isinstance(link, RemoteDisconnected):
            return "what answers does not speak HTTP"
        if type(link) in (LineTooLong, HTTPException):
            return "the headers of its answer have no end"
        if isinstance(link, OSError) and link.strerror and not isinstance(link, ssl.SSLError):
            return printable(link.strerror.lower())
    return type(error).__name__ if isinstance(error, ValueError) else "the connection broke off"
