"""What must hold of auth, headers and tls of a source, and between them and its address."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from headroom.config.document import Document
from headroom.config.problems import Key, Problem, UnreadableError
from headroom.config.reading import text_of
from headroom.config.spec import AuthSpec, TlsSpec
from headroom.config.validation import Parts
from headroom.sources import SourceKind

_BLOCKS = ("auth", "headers", "tls")
_WAYS = "one of user with password, bearer, or bearer_file"


def access_problems(
    parts: Parts, document: Document, folder: Path, unset: Collection[Key]
) -> Iterator[Problem]:
    """Yield what is wrong with how the sources are logged in to; relative paths start from `folder`."""
    for name, source in parts.sources.items():
        key: Key = ("sources", name)
        if source.kind is not SourceKind.PROMETHEUS:
            for block in _BLOCKS:
                if document.at((*key, block)) is not None:
                    what = "what only a source of kind prometheus has"
                    allowed = "a url with user, password and the parameters of TLS in it"
                    yield document.problem((*key, block), what, allowed)
            continue
        url = "" if (*key, "url") in unset else source.url
        yield from _auth(source.auth, url, (*key, "auth"), document)
        yield from header_problems(source.headers, (*key, "headers"), document)
        yield from _tls(source.tls, url, (*key, "tls"), document, folder)


def _auth(auth: AuthSpec, url: str, key: Key, document: Document) -> Iterator[Problem]:
    known = {"user": auth.user or auth.password, "bearer": auth.bearer, "bearer_file": auth.bearer_file}
    ways = [way for way, there in known.items() if there]
    if len(ways) > 1:
        yield document.problem(key, f"{' and '.join(ways)}, several ways to log in", _WAYS)
    elif auth.user and not auth.password:
        yield document.problem((*key, "user"), "without a password beside it", "user and password")
    elif auth.password and not auth.user:
        yield document.problem((*key, "password"), "without a user beside it", "user and password")
    elif ways and logs_in(url):
        yield document.problem(key, "a login, and another one in the url", "one of them")


def logs_in(url: str) -> bool:
    """Tell whether an address holds a user or a password."""
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return False  # what is wrong with the address is said of it


def header_problems(headers: Collection[str], key: Key, document: Document) -> Iterator[Problem]:
    """Yield each header that is named a second time in other letters."""
    seen: dict[str, str] = {}
    for name in headers:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            yield document.problem((*key, name), f"for the same header as {first}", "each header once")


def _tls(tls: TlsSpec, url: str, key: Key, document: Document, folder: Path) -> Iterator[Problem]:
    if tls != TlsSpec() and url[:7].lower() == "http://":
        what = "certificates for an address with http://"
        yield document.problem(key, what, "https:// in the url, or no tls")
        return
    if tls.key and not tls.cert:
        allowed = "cert and key, or cert alone with the key in the same file"
        yield document.problem((*key, "key"), "without a certificate beside it", allowed)
    for name, path in (("ca", tls.ca), ("cert", tls.cert), ("key", tls.key)):
        wrong = unreadable(folder / path, folders=name == "ca") if path else ""
        if wrong:
            allowed = f"a file{' or a folder of files' if name == 'ca' else ''} that this user may read"
            yield document.problem((*key, name), f"but the file is {wrong}", allowed)


def unreadable(path: Path, *, folders: bool = False) -> str:
    """Return what is wrong with a file that somebody else is to read; `folders`: it may be one, too."""
    if folders and path.is_dir() and os.access(path, os.R_OK | os.X_OK):
        return ""
    try:
        text_of(path)
    except UnreadableError as error:
        return error.problem.found
    return ""
