"""A history whose file is taken away while a process collects into it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from headroom.history import History, HistoryError, HistoryGone, open_history
from tests.history import build


def replace(path: Path) -> None:
    """Put a copy in its place, as a restored backup is."""
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.replace(path)


@pytest.mark.parametrize(
    "take_away",
    [Path.unlink, replace, lambda path: path.parent.rename(path.parent.with_name("moved"))],
    ids=["deleted", "replaced", "folder moved"],
)
def test_nothing_is_written_into_a_file_that_is_gone(
    history: History, path: Path, take_away: Callable[[Path], object]
) -> None:
    """Whatever was to be written, the sentence says what happened and what to do."""
    history.record(build.cycle(1))
    take_away(path)
    said = (
        f"the history {path} was deleted or moved while Headroom collects into it; "
        "put it back, or start `headroom run` again"
    )

    with pytest.raises(HistoryGone) as recording:
        history.record(build.cycle(2))
    with pytest.raises(HistoryGone) as claiming:
        history.due_notices(build.moment(2), lease=timedelta(minutes=1))

    assert str(recording.value) == str(claiming.value) == said
    assert len(history.polls("metrics", build.START)) == 1


def test_a_file_that_is_put_back_is_written_again(history: History, path: Path) -> None:
    """The same file under its name is no other history."""
    history.record(build.cycle(1))
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(HistoryGone):
        history.record(build.cycle(2))
    path.with_name("elsewhere").rename(path)

    history.record(build.cycle(3))

    assert len(history.polls("metrics", build.START)) == 2


def test_a_path_that_cannot_be_followed_is_told_with_its_cause(history: History, path: Path) -> None:
    """A loop of links is neither there nor gone."""
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path)

    with pytest.raises(HistoryError) as caught:
        history.record(build.cycle(1))

    assert not isinstance(caught.value, HistoryGone)
    assert str(caught.value) == (
        f"the history {path} cannot be reached: Too many levels of symbolic links; "
        "see what is there and who may use it"
    )


def test_a_reader_is_not_held_up(history: History, path: Path) -> None:
    """Only writing could be lost."""
    history.record(build.cycle(1))
    with open_history(str(path), collecting=False) as reader:
        before = reader.last_polls()
        path.rename(path.with_name("elsewhere"))

        assert reader.last_polls() == before
