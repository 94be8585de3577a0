"""Where a Prometheus is: what requests need, what sentences may show, and the epoch that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import urlsplit

from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Source

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """The address of one Prometheus-compatible API.

    Attributes:
        base: the URL up to and without "/api/v1"; may hold a password, so it is never printed.
        place: host:port, for sentences.
        epoch: the same for the same scheme, host, port and path, whoever logs in. Restarts of Prometheus do
            not change it: the counters belong to what it scrapes, and each of them has resets of its own.
    """

    base: str = field(repr=False)
    place: str
    epoch: str

    @classmethod
    def of(cls, source: Source) -> Address:
        """Return the address of a source, or raise SourceError where it has none that could be asked."""
        if source.url is None:
            raise SourceError(Reason.NOT_CONFIGURED, f"{source.unset or source.name} is not set")
        try:
            parts = urlsplit(source.url.reveal().strip())
            port = parts.port or _PORTS[parts.scheme]
            host = parts.hostname or ""
        except (ValueError, KeyError):
            host, port = "", 0
        if not host:
            raise SourceError(
                Reason.UNREACHABLE,
                f"the address of {source.name} is none of a Prometheus: write it as http://host:9090",
            )
        path = parts.path.rstrip("/")
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        epoch = blake2b(f"{parts.scheme}://{place}{path}".encode(), digest_size=8).hexdigest()
        return cls(f"{parts.scheme}://{parts.netloc}{path}", place, epoch)
