"""What is sent to log in, to whom it is sent, and that nobody else gets to see it."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from collectors.prometheus.snapshot import PrometheusSnapshot
from collectors.prometheus.wire.address import Address
from collectors.prometheus.wire.session import BoundedSession
from headroom.budgets import Reason
from headroom.observation import SourceError
from headroom.sources import Access, Secret
from tests.collectors_prometheus import real
from tests.collectors_prometheus.hostile import (
    GOOD,
    Server,
    Write,
    collector,
    prometheus,
    says,
    serving,
)

SECRET = "s3cret-p0ison"


async def refusal(place: str, access: Access, login: str = "") -> SourceError:
    """Return the error that one poll gives."""
    asking = collector(place, login, access=access, every=5)
    with pytest.raises(SourceError) as caught:
        await asking.fetch()
    await asking.close()
    return caught.value


async def headers(access: Access, login: str = "") -> list[str]:
    """Return what a server is sent beside the usual, which is the same with every request of a poll."""
    with serving(GOOD) as server:
        asking = collector(server.place, login, access=access)
        await asking.fetch()
        await asking.close()
    (sent,) = {tuple(lines) for lines in server.headers}
    usual = (
        "Host:",
        "User-Agent: headroom",
        "Accept-Encoding: identity",
        "Accept: */*",
        "Connection: keep-alive",
    )
    return [line for line in sent if not line.startswith(usual)]


def basic(pair: str) -> str:
    """Return the header of basic authentication."""
    return f"Authorization: Basic {b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("access", "login", "sent"),
    [
        (Access(), "", []),
        (Access(user="ann", password=Secret("pässwörd:€")), "", [basic("ann:pässwörd:€")]),
        (Access(), "ann:p%40ss%2Fw@", [basic("ann:p@ss/w")]),
        (Access(), "ann@", [basic("ann:")]),
        (Access(bearer=Secret("t0ken==")), "", ["Authorization: Bearer t0ken=="]),
        (
            Access(headers={"X-Scope-OrgID": Secret("erp|crm"), "X-Team": Secret("Zürich")}),
            "",
            ["X-Scope-OrgID: erp|crm", "X-Team: Zürich"],
        ),
    ],
)
async def test_what_is_sent(access: Access, login: str, sent: list[str]) -> None:
    """Headers in UTF-8, with every request, and nothing that was not asked for."""
    assert await headers(access, login) == sent


async def test_a_token_is_read_anew_for_every_poll(tmp_path: Path) -> None:
    """Whoever renews it need not tell us; it may come later, too."""
    path = tmp_path / "token"
    with serving(GOOD) as server:
        asking = collector(server.place, access=Access(bearer_file=path))
        with pytest.raises(SourceError) as missing:
            await asking.fetch()
        assert server.connections == 0
        for token in ("first", "second"):
            path.write_text(f"{token}\n")
            await asking.fetch()
            assert f"Authorization: Bearer {token}" in server.headers[-1]
        await asking.close()

    assert (missing.value.reason, missing.value.message) == (
        Reason.NOT_PERMITTED,
        f"the token file {path} is missing; it must be readable, and hold nothing but the token",
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"one\ntwo\n", "holds more than one word"),
        (b"one two", "holds more than one word"),
        (b"one\r\nX-Evil: two", "holds more than one word"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"x" * 65_537, "is larger than 64 KiB"),
    ],
)
async def test_a_file_that_holds_no_token(content: bytes, what: str, tmp_path: Path) -> None:
    """It is named, nothing of it is quoted, and nothing is sent."""
    path = tmp_path / "token"
    path.write_bytes(content)
    with serving(GOOD) as server:
        error = await refusal(server.place, Access(bearer_file=path))

        assert (error.reason, error.message, server.connections) == (
            Reason.NOT_PERMITTED,
            f"the token file {path} {what}; it must be readable, and hold nothing but the token",
            0,
        )


async def test_a_pipe_in_place_of_a_token_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody writes to it, and the poll after it must go on."""
    os.mkfifo(tmp_path / "token")
    with serving(GOOD) as server:
        error = await refusal(server.place, Access(bearer_file=tmp_path / "token"))

        assert error.message.endswith(
            "is no regular file; it must be readable, and hold nothing but the token"
        )


EVERYTHING = Access(user="ann", password=Secret(SECRET), headers={"X-Scope-OrgID": Secret(f"org-{SECRET}")})


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
)
async def test_credentials_do_not_follow_a_redirect(status: str) -> None:
    """Whoever can make a server redirect could collect passwords."""
    with serving(GOOD) as elsewhere:
        moved = f"Location: http://{elsewhere.place}/api/v1/query"
        with serving(says("", status=status, headers=(moved,))) as server:
            error = await refusal(server.place, EVERYTHING)

        assert elsewhere.connections == 0
        assert error.message == (
            f"Prometheus at {server.place} redirects to {elsewhere.place} ({status[:3]}); redirects are not "
            "followed: give the final address"
        )


