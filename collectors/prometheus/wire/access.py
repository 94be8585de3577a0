"""How one Prometheus is logged in to, and whom we believe to be it: headers and TLS made of an `Access`.

Its files are read here and nowhere else; the sentence on what is wrong with one quotes nothing of it.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from pathlib import Path
from typing import NoReturn

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from collectors.prometheus.words import printable
from headroom.budgets import Reason
from headroom.config.problems import UnreadableError
from headroom.config.reading import text_of
from headroom.observation import SourceError
from headroom.sources import Access

MAX_TOKEN = 64 * 1024
"""Bytes of a file with a token."""
_MOST_FILES = 1_000
"""How many files of a folder are looked at for certificates; the system's own has about 300."""

Stamp = tuple[tuple[int, int, int] | None, ...]
"""Of each file when it was written, its size and its number; None where it is missing."""


def headers_of(access: Access) -> dict[str, bytes]:
    """Return the headers that log in, the token read anew; raise SourceError where there is none."""
    # As bytes, for the library would encode texts as Latin-1 and fail with all others.
    sent = {name: _bytes(value.reveal()) for name, value in access.headers.items()}
    if access.password is not None:
        pair = _bytes(f"{access.user}:{access.password.reveal()}")
        sent["Authorization"] = b"Basic " + b64encode(pair)
    elif access.bearer is not None:
        sent["Authorization"] = b"Bearer " + _bytes(access.bearer.reveal())
    elif access.bearer_file is not None:
        sent["Authorization"] = b"Bearer " + _bytes(_token(access.bearer_file))
    return sent


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")  # an environment variable may hold any byte


def _token(path: Path) -> str:
    try:
        token = text_of(path, MAX_TOKEN).strip()
    except UnreadableError as error:
        wrong = f"is {error.problem.found}"
    else:
        if token and token.isascii() and token.isprintable() and " " not in token:
            return token
        wrong = "holds more than one word" if token else "is empty"
    raise SourceError(
        Reason.NOT_PERMITTED,
        f"the token file {printable(path)} {wrong}; it must be readable, and hold nothing but the token",
    ) from None


def stamp_of(access: Access) -> Stamp:
    """Return what changes whenever one of the certificates or the key is renewed."""
    named = [path for path in (access.ca, access.cert, access.key) if path is not None]
    return tuple(_state(path) for start in named for path in (start, *_inside(start)))


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())[:_MOST_FILES] if folder.is_dir() else []
    except OSError:
        return []


def context_of(access: Access) -> ssl.SSLContext:
    """Return the rules of a TLS connection: whom to believe, what to show of ourselves.

    Raises SourceError where a file is missing, is none of its kind, or does not fit the other.
    """
    # Bare, for the convenient ways of making one listen to SSL_CERT_FILE and SSLKEYLOGFILE.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if access.ca is None:
        context.load_verify_locations(cafile=DEFAULT_CA_BUNDLE_PATH)
    else:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # whatever is in the file is trusted as it is
        _trust(context, access.ca)
    if access.cert is not None:
        _show(context, access.cert, access.key)
    return context


def _trust(context: ssl.SSLContext, ca: Path) -> None:
    files = _inside(ca) if ca.is_dir() else [ca]
    for path in files:  # in a folder, keys and notes may lie beside the certificates
        try:
            text = text_of(path).encode("ascii", "ignore").decode()  # names of authorities stand between them
            context.load_verify_locations(cadata=text)
        except UnreadableError as error:
            if path is ca:
                _unfit("tls.ca", ca, error.problem.found)
        except (ssl.SSLError, ValueError):
            if path is ca:
                _unfit("tls.ca", ca, "without a certificate in PEM form")
    if not context.cert_store_stats()["x509"]:
        _unfit("tls.ca", ca, "a folder without a certificate in PEM form")


class _EncryptedError(Exception):
    """A key that wants a password."""


def _encrypted() -> NoReturn:
    raise _EncryptedError  # or OpenSSL would ask for it at the terminal, and wait


def _show(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    for name, path in (("tls.cert", cert), ("tls.key", key or cert)):
        try:
            text_of(path)
        except UnreadableError as error:
            _unfit(name, path, error.problem.found)
    try:
        context.load_cert_chain(cert, key, password=_encrypted)
    except _EncryptedError:
        _unfit("tls.key", key or cert, "encrypted, and nobody is there to give its password: decrypt it")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            _unfit("tls.key", key or cert, f"not the key of the certificate in {printable(cert)}")
        _unfit("tls.cert", cert, "without a certificate in PEM form, or its key is none")
    except OSError as error:
        _unfit("tls.cert", cert, f"unreadable ({(error.strerror or 'no reason given').lower()})")


def _unfit(name: str, path: Path, what: str) -> NoReturn:
    reason = Reason.UNREACHABLE if name == "tls.ca" else Reason.NOT_PERMITTED
    raise SourceError(
        reason, f"{name}, the file {printable(path)}, is {what}; it is read again with the next poll"
    ) from None
