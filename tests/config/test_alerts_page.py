"""The examples of docs/alerts.md work as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headroom.config import Config, load
from headroom.config.spec_alerts import AlertsSpec
from headroom.config.spec_channels import CHANNEL_KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text()
GOOD = (Path(__file__).parent / "good.yaml").read_text()
EXAMPLES = re.findall(r"(?s)```yaml\n(.*?)```", PAGE)


def loaded(example: str, folder: Path) -> Config:
    """Return the good file with an example at its end, and something for each variable."""
    path = folder / "budgets.yaml"
    path.write_text(GOOD + example)
    env = dict.fromkeys(re.findall(r"\$\{([A-Z_]+)\}", example), "https://127.0.0.1/hook")
    return load(path, {**env, "PD_KEY": 32 * "a", "NTFY_URL": "ntfy://127.0.0.1/topic"})


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example(example: str, tmp_path: Path) -> None:
    """The good file takes it."""
    assert loaded(example, tmp_path).budgets


def test_no_kind_and_no_key_is_left_out(tmp_path: Path) -> None:
    """Each kind of channel has an example, and each key of alerts stands on the page."""
    kinds = {channel.kind for example in EXAMPLES for channel in loaded(example, tmp_path).channels}
    assert kinds == set(CHANNEL_KINDS)
    assert {key for key in AlertsSpec.model_fields if not re.search(rf"(?m)^  {key}:", PAGE)} == set()
