"""The JSON Schema is made of the types that check the file, and says what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from headroom.config.document import parse
from headroom.config.schema import json_schema, schema_text

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "budgets.yaml"


def errors(value: Any) -> list[str]:
    """Return what an editor would underline."""
    return [error.json_path for error in jsonschema.Draft202012Validator(json_schema()).iter_errors(value)]


def test_the_committed_schema_is_current() -> None:
    """The file is what the types give; `python -c` with `schema_text()` writes it anew."""
    assert (ROOT / "docs" / "budgets.schema.json").read_text() == schema_text()


def test_the_schema_is_a_schema() -> None:
    """Validators accept it."""
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_the_shipped_file_names_it_and_keeps_it() -> None:
    """Editors find the schema by the file's first line, and have nothing to complain of."""
    text = SHIPPED.read_text()
    assert text.splitlines()[0] == "# yaml-language-server: $schema=docs/budgets.schema.json"
    assert errors(parse(text).value) == []


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("unknown-key", "$.budgets[0]"),
        ("not-a-duration", "$.budgets[0].limits[0].max"),
        ("limit-without-statistic", "$.budgets[0].limits[0]"),
        ("unknown-statistic", "$.budgets[0].limits[0].statistic"),
        ("unknown-source-kind", "$.sources['erp-db'].kind"),
        ("window-zero", None),
        ("id-with-capitals", "$.budgets[0].id"),
        ("version-2", "$.version"),
        ("review-by-not-a-date", "$.budgets[0].review_by"),
        ("connections-of-nothing", "$.budgets[0].measure"),
        ("channel-of-an-unknown-kind", "$.alerts.channels.ops.kind"),
        ("channel-without-kind", "$.alerts.channels.ops"),
        ("channel-with-a-key-of-another-kind", "$.alerts.channels.ops"),
        ("channel-at-most-spelled-otherwise", "$.alerts.channels.ops.at_most"),
        ("pagerduty-key-too-short", "$.alerts.channels.ops.routing_key"),
        ("email-port-out-of-range", "$.alerts.channels.ops.port"),
        ("alertmanager-without-urls", "$.alerts.channels.ops.urls"),
        ("maintenance-begins-without-a-time", "$.alerts.maintenance[0].begins"),
        ("hours-past-midnight", "$.alerts.routes[0].hours"),
        ("maintenance-repeat-never-comes", None),
        ("serve-beyond-loopback", None),
    ],
)
def test_editors_see_what_headroom_refuses(rule: str, path: str | None) -> None:
    """What can be seen without looking further is marked at its place; the rest is Headroom's."""
    bad = Path(__file__).parent / "bad" / f"{rule}.yaml"
    found = errors(parse(bad.read_text()).value)
    assert path in found if path else found == []


def test_a_file_that_says_everything_of_alerts_keeps_it() -> None:
    """Editors have nothing to complain of in any kind of channel, whatever may be one or several."""
    assert errors(parse((Path(__file__).parent / "alerts.yaml").read_text()).value) == []


def test_references_are_allowed_where_patterns_are() -> None:
    """An editor does not complain of a variable in the place of a duration."""
    value = parse(SHIPPED.read_text()).value
    value["budgets"][0]["window"] = "${WINDOW}"
    assert errors(value) == []


def test_every_key_is_described() -> None:
    """Editors show a sentence for each key, and the defaults of those that may be left out."""
    schema = json_schema()
    plain = [
        f"{name}.{key}"
        for name, part in {**schema["$defs"], "FileSpec": schema}.items()
        for key, value in part.get("properties", {}).items()
        if not value.get("description")
    ]
    assert plain == []
    budget = schema["$defs"]["BudgetSpec"]["properties"]
    defaults = {key: budget[key]["default"] for key in ("window", "for", "recover_for")}
    assert defaults == {"window": "5m", "for": "1m", "recover_for": "2m"}
    assert schema["$defs"]["SourceSpec"]["properties"]["every"]["default"] == "15s"
    assert schema["$defs"]["LimitSpec"]["properties"]["severity"]["default"] == "critical"
