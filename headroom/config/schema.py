"""The JSON Schema of budgets.yaml,  made of the types that check it: for editors and error messages."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from headroom.config.problems import Key
from headroom.config.spec import FileSpec
from headroom.config.spec_channels import KIND_TAG
from headroom.config.spec_measures import FORM_TAG

# Where the file may refer to a variable, its pattern is not the pattern of what stands there.
_REFERENCE = r"|\$\{[^{}]+\}"


def json_schema() -> dict[str, Any]:
    """Return the schema that is published as budgets.schema.json (draft 2020-12)."""
    schema: dict[str, Any] = _published(FileSpec.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "budgets.yaml", **schema}


def schema_text() -> str:
    """Return the schema as the file docs/budgets.schema.json holds it."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _published(node: Any) -> Any:
    if isinstance(node, list):
        return [_published(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _published(item) for key, item in node.items() if key not in {"title", "properties", "$defs"}
    }
    if "pattern" in kept:
        kept["pattern"] += _REFERENCE
    for names in ("properties", "$defs"):
        if names in node:
            kept[names] = {name: _published(item) for name, item in node[names].items()}
    return kept


@cache
def _schema() -> dict[str, Any]:
    return FileSpec.model_json_schema()


def schema_at(key: Key) -> dict[str, Any]:
    """Return the schema of what may stand at a key; empty where it has none.

    A part "form:NAME" chooses between the forms of a measure, "kind:NAME" between the kinds of channels.
    """
    node = _schema()
    for part in key:
        if isinstance(part, int):
            node = node.get("items", {})
        elif part.startswith(FORM_TAG):
            name = part.removeprefix(FORM_TAG)
            forms = (_resolved(form) for form in node.get("oneOf", ()))
            node = next((form for form in forms if name in form["properties"]), {})
        elif part.startswith(KIND_TAG) and "allOf" in node:
            kinds = (_resolved(choice["then"]) for choice in node["allOf"])
            kind = part.removeprefix(KIND_TAG)
            node = next((each for each in kinds if each["properties"]["kind"]["const"] == kind), {})
        else:
            named = [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
            node = node.get("properties", {}).get(part) or next((each for each in named if each), {})
        node = _resolved(node)
    return node


def _resolved(node: Any) -> dict[str, Any]:
    if not isinstance(node, dict):
        return {}
    parts = [each for each in node.get("anyOf", ()) if "$ref" in each]
    if len(parts) == 1:  # one that may be left out
        return _resolved(parts[0])
    if "$ref" in node:
        return {**_schema()["$defs"][node["$ref"].removeprefix("#/$defs/")], **node}
    return node