@pytest.mark.parametrize(
    "url", ["http://{place}/api", "https://127.0.0.1:1/api", "http://127.0.0.1:1@{place}"]
)
def test_a_session_asks_nobody_else(url: str) -> None:
    """Its credentials belong to one server, whatever a caller asks for."""
    with serving(GOOD) as elsewhere:
        session = BoundedSession(Address("http://127.0.0.1:1", "127.0.0.1:1", "", EVERYTHING))
        with (
            session.within(1),
            pytest.raises(ValueError, match="another server would carry the credentials of this one"),
        ):
            session.get(url.format(place=elsewhere.place))
        session.close()

        assert elsewhere.connections == 0


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"])
async def test_proxies_of_the_environment_are_not_used(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a Prometheus is, the file says and nothing else."""
    for name in ("no_proxy", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
    with serving(GOOD) as proxy, serving(GOOD) as server:
        monkeypatch.setenv(variable, f"http://{proxy.place}")
        asking = collector(server.place)
        await asking.fetch()
        await asking.close()

        assert (server.connections, proxy.connections) == (1, 0)


async def test_logins_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A .netrc with the same host is somebody else's login."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login bob password {SECRET}\ndefault login bob password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(netrc))

    assert await headers(Access()) == []
    assert await headers(Access(bearer=Secret("t0ken"))) == ["Authorization: Bearer t0ken"]


@pytest.mark.parametrize(
    "access",
    [EVERYTHING, Access(bearer=Secret(SECRET)), Access(headers={"X-Api-Key": Secret(SECRET)})],
)
@pytest.mark.parametrize(
    "status", ["200 OK", "400 Bad Request", "401 Unauthorized", "404 Not Found", "500 Oops"]
)
async def test_what_a_server_repeats_of_our_credentials_is_not_shown(access: Access, status: str) -> None:
    """Proxies made for debugging answer with what they were sent."""

    def echo(server: Server, write: Write, query: str) -> bool:
        told = " ".join(server.headers[-1])
        return says(f'{{"status":"error","error":"you sent {told}"}}', status=status)(server, write, query)

    with serving(echo) as server:
        error = await refusal(server.place, access)

    assert "(its words repeat our login and are left out)" in error.message
    assert SECRET not in error.message
    assert basic(f"ann:{SECRET}").split()[-1] not in error.message


async def test_warnings_that_repeat_credentials_hide_them() -> None:
    """What a server says beside its answers is shown, too."""
    beside = {"warnings": [f"no store for {SECRET}"], "infos": [f"tenant {SECRET}"]}
    with serving(prometheus(beside=beside)) as server:
        asking = collector(server.place, access=Access(bearer=Secret(SECRET)))
        snapshot = await asking.fetch()
        await asking.close()

    assert isinstance(snapshot, PrometheusSnapshot)
    assert snapshot.remarks == ("(its words repeat our login and are left out)",)
    assert SECRET not in repr(snapshot)


def test_an_address_shows_no_credentials() -> None:
    """Neither the record nor anything in it."""
    asking = collector("127.0.0.1:9090", f"ann:{SECRET}@")
    address = asking._reader._address  # type: ignore[attr-defined]

    assert address.base == "http://127.0.0.1:9090"
    assert address.access == Access(user="ann", password=Secret(SECRET))
    assert SECRET not in repr(address)


def test_the_epoch_is_that_of_the_server_not_of_the_login() -> None:
    """Counters go on where the password changes."""
    epochs = {
        collector("127.0.0.1:9090", login, access=access)._reader._address.epoch  # type: ignore[attr-defined]
        for login, access in (("", Access()), ("ann:pw@", Access()), ("", EVERYTHING))
    }
    assert len(epochs) == 1


@contextmanager
def guarded(behind: str, *demanded: str) -> Iterator[Server]:
    """Run a gateway that lets nobody through to a Prometheus without certain headers."""

    def gateway(server: Server, write: Write, query: str) -> bool:
        lacking = [line for line in demanded if line not in server.headers[-1]]
        if lacking:
            name = lacking[0].partition(":")[0]
            words, status = (
                ("no org id", "401 Unauthorized")
                if name == "X-Scope-OrgID"
                else ('{"message":"invalid bearer token"}', "403 Forbidden")
            )
            return says(words, status=status, kind="text/plain")(server, write, query)
        try:
            with urlopen(f"http://{behind}{server.targets[-1]}", timeout=5) as answer:
                body, status = answer.read(), "200 OK"
        except HTTPError as error:
            body, status = error.read(), f"{error.code} {error.reason}"
        return says(body, status=status)(server, write, query)

    with serving(gateway) as server:
        yield server


async def test_tenants_and_tokens_of_a_gateway(tmp_path: Path) -> None:
    """As Mimir, Thanos or a gateway before them demand both; behind it is a real Prometheus."""
    tenant = {"X-Scope-OrgID": Secret("erp")}
    token, demanded = tmp_path / "token", ("Authorization: Bearer t0ken", "X-Scope-OrgID: erp")
    token.write_text("t0ken\n")
    with real.prometheus(tmp_path, {}) as behind, guarded(behind, *demanded) as server:
        for access in (
            Access(bearer=Secret("t0ken"), headers=tenant),
            Access(bearer_file=token, headers=tenant),
        ):
            asking = collector(server.place, access=access, every=5)
            snapshot = await asking.fetch()
            assert isinstance(snapshot, PrometheusSnapshot)
            await asking.close()
        others = [
            (Access(bearer_file=token), "401 no org id; check the token in " + str(token)),
            (Access(bearer=Secret("other"), headers=tenant), "403 invalid bearer token; check the token"),
        ]
        for access, words in others:
            error = await refusal(server.place, access)
            assert (error.reason, error.message) == (
                Reason.NOT_PERMITTED,
                f"Prometheus at {server.place} denies access: {words}",
            )
