"""Routes and shell patterns: what they match, what they surely cover, and that no text takes them long."""

from __future__ import annotations

import re
from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from headroom.patterns import Token, _tokens, globs, of_status, routes, unpaired, within


@pytest.mark.parametrize(
    ("route", "matching", "others"),
    [
        (
            "/users/{id}",
            ["/users/{id}", "/users/:id", "/users/17"],
            ["/users/", "/users/17/wallet", "/users"],
        ),
        ("/users/:id", ["/users/17", "/users/:user"], ["/users/17/wallet", "/users/"]),
        ("/users/<int:id>/wallet", ["/users/17/wallet"], ["/users/17", "/users/17/x/wallet"]),
        ("/orders/{id:[0-9]+}/pay", ["/orders/x/pay"], ["/orders/pay"]),
        ("/files/{name}.pdf", ["/files/a.b.pdf"], ["/files/.pdf", "/files/a/b.pdf"]),
        (
            "/compare/{base}...{head}",
            ["/compare/main...dev"],
            ["/compare/main...", "/compare/a..b"],
        ),
        ("/items:batch", ["/items:batch"], ["/items:other", "/itemsx"]),
        ("/:a:b", ["/:a:b"], ["/x", "/x:b"]),
        ("/api/*/{id}", ["/api/v1/x/17", "/api//17"], ["/api/17", "/api/v1/"]),
        ("*/{id}", ["/a/b", "/b"], ["/a/"]),
        ("/x?", ["/xa", "/x?"], ["/x", "/x/", "/xab"]),
        ("/v[12]/[!a]", ["/v1/b"], ["/v3/b", "/v1/a", "/v1//"]),
        ("/v[2-1]", [], ["/v1", "/v2", "/v[2-1]"]),
        ("/Users", ["/Users"], ["/users", "/Users/"]),
        ("/a.b", ["/a.b"], ["/axb"]),
    ],
)
def test_routes(route: str, matching: list[str], others: list[str]) -> None:
    """A name stands for one segment, * for anything, and the rest for itself, in its own case."""
    pattern = routes([route])

    assert [path for path in matching if not pattern.match(path)] == []
    assert [path for path in others if pattern.match(path)] == []


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        ("acme*", ["acme", "acme/eu"], ["Acme", "x-acme"]),
        ("*", ["", "x\ny"], []),
        ("{id}", ["{id}"], ["17"]),
        ("a?b", ["a/b"], ["ab"]),
        ("[]]x", ["]x"], ["x"]),
        ("[!]", ["[!]"], ["a"]),
    ],
)
def test_globs(glob: str, matching: list[str], others: list[str]) -> None:
    """Labels know no segments."""
    pattern = globs([glob])

    assert [text for text in matching if not pattern.match(text)] == []
    assert [text for text in others if pattern.match(text)] == []


@pytest.mark.parametrize(
    ("status", "matching"),
    [
        ("2xx", ["200", "299", "2xx", "2XX"]),
        ("4XX", ["404"]),
        ("4*", ["404"]),
        ("40*", ["404"]),
        ("404", ["404"]),
    ],
)
def test_statuses(status: str, matching: list[str]) -> None:
    """A class of statuses has three signs, also where a metric has them in classes already."""
    pattern = globs([of_status(status)])

    assert [
        text for text in ("200", "299", "2xx", "2XX", "2000", "404", "") if pattern.match(text)
    ] == matching


@pytest.mark.parametrize("route", ["/{id", "/id}", "/<id", "/a>b", "/{}", "/{a/b}", "/{{id}}"])
def test_names_that_are_none(route: str) -> None:
    """A bracket that stands alone is a slip of the hand, not a path."""
    assert unpaired(route)


def oracle(tokens: list[Token], text: str) -> bool:
    """Tell whether tokens match a text by trying everything: pairs of a token and whether it began."""
    states = _closed(tokens, {(0, False)})
    for sign in text:
        states = _closed(tokens, {after for state in states for after in _step(tokens, state, sign)})
    return any(place == len(tokens) for place, _ in states)


def _step(tokens: list[Token], state: tuple[int, bool], sign: str) -> set[tuple[int, bool]]:
    place, _ = state
    if place == len(tokens):
        return set()
    kind, text = tokens[place]
    if kind == "star":
        return {(place, False)}
    if kind == "segment":
        return {(place, True)} if sign != "/" else set()
    fits = {"one": True, "sign": sign == text}.get(kind, kind == "set" and bool(re.fullmatch(text, sign)))
    return {(place + 1, False)} if fits else set()


def _closed(tokens: list[Token], states: set[tuple[int, bool]]) -> set[tuple[int, bool]]:
    while True:
        more = {
            (place + 1, False)
            for place, began in states
            if place < len(tokens)
            and (tokens[place][0] == "star" or (tokens[place][0] == "segment" and began))
        }
        if more <= states:
            return states
        states |= more


pieces = st.sampled_from(["*", "?", "{x}", "<y>", "[ab]", "[!a]", "/", "/:z/", "a", "b"])
patterns = st.lists(pieces, max_size=8).map(lambda some: "/" + "".join(some))
paths = st.text("/ab", max_size=10).map(lambda text: "/" + text)


@settings(max_examples=1500, deadline=None)
@given(patterns, paths, st.booleans())
@example("/a{x}b{y}*b", "/aabbab/b", True)  # noqa: FBT003 hypothesis takes its arguments by place
def test_nothing_is_missed_and_nothing_invented(pattern: str, path: str, route: bool) -> None:
    """What is never tried twice finds what trying everything finds."""
    compiled = (routes if route else globs)([pattern])

    assert bool(compiled.match(path)) == oracle(_tokens(pattern, route=route), path)


@settings(max_examples=1500, deadline=None)
@given(patterns, patterns, paths, st.booleans())
def test_what_is_covered_is_matched(narrow: str, wide: str, path: str, route: bool) -> None:
    """A class is refused as unreachable only where the earlier one really takes all that it would."""
    compiled = routes if route else globs
    if within(narrow, wide, route=route) and compiled([narrow]).match(path):
        assert compiled([wide]).match(path)


@pytest.mark.parametrize(
    ("narrow", "wide", "covered"),
    [
        ("/users/me", "/users/{id}", True),
        ("/users/:id", "/users/<name>", True),
        ("/users/{id}", "/users/*", True),
        ("/users/*", "/users/{id}", False),
        ("/{name}", "/*name*", False),
        ("/users/{id}/x", "/users/{id}", False),
        ("/[ab]", "/{x}", True),
        ("/[ab]", "/[ab]", True),
        ("/[ab]", "/[!c]", False),
        ("/a\U00100000", "/*", False),
    ],
)
def test_what_is_surely_covered(narrow: str, wide: str, covered: bool) -> None:
    """Names of segments are no texts: what a pattern looks like is not what it matches."""
    assert within(narrow, wide, route=True) is covered


@pytest.mark.parametrize(
    "route",
    ["/" + "*a{x}b{y}" * 50 + "c", "/" + "{x}" * 150 + "c", "/" + "{x}/*" * 90 + "c", "/" + "*" * 490 + "c"],
)
def test_no_route_takes_long(route: str) -> None:
    """A pattern of 500 signs against a path that nearly fits, told 1,000 times within three seconds."""
    pattern = routes([route])
    nearly = ["/" + "ab" * 99, "/" + "a/" * 99, "/" + "a" * 199]
    started = process_time()

    assert [pattern.match(path) for _ in range(333) for path in nearly].count(None) == 999

    assert process_time() - started < 3
