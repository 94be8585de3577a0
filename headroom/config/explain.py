"""Validation errors in Headroom's words: what was found and what is allowed, read off the schema."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

from headroom.config.document import Document
from headroom.config.problems import Key, Problem, closest, one_of, quoted, spelled
from headroom.config.schema import schema_at
from headroom.config.spec_channels import KIND_TAG
from headroom.config.spec_measures import FORM_KEYS, FORM_TAG

_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


def key_of(error: ErrorDetails) -> Key:
    """Return where in the file an error lies."""
    where = error["loc"]
    if where[:2] == ("alerts", "channels") and str(where[3:]).startswith(f"('{KIND_TAG}"):
        return where[:3] + where[4:]  # by its place: a header may be called the same
    return tuple(part for part in where if not (isinstance(part, str) and part.startswith(FORM_TAG)))


def explained(error: ErrorDetails, document: Document) -> Problem:
    """Return the problem behind a validation error; its input, which may be a secret, is not looked at."""
    where, key = tuple(error["loc"]), key_of(error)
    if where[-1] == "[key]":  # not the value is wrong but its name
        found = f"{quoted(str(key[-2]))}, {error['ctx']['what']}"
        return Problem(document.line(key[:-1]), spelled(key[:-1]), found, error["ctx"]["allowed"])
    while key and not document.holds(key) and error["type"] != "missing":
        where, key = where[:-1], key[:-1]  # the only text of what may be a list has no place of its own
    line, shown, hint = document.line(key), document.shown(key), ""
    match error["type"]:
        case "extra_forbidden":
            known = tuple(schema_at(where[:-1]).get("properties", {}))
            found, allowed, hint = "an unknown key", one_of(known), closest(key[-1], known)
            if key[-1] in FORM_KEYS and "measure" in key:
                found, allowed, hint = "a second measure", "exactly one of " + one_of(FORM_KEYS), ""
        case "missing":
            found, allowed = "nothing", _allowed(schema_at(where))
        case "wrong":
            found, allowed = f"{shown}, {error['ctx']['what']}", error["ctx"]["allowed"]
        case "union_tag_not_found":
            return (_kindless if key[0] == "alerts" else _wordless)(key, document)
        case "too_short":
            found, allowed = shown.replace("a ", "an empty "), "at least one entry"
        case "too_long":
            found, allowed = f"{shown} that is too long", f"at most {error['ctx']['max_length']} entries"
        case _:
            schema = schema_at(where)
            found, allowed = shown, _allowed(schema)
            hint = closest(document.at(key), _words(schema))
    return Problem(line, spelled(key), found, allowed, hint)


def _wordless(key: Key, document: Document) -> Problem:
    """Return the problem with a measure without a word for what is measured."""
    written = document.at(key)
    found = "no word for what is measured" if isinstance(written, dict) else document.shown(key)
    words = written if isinstance(written, dict) else ()
    hint = next(filter(None, (closest(word, FORM_KEYS) for word in words)), "")
    return Problem(document.line(key), spelled(key), found, _allowed(schema_at(key)), hint)


def _kindless(key: Key, document: Document) -> Problem:
    """Return the problem with a channel of which nobody knows what it is."""
    written = document.at(key)
    kinds = _words(schema_at((*key, "kind")))
    if not isinstance(written, dict):
        # Its address may have been written where its keys should be.
        found = "a text" if isinstance(written, str) else document.shown(key)
        allowed = "a mapping with kind: " + one_of(kinds)
        return Problem(document.line(key), spelled(key), found, allowed)
    key = (*key, "kind")
    hint = closest(written.get("kind", ""), kinds)
    return Problem(document.line(key), spelled(key), document.shown(key), one_of(kinds), hint)


def _words(schema: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(word) for word in schema.get("enum", ()))


def _allowed(schema: dict[str, Any]) -> str:
    if "patternErrorMessage" in schema:
        return str(schema["patternErrorMessage"]).removeprefix("allowed: ")
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return one_of(_words(schema))
    if "oneOf" in schema:
        return "a mapping with exactly one of " + one_of(FORM_KEYS)
    kinds = [_kind(each) for each in schema.get("anyOf", (schema,))]
    if schema.get("properties"):
        return f"a mapping with {one_of(schema['properties'])}"
    return " or ".join(kind for kind in kinds if kind) or "another value"


def _kind(schema: dict[str, Any]) -> str:
    kind = _TYPES.get(schema.get("type", ""), "")
    least, most = schema.get("minimum"), schema.get("maximum")
    return kind if least is None or most is None else f"{kind} from {least} to {most}"
