"""Addresses and secrets in the file: which schemes each kind speaks, and what is kept out of the history."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote, urlsplit

from headroom.config.problems import Key
from headroom.sources import SourceKind

SCHEMES = {
    SourceKind.POSTGRES: ("postgresql", "postgres"),
    SourceKind.PGBOUNCER: ("postgresql", "postgres"),
    SourceKind.REDIS: ("redis", "rediss"),
    SourceKind.PROMETHEUS: ("http", "https"),
}
WEB_SCHEMES = APPLICATION_SCHEMES = ("http", "https")

_REFERENCE = re.compile(r"\$\{[^{}]*\}")
_WORD = re.compile(r"""[^\s"']+""")
_PARAMETER = re.compile(r"(?i)([?&][a-z_]{0,20}(?:pass|secret|token|key)[a-z_]{0,20}=)(?!\$\{)[^&]+")
_LOGIN = re.compile(
    r"""(?i)\b((?:password|bearer|token|secret|routing_key)["']?\s*:\s+)(?!["']?(?:\$\{[^{}]*\}|<secret>))(?:"[^"\n]*"|'[^'\n]*'|[^\s,}#]+)"""
)
_HIDDEN = "<secret>"


def wrong_with(url: str, schemes: tuple[str, ...]) -> str:
    """Return what is wrong with an address, without quoting it; empty where nothing is."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in schemes:
        return "which has the wrong scheme" if separator else "which is no address"
    if not url.isprintable() or " " in url:
        return "which has blanks or control characters in it"
    if schemes == SCHEMES[SourceKind.POSTGRES]:
        return "" if rest else "which names no host"  # libpq knows several hosts and sockets; it judges them
    try:
        host, port = urlsplit(url).hostname, urlsplit(url).port
    except ValueError:
        return "which has a host or port that cannot be read"
    if not host:
        return "which names no host"
    return "which has the port 0" if port == 0 else ""


def allowed_urls(schemes: tuple[str, ...]) -> str:
    """Return the addresses that are allowed, for people."""
    return "an address with " + " or ".join(f"{scheme}://" for scheme in schemes)


def sqlite_url(path: Path) -> str:
    """Return SQLAlchemy's address of a SQLite file; it reads %-escapes, and would take ? for parameters."""
    return f"sqlite:///{quote(str(path))}"


def without_secrets(text: str) -> str:
    """Return a text with the passwords hidden that stand in it as they are."""
    return _LOGIN.sub(rf"\1{_HIDDEN}", _WORD.sub(lambda word: _without_password(word[0]), text))


def _without_password(word: str) -> str:
    head, separator, rest = word.partition("://")
    if not separator:
        return _PARAMETER.sub(rf"\1{_HIDDEN}", word)  # a path may have parameters too
    # Written by hand, a password may hold any of : / @, so everything up to the last @ is taken for it.
    userinfo, at, place = rest.rpartition("@")
    user, colon, password = userinfo.partition(":")
    if colon and not _REFERENCE.fullmatch(password):
        userinfo = f"{user}:{_HIDDEN}"
    return _PARAMETER.sub(rf"\1{_HIDDEN}", head + separator + userinfo + at + place)


def is_secret(key: Key) -> bool:
    """Tell whether what stands at a key is a secret, or would be if it stood right; addresses apart."""
    match key:
        case ("sources", _, "headers", *_) | ("serve", "token", *_):
            return True
        case ("sources", _, "auth", *_):
            return key[-1] not in ("user", "bearer_file")
        case ("alerts", "channels", _, "headers" | "password" | "routing_key" | "secret", *_):
            return True
    return False


def is_address(key: Key) -> bool:
    """Tell whether an address stands at a key, which may hold a secret."""
    if key == ("alerts", "heartbeat"):  # written where its mapping should stand
        return True
    return key[-1:] == ("url",) or (key[:2] == ("alerts", "channels") and "urls" in key[3:])


def masked(secret: str) -> str:
    """Return a secret as it may be shown and kept: a reference, or nothing of it."""
    return secret if _REFERENCE.fullmatch(secret) else _HIDDEN


def hidden(url: str) -> str:
    """Return an address that is a secret as a whole, as it may be kept: a reference, or only its scheme."""
    if _REFERENCE.fullmatch(url):
        return url
    scheme, separator, _ = url.partition("://")
    return f"{scheme}://{_HIDDEN}" if separator else _HIDDEN
