"""Servers that refuse: each is quoted as far as it can be trusted, beside what there is to do about it."""

from __future__ import annotations

import socket

import pytest

from headroom.budgets import Reason
from tests.collectors_prometheus.hostile import Behaviour, refusal, says, serving


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        pytest.param(
            says('{"status":"error","error":"<html>not <b>quoted</b></html>"}'),
            "Prometheus at {place} answers without success: no reason given; see its log",
            id="wraps a page of HTML into JSON",
        ),
        pytest.param(
            says('{"status":"error","error":{"of":["another","form"]}}'),
            "Prometheus at {place} answers without success: no reason given; see its log",
            id="has an object for its words",
        ),
        pytest.param(
            says('{"message":"invalid token"}', status="403 Forbidden"),
            (
                "Prometheus at {place} denies access: 403 invalid token; it wants a login: give one as auth "
                "of the source"
            ),
            id="is a gateway with a word of its own for words",
        ),
        pytest.param(
            says("404 page not found\n", status="404 Not Found", kind="text/plain; charset=utf-8"),
            "Prometheus at {place} has no /api/v1/query: 404 page not found; check the path of its address",
            id="says its status itself",
        ),
        pytest.param(
            says(
                '{"status":"error","errorType":"bad_data","error":"invalid parameter \\"query\\": 1 < 2"}',
                status="400 Bad Request",
            ),
            (
                'Prometheus at {place} refuses a query: 400 invalid parameter "query": 1 < 2; see its limits '
                "and version"
            ),
            id="has words with a less-than sign",
        ),
        pytest.param(
            says(
                '{"status":"error","errorType":"timeout","error":"query timed out"}', status="503 Unavailable"
            ),
            "Prometheus at {place} fails: 503 query timed out; see its log",
            id="gives up",
        ),
        pytest.param(
            says("Client sent an HTTP request to an HTTPS server.\n", status="400 Bad Request"),
            (
                "Prometheus at {place} speaks TLS: 400 Client sent an HTTP request to an HTTPS server.; "
                "write its address with https://"
            ),
            id="expects TLS",
        ),
        pytest.param(
            says("[]"),
            "Prometheus at {place} answers without success: no reason given; see its log",
            id="answers with a list",
        ),
        pytest.param(
            says('{"status":"error","errorType":"execution","error":"query timed out\\nin expression"}'),
            "Prometheus at {place} answers without success: query timed out in expression; see its log",
            id="answers 200 with an error",
        ),
        pytest.param(
            says("upstream connect error\x1b[2J", status="503 Service Unavailable", kind="text/plain"),
            "Prometheus at {place} fails: 503 upstream connect error [2J; see its log",
            id="is down behind a proxy",
        ),
        pytest.param(
            says("<html>Bad Gateway</html>", status="502 Bad Gateway", kind="text/html"),
            "Prometheus at {place} fails: 502; see its log",
            id="shows a page of its proxy",
        ),
        pytest.param(
            says('{"status":"error","error":"max samples"}', status="422 Unprocessable Entity"),
            "Prometheus at {place} refuses a query: 422 max samples; see its limits and version",
            id="refuses the query",
        ),
        pytest.param(
            says("", status="404 Not Found"),
            "Prometheus at {place} has no /api/v1/query: 404; check the path of its address",
            id="has no such page",
        ),
        pytest.param(
            says(
                b"x" * 100,
                status="302 Found",
                headers=("Location: http://u:p@elsewhere.example:81/login?next=1",),
            ),
            (
                "Prometheus at {place} redirects to elsewhere.example:81 (302); redirects are not "
                "followed: give the final address"
            ),
            id="redirects to elsewhere",
        ),
    ],
)
async def test_a_refusal_is_quoted(behaviour: Behaviour, sentence: str) -> None:
    """What happened, in the server's words where it has any, and what to look at."""
    with serving(behaviour) as server:
        error = await refusal(server.place)

        assert error.message == sentence.format(place=server.place)


async def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    """Nothing listens: the operating system's own words."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"

    error = await refusal(place, "ann:s3cret@")

    assert error.reason is Reason.UNREACHABLE
    assert error.message == (
        f"Prometheus at {place} cannot be reached: connection refused; is it running, and is the address "
        "right?"
    )


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_server_that_lets_nobody_in_is_not_permitted(status: str) -> None:
    """That is another reason than being out of reach."""
    with serving(says('{"error":"no such user"}', status=status)) as server:
        error = await refusal(server.place, "ann:s3cret@")

    assert (error.reason, error.message) == (
        Reason.NOT_PERMITTED,
        (f"Prometheus at {server.place} denies access: {status[:3]} no such user; check user and password"),
    )
