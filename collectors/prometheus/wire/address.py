"""Where a Prometheus is: what requests need, what sentences may show, and the epoch that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import blake2b
from urllib.parse import SplitResult, unquote, urlsplit

import requests

from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Access, Secret, Source

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """The address of one Prometheus-compatible API.

    Attributes:
        base: the URL up to and without "/api/v1", user and password taken out.
        place: host:port, for sentences.
        epoch: the same for the same scheme, host, port and path, whoever logs in. Restarts of Prometheus do
            not change it: the counters belong to what it scrapes, and each of them has resets of its own.
        access: how to log in, whether that stands in the URL or beside it.
    """

    base: str
    place: str
    epoch: str
    access: Access

    @classmethod
    def of(cls, source: Source) -> Address:
        """Return the address of a source, or raise SourceError where it has none that could be asked."""
        if source.url is None:
            raise SourceError(Reason.NOT_CONFIGURED, f"{source.unset or source.name} is not set")
        try:
            parts = urlsplit(source.url.reveal().strip())
            port = parts.port or _PORTS[parts.scheme]
            host = parts.hostname or ""
            path = parts.path.rstrip("/")
            base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"
            origin_of(base)
        except (requests.RequestException, ValueError, KeyError):
            host, port = "", 0
        if not host:
            raise SourceError(
                Reason.UNREACHABLE,
                f"the address of {source.name} is none of a Prometheus: write it as http://host:9090",
            )
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        epoch = blake2b(f"{parts.scheme}://{place}{path}".encode(), digest_size=8).hexdigest()
        return cls(base, place, epoch, _access(parts, source.access))


def origin_of(url: str) -> str:
    """Return scheme, host and port as the library reads them; raise one of its errors, or ValueError."""
    parts = urlsplit(requests.Request("GET", url).prepare().url or "")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def _access(parts: SplitResult, access: Access) -> Access:
    if parts.username is None and parts.password is None:
        return access
    return replace(access, user=unquote(parts.username or ""), password=Secret(unquote(parts.password or "")))
