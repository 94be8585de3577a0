"""A server's words that repeat a piece of our login are left out, however the server spells them."""

from __future__ import annotations

import html
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from time import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collectors.prometheus.snapshot import PrometheusSnapshot
from collectors.prometheus.wire.access import headers_of
from collectors.prometheus.wire.masking import LEFT_OUT, PIECE, Mask
from headroom.observation import SourceError
from headroom.sources import Access, Secret
from tests.collectors_prometheus.figures import METRIC, one
from tests.collectors_prometheus.hostile import Server, Write, collector, prometheus, says, serving

PASSWORD = 'hunter2&"x y/ü'
LOGIN = Access(user="bob", password=Secret(PASSWORD))


def mask(access: Access) -> Mask:
    """Return the mask of a login."""
    return Mask(access, headers_of(access))


def go_quoted(text: str) -> str:
    """Return a text as a program prints its bytes."""
    return "".join(f"\\x{byte:02x}" if byte > 126 or byte == 92 else chr(byte) for byte in text.encode())


ENCODINGS: list[Callable[[str], str]] = [
    str,
    lambda text: json.dumps(text)[1:-1],
    ascii,
    repr,
    go_quoted,
    lambda text: "".join(f"\\u{{{ord(sign):x}}}" for sign in text),
    lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    quote,
    quote_plus,
    lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    html.escape,
    lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    lambda text: "".join(f"&#x{ord(sign):X};" for sign in text),
    lambda text: text.replace(" ", "  "),
    " ".join,
    lambda text: text.encode().decode("latin-1"),
    lambda text: json.dumps(quote(text))[1:-1],
    lambda text: html.escape(json.dumps(text)[1:-1]),
    lambda text: quote(html.escape(text)),
]
SECRETS = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), max_codepoint=0x2FFFF), min_size=6, max_size=40
)


@given(SECRETS, st.sampled_from(ENCODINGS), st.sampled_from(["password", "bearer", "header"]), st.data())
def test_no_spelling_of_a_piece_is_shown(
    secret: str, encoded: Callable[[str], str], kind: str, data: st.DataObject
) -> None:
    """Whatever the secret, six signs of it in whatever spelling are recognised inside any sentence."""
    access = {
        "password": Access(user="ann", password=Secret(secret)),
        "bearer": Access(bearer=Secret(secret)),
        "header": Access(headers={"X-Api-Key": Secret(secret)}),
    }[kind]
    visible = [place for place, sign in enumerate(secret) if sign.isprintable() and not sign.isspace()]
    assume(len(visible) >= PIECE and "\\" not in secret)
    first = data.draw(st.integers(0, len(visible) - PIECE))
    last = data.draw(st.integers(first + PIECE - 1, len(visible) - 1))
    piece = secret[visible[first] : visible[last] + 1]

    assert mask(access).quotable(f'illegal "{encoded(piece)}" there') == LEFT_OUT


@given(SECRETS, st.integers(0, 30))
def test_no_piece_of_the_pair_in_base64_is_shown(secret: str, start: int) -> None:
    """With or without its padding, cut at either end, in either alphabet."""
    pair = f"ann:{secret}".encode()
    for code in (b64encode, urlsafe_b64encode):
        for text in (pair, secret.encode()):
            whole = code(text).decode().rstrip("=")
            piece = whole[min(start, len(whole) - PIECE) :][: PIECE + start]

            assert mask(Access(user="ann", password=Secret(secret))).quotable(f"bad {piece}...") == LEFT_OUT


