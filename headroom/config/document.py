"""A YAML file as plain values and the line of each: bounded, without tags, without a key written twice.

Scalars follow YAML's core schema, so `no`, `12:30` and `2026-04-08` stay the texts that they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from headroom.config.problems import Key, Problem, UnreadableError, quoted, spelled
from headroom.config.urls import is_address, is_secret, masked

MAX_VALUES = 20_000
MAX_DEPTH = 20
_CONTENT = "version, sources, classes, budgets and alerts, as in the budgets.yaml that `headroom init` writes"

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads ten times as fast, where it is there
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://|\$\{[^}]*\}(?:://|$)")
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,15}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,15}|[0-9]{1,15}\.[0-9]{0,15})(?:[eE][-+]?[0-9]{1,2})?")


@dataclass(slots=True)
class Document:
    """The values of a file as written, before any `${NAME}` is replaced.

    Attributes:
        value: nested dicts, lists, texts, numbers, yes-or-no and None.
        lines: the line of each key and list item, from 1.
        problems: keys written twice and the like: what else is there can still be checked.
        scalars: each with its key, and where it begins (with its anchor) and ends in the text.
    """

    value: Any = None
    lines: dict[Key, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    scalars: list[tuple[Key, Any, int, int]] = field(default_factory=list)

    def line(self, key: Key) -> int | None:
        """Return the line of a key, or of the nearest thing around it that the file holds."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key)

    def holds(self, key: Key) -> bool:
        """Tell whether the file has this key."""
        return key in self.lines or self.at(key) is not None

    def at(self, key: Key) -> Any:
        """Return the value as written at a key, None where there is none."""
        return value_at(self.value, key)

    def size(self, key: Key) -> int:
        """Return how many entries stand at a key."""
        value = self.at(key)
        return len(value) if isinstance(value, dict | list) else 0

    def problem(self, key: Key, what: str, allowed: str, hint: str = "") -> Problem:
        """Return the problem with what stands at a key; a mapping or list is not quoted, `what` names it."""
        found = what if isinstance(self.at(key), dict | list) else f"{self.shown(key)}, {what}"
        return Problem(self.line(key), spelled(key), found, allowed, hint)

    def shown(self, key: Key) -> str:
        """Return what stands at a key, as an error message may show it."""
        value = self.at(key)
        if isinstance(value, bool):
            return "true" if value else "false"
        if is_secret(key) and isinstance(value, str | int | float):
            word = masked(str(value))
            return quoted(word) if word == value else "a secret"
        if not isinstance(value, str):
            return {type(None): "nothing", dict: "a mapping", list: "a list"}.get(type(value), str(value))
        if is_address(key) and not _SCHEME.match(value):
            return "a text without a scheme"  # a password in the wrong place is still a password
        return quoted(value)


def value_at(value: Any, key: Key) -> Any:
    """Return what stands at a key inside nested dicts and lists, None where there is nothing."""
    for part in key:
        if not isinstance(value, dict | list):
            return None
        holder: Any = value
        try:
            value = holder[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def parse(text: str) -> Document:
    """Return the values of a YAML text, or raise UnreadableError where it is none, no mapping, or a trap."""
    document = Document()
    try:
        _Builder(document, yaml.parse(text, Loader=_Loader)).build()
    except yaml.YAMLError as error:
        raise _explained(error, text) from None
    if document.value is None:
        raise UnreadableError(None, "an empty file", _CONTENT)
    if not isinstance(document.value, dict):
        raise UnreadableError(
            1, document.shown(()) if isinstance(document.value, list) else "a single value", _CONTENT
        )
    return document


def _explained(error: yaml.YAMLError, text: str) -> UnreadableError:
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # the reader's own error: a character that YAML forbids
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position if isinstance(position, int) else 0) + 1
        return UnreadableError(line, "a control character", "printable text")
    lines = text.splitlines()
    written = lines[mark.line] if mark.line < len(lines) else ""
    if (
        "\t" in written[: len(written) - len(written.lstrip())]
        or written[mark.column : mark.column + 1] == "\t"
    ):
        return UnreadableError(mark.line + 1, "a tab", "spaces to indent")
    reason = str(getattr(error, "problem", None) or "it cannot be read")
    start = getattr(error, "context_mark", None)
    if start is not None and start.line < mark.line:
        reason = f"{error.context} that begins in line {start.line + 1}: {reason}"  # type: ignore[attr-defined]
    if any("${" in line for line in lines[max(0, mark.line - 1) : mark.line + 1]):
        allowed = 'YAML; inside { } and [ ] a reference needs quotes: "${NAME}"'
        return UnreadableError(mark.line + 1, f"invalid YAML ({reason})", allowed)
    allowed = "YAML; look at the quotes, colons, brackets and indentation around this line"
    return UnreadableError(mark.line + 1, f"invalid YAML ({reason})", allowed)


