"""What a poll says when the two sides do not come to TLS, on real servers with certificates of a test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headroom.budgets import Reason

from .asking import collecting
from .conftest import Start, Templates
from .doors import BOTH, certificate, refused, rules
from .server import Server

Secured = Callable[[int], Server]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates: of the server's host and of our role by one authority, and another authority."""
    folder = tmp_path_factory.mktemp("keys")
    certificate(folder, "ca", "Authority")
    certificate(folder, "other", "Other authority")
    certificate(folder, "server", "db.example", "ca")
    certificate(folder, "cert", "cert", "ca")
    certificate(folder, "stranger", "cert", "other")
    return folder


@pytest.fixture(scope="module")
def secured(template_of: Templates, keys: Path) -> Iterator[Secured]:
    """Servers with TLS that know a role for each way to log in, by major."""
    made: dict[int, Server] = {}

    def server(major: int) -> Server:
        if major in made:
            return made[major]
        one = made[major] = Server(template_of(major))
        for name in ("ca.crt", "server.crt", "server.key"):
            place = one.folder / "data" / name
            shutil.copy(keys / name, place)
            shutil.chown(place, (one.folder / "data").owner())
        one.settings |= {"ssl": "on", "ssl_ca_file": "ca.crt"}
        one.start()
        one.run("CREATE ROLE cert LOGIN", "CREATE ROLE clerk LOGIN", "GRANT pg_monitor TO clerk, cert")
        rules(one, "hostssl all cert 127.0.0.1/32 cert", "hostssl all clerk 127.0.0.1/32 trust")
        return one

    yield server
    for one in made.values():
        one.remove()


@BOTH
async def test_trusted(secured: Secured, keys: Path, major: int) -> None:
    """With the right authority, and with the right client certificate, the server is read."""
    server = secured(major)
    for url in (
        server.url_of("clerk"),
        f"{server.url_of('clerk')}?sslmode=verify-ca&sslrootcert={keys}/ca.crt",
        f"{server.url_of('cert')}?sslcert={keys}/cert.crt&sslkey={keys}/cert.key",
    ):
        async with collecting(url) as collector:
            await collector.fetch()


@BOTH
@pytest.mark.parametrize(
    ("role", "parameters", "reason", "said"),
    [
        (
            "clerk",
            "sslmode=disable",
            Reason.NOT_PERMITTED,
            (
                '{place} lets role "clerk" not into database "postgres" from this machine without TLS: add '
                "sslmode=require to the URL if it offers TLS, or a line to its pg_hba.conf and reload"
            ),
        ),
        (
            "clerk",
            "sslmode=verify-ca&sslrootcert={keys}/other.crt",
            Reason.UNREACHABLE,
            "{place} shows a certificate not to be trusted: name its CA by sslrootcert in the URL",
        ),
        (
            "clerk",
            "sslrootcert=system",
            Reason.UNREACHABLE,
            "{place} shows a certificate not to be trusted: name its CA by sslrootcert in the URL",
        ),
        (
            "clerk",
            "sslmode=verify-full&sslrootcert={keys}/ca.crt",
            Reason.UNREACHABLE,
            "{place} shows a certificate of another host: correct the host in the URL",
        ),
        (
            "clerk",
            "sslmode=verify-ca&sslrootcert={keys}/none.crt",
            Reason.UNREACHABLE,
            'the certificate or key of the URL cannot be used (root certificate file "{keys}/none.crt" does',
        ),
        (
            "cert",
            "",
            Reason.NOT_PERMITTED,
            "{place} wants a client certificate: add sslcert= and sslkey= to the URL",
        ),
        (
            "clerk",
            "sslcert={keys}/stranger.crt&sslkey={keys}/stranger.key&sslmode=require",
            Reason.NOT_PERMITTED,
            (
                "{place} does not trust the client certificate (SSL error: tlsv1 alert unknown ca): "
                "name one that the CA of its ssl_ca_file signed"
            ),
        ),
        (
            "cert",
            "sslcert={keys}/server.crt&sslkey={keys}/server.key",
            Reason.NOT_PERMITTED,
            (
                '{place} does not take the client certificate for role "cert": name one that was issued '
                "to this role, or map it in pg_ident.conf there"
            ),
        ),
        (
            "cert",
            "sslcert={keys}/cert.crt&sslkey={keys}/none.key",
            Reason.UNREACHABLE,
            (
                "the certificate or key of the URL cannot be used "
                '(certificate present, but not private key file "{keys}/none.key"): '
                "correct sslrootcert, sslcert or sslkey"
            ),
        ),
    ],
)
async def test_refused(
    secured: Secured, keys: Path, major: int, role: str, parameters: str, reason: Reason, said: str
) -> None:
    """Whichever side refuses is told with what mends it."""
    server = secured(major)
    error = await refused(f"{server.url_of(role)}?{parameters.format(keys=keys)}")

    assert error.reason is reason
    assert error.message.startswith(said.format(place=f"127.0.0.1:{server.port}", keys=keys))


@BOTH
async def test_not_offered(start: Start, major: int) -> None:
    """The server has no certificate."""
    server = start(major)
    error = await refused(server.url + "?sslmode=require")

    assert error.message == (
        f"127.0.0.1:{server.port} offers no TLS, which the URL asks for: switch it on there (ssl = on)"
    )
