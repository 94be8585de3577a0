"""A real Prometheus behind TLS and logins: whom it lets in, whom we believe, and what is said otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Access, Secret
from tests import servers
from tests.collectors_prometheus.certificates import Authority, Pair, encrypted
from tests.collectors_prometheus.hostile import GOOD, collector, serving

EVERY = 10.0
"""Seconds between two polls: nobody's patience is the subject, and machines are slow."""
HASHED = "$2b$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy"
"""\"open sesame\" as bcrypt writes it."""
ANN = Access(user="ann", password=Secret("open sesame"))


@dataclass(frozen=True)
class Papers:
    """Whom the servers trust, and what they show."""

    ours: Authority
    theirs: Authority
    server: Pair
    client: Pair
    stranger: Pair


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Return certificates of our own authority, and of another."""
    folder = tmp_path_factory.mktemp("papers")
    ours, theirs = Authority.founded(folder, "ours"), Authority.founded(folder, "theirs")
    return Papers(ours, theirs, ours.issue("server"), ours.issue("client"), theirs.issue("stranger"))


def tls(pair: Pair, **more: str) -> dict[str, Any]:
    """Return the TLS part of Prometheus' web configuration."""
    return {"tls_server_config": {"cert_file": str(pair.cert), "key_file": str(pair.key), **more}}


