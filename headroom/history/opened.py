"""Whether the file that is written is still the one that its path names."""

from __future__ import annotations

from pathlib import Path

from headroom.history.records import HistoryError, HistoryGone


class OpenedFile:
    """The file at a path, remembered by device and inode.

    An open file that is deleted or moved goes on taking what is written, and nobody finds it again. While a
    connection holds it its inode is not given to another file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._found()

    def check(self) -> None:
        """Raise HistoryGone where the path no longer names the file."""
        if self._found() != self._known:
            raise self._gone()

    def _found(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise self._gone() from error
        except OSError as error:
            raise HistoryError(
                f"the history {self._path} cannot be reached: {error.strerror}; "
                "see what is there and who may use it"
            ) from error
        return status.st_dev, status.st_ino

    def _gone(self) -> HistoryGone:
        return HistoryGone(
            f"the history {self._path} was deleted or moved while Headroom collects into it; "
            "put it back, or start `headroom run` again"
        )
