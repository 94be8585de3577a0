"""The promise that one process collects into a history: an operating-system lock on a file beside it."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from headroom.history.records import HistoryError, HistoryLocked


def held(history: Path) -> bool:
    """Tell whether a process collects into a history just now; nothing is made, and the lock is not kept."""
    try:
        file = os.open(history.with_name(history.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


class CollectingLock:
    """An exclusive lock on `<history>.lock`, held until `release` or the process ends, by kill -9 too.

    The file stays: removing it would let a third process lock a new file of the same name.
    """

    def __init__(self, history: Path) -> None:
        """Take the lock, or raise HistoryLocked."""
        path = history.with_name(history.name + ".lock")
        try:
            # Not inheritable by exec: a dashboard that outlives us must not hold the lock.
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise HistoryError(
                f"the history {history} cannot be written: {error.strerror} at {path}; "
                "let this user write to that folder, or name another file under `history:` in budgets.yaml"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 20, 0).decode("ascii", "replace").strip()
            os.close(self._file)
            if not isinstance(error, BlockingIOError):
                raise HistoryError(
                    f"the history {history} cannot be locked: {error.strerror}; put it on a local disk"
                ) from error
            process = f" (process {holder})" if holder.isdigit() else ""
            raise HistoryLocked(
                f"another Headroom is collecting into {history}{process}; "
                "stop it or name another file under `history:` in budgets.yaml"
            ) from error
        with suppress(OSError):  # a courtesy to whoever is refused; on a full disk the lock holds without it
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let the next process collect; a second call does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