@given(st.text(st.characters(codec="ascii", categories=("P", "S", "N")), min_size=6, max_size=30))
def test_a_secret_full_of_escapes_is_recognised_as_it_is(secret: str) -> None:
    """What looks like an escape in the password itself must not hide it."""
    assume(len(secret.replace("\\", "")) >= PIECE)
    hides = mask(Access(user="ann", password=Secret(secret)))

    assert {hides.quotable(f"got {spelled} there") for spelled in (secret, json.dumps(secret))} == {LEFT_OUT}


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("user ann: pa55 is wrong", LEFT_OUT),
        ("user ann: PA55!", LEFT_OUT),
        ('{"password":"pa\\u0035\\u0035"}', LEFT_OUT),
        ("spa55ion is no user", "spa55ion is no user"),
        ("spa55 is no user", "spa55 is no user"),
        ("bad password", "bad password"),
    ],
)
def test_a_short_secret_is_hidden_as_a_whole_word(words: str, shown: str) -> None:
    """Letters that stand inside other words by chance are no secret."""
    assert mask(Access(user="ann", password=Secret("pa55"))).quotable(words) == shown


@pytest.mark.parametrize(
    "words",
    [
        "Bearer token required",
        "Basic authentication: user or password is wrong",
        'Get "https://10.0.0.7:9100/metrics?a=%20": dial tcp 10.0.0.7:9100: connect: connection refused',
        'parse error at char 12: unexpected character: "\\\\" + "%" &amp; more',
        "",
    ],
)
def test_other_words_are_shown(words: str) -> None:
    """What a server has to say is what a person needs; the kind of login is no secret."""
    for access in (LOGIN, Access(bearer=Secret("tok-abcdefghijkl")), Access(headers={"X-Org": Secret("1")})):
        assert mask(access).quotable(words).removesuffix('%20"') == Mask(Access(), {}).quotable(words)


def test_words_that_can_be_read_in_a_hundred_ways_are_left_out() -> None:
    """Each way costs time, and nobody writes them but to deceive."""
    signs = ("%25", "%5c", "%26", "+", "&#37;", "&#92;", "\\x25", "\\x26", "\\x2b", "%C3")
    words = "".join(sign + rest for sign in signs for rest in ("2b", "amp;", "x26", "#43;", "%BC"))

    assert mask(LOGIN).quotable(words) == LEFT_OUT


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "401 Unauthorized", "503 Oops"])
@pytest.mark.parametrize(
    "encoded", [json.dumps, quote, html.escape, lambda text: b64encode(f"bob:{text}".encode()).decode()[:14]]
)
async def test_a_refusal_shows_no_spelling_of_the_password(
    status: str, encoded: Callable[[str], str]
) -> None:
    """Neither in an envelope nor in plain text."""
    for body in (
        json.dumps({"status": "error", "error": f"bad {encoded(PASSWORD)}"}),
        f"bad {encoded(PASSWORD)}",
    ):
        with serving(says(body, status=status)) as server:
            asking = collector(server.place, access=LOGIN)
            with pytest.raises(SourceError) as caught:
                await asking.fetch()
            await asking.close()

        assert "hunter2" not in caught.value.message
        assert "Ym9iOmh1" not in caught.value.message
        if not status.startswith("200") or body.startswith("{"):
            assert LEFT_OUT in caught.value.message


async def test_why_a_scrape_fails_shows_no_spelling_of_the_password() -> None:
    """The words about targets come by another page than the figures, and are the server's all the same."""
    target = {"job": "erp", "instance": "a:80"}
    now = time()
    down = {"metric": {"__name__": "up", **target}, "values": [[now - 16, "1"], [now - 1, "0"]]}
    figures = prometheus(
        up=[down], counters=[one({"__name__": f"{METRIC}_bucket", "le": "+Inf", **target}, now - 16, "1")]
    )
    failing = json.dumps(
        {
            "status": "success",
            "data": {"activeTargets": [{"labels": target, "lastError": f"bad {quote(PASSWORD)}"}]},
        }
    )

    def behaviour(server: Server, write: Write, query: str) -> bool:
        if "/targets" in server.targets[-1]:
            return says(failing)(server, write, query)
        return figures(server, write, query)

    with serving(behaviour) as server:
        asking = collector(server.place, access=LOGIN)
        snapshot = await asking.fetch()
        await asking.close()

    assert isinstance(snapshot, PrometheusSnapshot)
    assert [scrape.error for scrape in snapshot.scrapes.values()] == [LEFT_OUT]
