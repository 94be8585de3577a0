"""Where the application's doors are: the address without its login, and the login."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

import requests

from collectors.prometheus.wire.address import origin_of
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.policies import Application
from headroom.sources import Access, Secret

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """The address of one application.

    Attributes:
        base: the URL that paths are put behind, user and password taken out.
        origin: scheme, host and port.
        name: host:port, for sentences.
        access: user and password where the URL has them.
    """

    base: str
    origin: str
    name: str
    access: Access

    @classmethod
    def of(cls, application: Application) -> Place:
        """Return where an application is; SourceError where it has no address that could be asked."""
        if application.url is None:
            raise SourceError(Reason.NOT_CONFIGURED, f"{application.unset or 'application.url'} is not set")
        try:
            parts = urlsplit(application.url.reveal().strip())
            port = parts.port or _PORTS[parts.scheme]
            host = parts.hostname or ""
            base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
            origin = origin_of(base)
        except (requests.RequestException, ValueError, KeyError):
            host = ""
        if not host:
            raise SourceError(
                Reason.UNREACHABLE,
                "the address of the application is none of HTTP: write application.url as http://host:3000",
            )
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return cls(base, origin, name, _access(parts))

    def door(self, path: str) -> str:
        """Return the URL of a path as it is declared."""
        return f"{self.base}/{path.strip().lstrip('/')}"


def _access(parts: SplitResult) -> Access:
    if parts.username is None and parts.password is None:
        return Access()
    return Access(user=unquote(parts.username or ""), password=Secret(unquote(parts.password or "")))
