"""The text of a file as the history keeps it: its lines, without a secret and without its comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from headroom.config.document import Document
from headroom.config.problems import Key
from headroom.config.urls import hidden, is_address, is_secret, masked, without_secrets

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ANCHOR = re.compile(r"&\S+\s+")
_REMARK = re.compile(r"#[^\n]*")
_HEAD = re.compile(r"([|>][0-9+-]{0,2}[ \t]+#)[^\n]*")


def stored(text: str, document: Document) -> str:
    """Return a file's text with every secret hidden, wherever its value stands, and every comment empty.

    A channel that was commented out keeps its address and its keys, in whatever form somebody left them.

    Args:
        text: the file.
        document: what was read from it.
    """
    secrets = {_spelled(value) for key, value in _leaves(document.value, ()) if is_secret(key)}
    addresses = {_spelled(value) for key, value in _leaves(document.value, ()) if _is_hidden_address(key)}
    spans: list[tuple[int, int, str]] = [*_comments(text)]
    for key, value, start, end in document.scalars:
        word = _spelled(value)
        if word is None:
            continue
        if is_secret(key) or word in secrets:
            kept = masked(word)
        elif _is_hidden_address(key) or word in addresses:
            kept = hidden(word)
        else:
            continue
        written = text[start:end]
        anchor = _ANCHOR.match(written)
        ending = "\n" if written.endswith("\n") else ""  # a block of lines ends with its last one
        spans.append((start, end, f'{anchor[0] if anchor else ""}"{kept}"{ending}'))
    behind = len(text)
    for start, end, kept in sorted(spans, reverse=True):
        if end <= behind:  # else a comment inside what is hidden
            text, behind = text[:start] + kept + text[end:], start
    return without_secrets(text)


def _leaves(value: Any, key: Key) -> Iterator[tuple[Key, Any]]:
    """Yield each scalar that stands at a key, also where an alias put it there."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*key, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*key, index))
    else:
        yield key, value


def _is_hidden_address(key: Key) -> bool:
    return key[:1] == ("alerts",) and is_address(key)


def _spelled(value: Any) -> str | None:
    """Return a scalar as text; nothing and yes-or-no are no secrets."""
    return None if value is None or isinstance(value, bool) else str(value)


def _comments(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a comment begins and ends; what is no part of a token can be nothing else."""
    behind = 0
    for token in yaml.scan(text, Loader=_Loader):
        assert token.start_mark is not None
        assert token.end_mark is not None
        start, end = token.start_mark.index, token.end_mark.index
        yield from _remarks(text, behind, start)
        block = isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}
        if block and (head := _HEAD.match(text, start)):
            yield head.end(1), head.end(), ""
        behind = max(behind, end)
    yield from _remarks(text, behind, len(text))


def _remarks(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    for remark in _REMARK.finditer(text, start, end):
        yield remark.start() + 1, remark.end(), ""
