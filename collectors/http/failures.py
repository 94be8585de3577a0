"""Why a door of the application gave no answer, in one sentence without secrets."""

from __future__ import annotations

import ssl
from http.client import BadStatusLine, HTTPException, LineTooLong, RemoteDisconnected

from collectors.prometheus.wire.transport import TooMuchError, chain
from collectors.prometheus.words import printable

_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH_TOO_LONG")
_ENDLESS = "the headers of its answer have no end"


def late(place: str, seconds: float) -> str:
    """Return what to say where time ran out."""
    return f"{place} did not answer in full within {seconds:.3g} s; is it overloaded, or behind a firewall?"


def sentence(error: BaseException, place: str) -> str:
    """Return what went wrong with a request that found no answer, and what to look at."""
    for link in chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return (
                f"{place} is not believed to be the application: its certificate does not hold "
                f"({printable(link.verify_message, 80)}); write the name that it is for into "
                "application.url, or an address of http that is not seen from outside"
            )
        if isinstance(link, ssl.SSLError) and link.reason and any(word in link.reason for word in _NO_TLS):
            return f"{place} does not speak TLS; write application.url with http://"
        if isinstance(link, ssl.SSLError) and link.reason and "EOF" not in link.reason:
            words = printable(link.reason, 60).replace("_", " ").lower()
            return f"TLS with {place} fails: {words}; compare versions and ciphers"
    return f"{place} gives no answer: {_cause(error)}; is it running, and is application.url right?"


def _cause(error: BaseException) -> str:
    """Return the operating system's words where there are some, for the libraries' wrap them in URLs."""
    for link in chain(error):
        if isinstance(link, TooMuchError) or type(link) in {LineTooLong, HTTPException}:
            return _ENDLESS
        if isinstance(link, BadStatusLine) and not isinstance(link, RemoteDisconnected):
            return "what answers does not speak HTTP"
        if isinstance(link, OSError) and link.strerror and not isinstance(link, ssl.SSLError):
            return printable(link.strerror.lower(), 80)
    return "the connection broke off"