class _Builder:
    """Turns the parser's events into values; sizes and depth are bounded before anything is built."""

    def __init__(self, document: Document, events: Iterator[yaml.Event]) -> None:
        self.document = document
        self.events = events
        self.count = 0
        self.anchors: dict[str, tuple[Any, int] | None] = {}

    def build(self) -> None:
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise UnreadableError(_line(event), "a second document (---)", "one document")
                self.document.value = self.value(next(self.events), ())

    def value(self, event: yaml.Event, key: Key) -> Any:
        line = _line(event)
        self.document.lines.setdefault(key, line)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(str(event.anchor), line, key)
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise UnreadableError(line, f"the tag {quoted(tag)}", "plain values without tags", key)
        if len(key) > MAX_DEPTH:
            raise UnreadableError(line, f"more than {MAX_DEPTH} levels", f"at most {MAX_DEPTH} levels", key)
        anchor, before = getattr(event, "anchor", None), self.count
        if anchor:
            self.anchors[anchor] = None
        self.grow(1, line, key)
        value: Any
        if isinstance(event, yaml.MappingStartEvent):
            value = self.mapping(key)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = []
            while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
                value.append(self.value(event, (*key, len(value))))
        else:
            assert isinstance(event, yaml.ScalarEvent)
            value = _scalar(event.value) if event.implicit[0] else event.value
            assert event.start_mark is not None
            assert event.end_mark is not None
            self.document.scalars.append((key, value, event.start_mark.index, event.end_mark.index))
        if anchor:
            self.anchors[anchor] = (value, self.count - before)
        return value

    def mapping(self, key: Key) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise UnreadableError(line, "a key that is no text", "a text as key", key)
            inner = (*key, event.value)
            first = self.document.lines.get(inner)
            if event.value not in values:
                self.document.lines[inner] = line
                values[event.value] = self.value(next(self.events), inner)
                continue
            # The second value is read, but under a key of its own, so that the first one's lines stay right.
            self.value(next(self.events), (*key, f"{event.value} (again)"))
            self.document.problems.append(
                Problem(
                    line, spelled(inner), f"the key a second time (first in line {first})", "each key once"
                )
            )
        return values

    def alias(self, anchor: str, line: int, key: Key) -> Any:
        if anchor not in self.anchors:
            raise UnreadableError(
                line, f"*{anchor}, but no &{anchor} before it", "the name of an anchor", key
            )
        known = self.anchors[anchor]
        if known is None:
            raise UnreadableError(line, f"*{anchor} inside what it names", "aliases without circles", key)
        value, size = known
        self.grow(size, line, key)  # each use is validated anew: a few lines could ask for a billion values
        return value

    def grow(self, size: int, line: int, key: Key) -> None:
        self.count += size
        if self.count > MAX_VALUES:
            raise UnreadableError(
                line,
                f"more than {MAX_VALUES} values, with each alias (*name) written out",
                f"at most {MAX_VALUES}",
                key,
            )


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.line + 1


def _scalar(text: str) -> Any:
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