@contextmanager
def running(folder: Path, web: dict[str, Any]) -> Iterator[str]:
    """Run a Prometheus with a web configuration."""
    with servers.prometheus(folder, [], web=web) as place:
        yield place


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a Prometheus that wants a user and a password."""
    with running(tmp_path_factory.mktemp("plain"), {"basic_auth_users": {"ann": HASHED}}) as place:
        yield place


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, papers: Papers) -> Iterator[str]:
    """Run a Prometheus that speaks TLS and wants a user and a password."""
    web = {**tls(papers.server), "basic_auth_users": {"ann": HASHED}}
    with running(tmp_path_factory.mktemp("secure"), web) as place:
        yield place


@pytest.fixture(scope="module")
def mutual(tmp_path_factory: pytest.TempPathFactory, papers: Papers) -> Iterator[str]:
    """Run a Prometheus that demands a certificate of its clients."""
    demanding = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(papers.ours.cert)}
    with running(tmp_path_factory.mktemp("mutual"), tls(papers.server, **demanding)) as place:
        yield place


async def polled(place: str, access: Access, *, scheme: str = "https", login: str = "") -> SourceError | None:
    """Poll once; return what was refused, None where nothing was."""
    asking = collector(place, login, access=access, scheme=scheme, every=EVERY)
    try:
        await asking.fetch()
    except SourceError as error:
        return error
    finally:
        await asking.close()
    return None


async def refused(place: str, access: Access, *, scheme: str = "https") -> tuple[Reason, str]:
    """Return reason and words of a poll that must fail, the place taken out."""
    error = await polled(place, access, scheme=scheme)
    assert error is not None
    return error.reason, error.message.replace(place, "PLACE")


async def test_user_and_password_let_in(plain: str) -> None:
    """Beside the address or in it, the latter with signs that addresses must spell in another way."""
    assert await polled(plain, ANN, scheme="http") is None
    assert await polled(plain, Access(), scheme="http", login="ann:open%20sesame@") is None


@pytest.mark.parametrize(
    ("access", "hint"),
    [
        (replace(ANN, password=Secret("shut sesame")), "check user and password"),
        (Access(bearer=Secret("t0ken")), "check the token"),
        (Access(), "it wants a login: give one as auth of the source"),
    ],
)
async def test_a_login_that_is_refused_is_not_permitted(plain: str, access: Access, hint: str) -> None:
    """Prometheus says no more than Unauthorized; what to look at depends on how we came."""
    assert await refused(plain, access, scheme="http") == (
        Reason.NOT_PERMITTED,
        f"Prometheus at PLACE denies access: 401 Unauthorized; {hint}",
    )


async def test_our_own_authority_is_believed(secure: str, papers: Papers) -> None:
    """As a file, and as a folder that holds it among others."""
    assert await polled(secure, replace(ANN, ca=papers.ours.cert)) is None
    assert await polled(secure, replace(ANN, ca=papers.ours.folder)) is None
    assert await polled(secure.replace("127.0.0.1", "localhost"), replace(ANN, ca=papers.ours.cert)) is None


async def test_a_certificate_that_is_trusted_itself_is_believed(secure: str, papers: Papers) -> None:
    """Where nobody has the authority's, the server's own will do."""
    assert await polled(secure, replace(ANN, ca=papers.server.cert)) is None


async def test_nobody_known_is_not_believed(secure: str, papers: Papers) -> None:
    """Neither where only the publicly known are trusted, nor where another one is."""
    assert await refused(secure, ANN) == (
        Reason.UNREACHABLE,
        (
            "Prometheus at PLACE is not believed to be it: nobody known has issued its certificate; name the "
            "certificate of who did as tls.ca of the source"
        ),
    )
    assert await refused(secure, replace(ANN, ca=papers.theirs.cert)) == (
        Reason.UNREACHABLE,
        (
            f"Prometheus at PLACE is not believed to be it: nobody in {papers.theirs.cert} has issued its "
            "certificate; put the certificate of who did there, and let the server send those in between"
        ),
    )


async def test_our_own_authority_takes_the_place_of_the_publicly_known(
    secure: str, papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library would add those that it brings along, here one that would do."""
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(papers.ours.cert))

    _, words = await refused(secure, replace(ANN, ca=papers.theirs.cert))

    assert f"nobody in {papers.theirs.cert} has issued its certificate" in words


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_the_environment_makes_nobody_known(
    secure: str, papers: Papers, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whom to trust, the file says and nothing else."""
    monkeypatch.setenv(variable, str(papers.ours.cert))

    reason, words = await refused(secure, ANN)

    assert reason is Reason.UNREACHABLE
    assert "nobody known has issued its certificate" in words
    monkeypatch.setenv(variable, str(papers.theirs.cert))
    assert await polled(secure, replace(ANN, ca=papers.ours.cert)) is None


async def test_no_keys_of_the_connection_are_written_down(
    secure: str, papers: Papers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A variable for debugging would let everybody read along."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    assert await polled(secure, replace(ANN, ca=papers.ours.cert)) is None
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    ("names", "days", "why"),
    [
        (
            "DNS:prometheus.example",
            2,
            "its certificate is not for 127.0.0.1; write the name that it is for into the address",
        ),
        ("IP:127.0.0.1", -1, "its certificate has expired; renew it there"),
    ],
)
async def test_a_certificate_that_does_not_hold(
    papers: Papers, names: str, days: int, why: str, tmp_path: Path
) -> None:
    """Issued by whom we trust, but for somebody else, or for another time."""
    pair = papers.ours.issue(f"bad{days}", names=names, days=days)
    with running(tmp_path, tls(pair)) as place:
        assert await refused(place, Access(ca=papers.ours.cert)) == (
            Reason.UNREACHABLE,
            f"Prometheus at PLACE is not believed to be it: {why}",
        )


async def test_the_wrong_scheme_is_said(plain: str, secure: str, papers: Papers) -> None:
    """TLS where there is none, and none where there is."""
    assert await refused(plain, replace(ANN, ca=papers.ours.cert)) == (
        Reason.UNREACHABLE,
        "Prometheus at PLACE does not speak TLS; write its address with http://, or switch TLS on there",
    )
    assert await refused(secure, ANN, scheme="http") == (
        Reason.UNREACHABLE,
        (
            "Prometheus at PLACE speaks TLS: 400 Client sent an HTTP request to an HTTPS server.; write its "
            "address with https://"
        ),
    )


async def test_a_client_with_papers_is_let_in(mutual: str, papers: Papers, tmp_path: Path) -> None:
    """Certificate and key apart, or in one file."""
    access = Access(ca=papers.ours.cert, cert=papers.client.cert, key=papers.client.key)
    assert await polled(mutual, access) is None
    both = tmp_path / "both.pem"
    both.write_text(papers.client.key.read_text() + papers.client.cert.read_text())
    assert await polled(mutual, Access(ca=papers.ours.cert, cert=both)) is None


async def test_a_client_without_papers_is_told_so(mutual: str, papers: Papers) -> None:
    """Without a certificate, and with one of an authority that the server does not know."""
    assert await refused(mutual, Access(ca=papers.ours.cert)) == (
        Reason.NOT_PERMITTED,
        (
            "Prometheus at PLACE demands a certificate of its clients (bad certificate); name one as "
            "tls.cert of the source"
        ),
    )
    stranger = Access(ca=papers.ours.cert, cert=papers.stranger.cert, key=papers.stranger.key)
    assert await refused(mutual, stranger) == (
        Reason.NOT_PERMITTED,
        (
            f"Prometheus at PLACE refuses our certificate {papers.stranger.cert} (bad certificate); is it "
            "valid still, and issued by an authority that the server knows?"
        ),
    )


def unfit(papers: Papers, folder: Path) -> dict[str, tuple[Access, Reason, str]]:
    """Return what can be wrong with our files, with what is said of each."""
    ca, cert, key = papers.ours.cert, papers.client.cert, papers.client.key
    text, empty, missing, locked = folder / "text", folder / "empty", folder / "missing", encrypted(key)
    text.write_text("no certificate")
    empty.mkdir()
    ours, theirs = Reason.NOT_PERMITTED, Reason.UNREACHABLE
    other = papers.stranger.key
    none = "without a certificate in PEM form"
    return {
        "ca missing": (Access(ca=missing), theirs, f"tls.ca, the file {missing}, is missing"),
        "ca text": (Access(ca=text), theirs, f"tls.ca, the file {text}, is {none}"),
        "ca empty": (Access(ca=empty), theirs, f"tls.ca, the file {empty}, is a folder {none}"),
        "cert missing": (Access(ca=ca, cert=missing), ours, f"tls.cert, the file {missing}, is missing"),
        "cert folder": (Access(ca=ca, cert=empty), ours, f"tls.cert, the file {empty}, is a directory"),
        "cert text": (
            Access(ca=ca, cert=text, key=key),
            ours,
            f"tls.cert, the file {text}, is {none}, or its key is none",
        ),
        "cert alone": (
            Access(ca=ca, cert=cert),
            ours,
            f"tls.cert, the file {cert}, is {none}, or its key is none",
        ),
        "key missing": (
            Access(ca=ca, cert=cert, key=missing),
            ours,
            f"tls.key, the file {missing}, is missing",
        ),
        "key of another": (
            Access(ca=ca, cert=cert, key=other),
            ours,
            f"tls.key, the file {other}, is not the key of the certificate in {cert}",
        ),
        "key locked": (
            Access(ca=ca, cert=cert, key=locked),
            ours,
            f"tls.key, the file {locked}, is encrypted, and nobody is there to give its password: decrypt it",
        ),
    }


async def test_files_that_do_not_fit_are_named(papers: Papers, tmp_path: Path) -> None:
    """Each before anything is sent, with the file, what is wrong with it, and that it is looked at again."""
    with serving(GOOD) as server:
        for name, (access, reason, sentence) in unfit(papers, tmp_path).items():
            assert await refused(server.place, access) == (
                reason,
                f"{sentence}; it is read again with the next poll",
            ), name

        assert server.connections == 0


async def test_certificates_that_are_renewed_need_no_restart(
    mutual: str, papers: Papers, tmp_path: Path
) -> None:
    """A poll with the old ones fails, one with the new ones goes well; unchanged, one connection is kept."""
    ca, cert, key = (tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem"))
    shutil.copy(papers.ours.cert, ca)
    shutil.copy(papers.stranger.cert, cert)
    shutil.copy(papers.stranger.key, key)
    asking = collector(mutual, access=Access(ca=ca, cert=cert, key=key), scheme="https", every=EVERY)
    with pytest.raises(SourceError, match="refuses our certificate"):
        await asking.fetch()

    shutil.copy(papers.client.cert, cert)
    with pytest.raises(SourceError, match="is not the key of the certificate"):
        await asking.fetch()
    shutil.copy(papers.client.key, key)
    await asking.fetch()
    connected = asking._reader._session._watch.connected  # type: ignore[attr-defined]
    await asking.fetch()
    assert asking._reader._session._watch.connected == connected  # type: ignore[attr-defined]

    shutil.copy(papers.theirs.cert, ca)
    with pytest.raises(SourceError, match="is not believed to be it"):
        await asking.fetch()
    await asking.close()
