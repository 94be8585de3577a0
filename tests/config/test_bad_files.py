"""One bad file for each rule of budgets.yaml, with exactly what is said of it beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from headroom.config import ConfigError, load

HERE = Path(__file__).parent
RULES = sorted(path.stem for path in (HERE / "bad").glob("*.yaml"))


def test_the_good_file_is_good() -> None:
    """The file that every bad one was made from by one change has nothing wrong with it."""
    assert [budget.id for budget in load(HERE / "good.yaml", {}).budgets] == ["api.login"]


def test_every_bad_file_has_its_message() -> None:
    """No message is kept without its file, and no file without its message."""
    assert sorted(path.stem for path in (HERE / "bad").glob("*.txt")) == RULES


@pytest.mark.parametrize("rule", RULES)
def test_a_bad_file(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is refused with file, line, key, what was found, what is allowed, and the nearest spelling."""
    monkeypatch.chdir(HERE / "bad")
    with pytest.raises(ConfigError) as refused:
        load(Path(f"{rule}.yaml"), {"EMPTY": ""})
    assert f"{refused.value}\n" == Path(f"{rule}.txt").read_text()
    assert refused.value.__cause__ is None  # a chained validation error would print its input
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
