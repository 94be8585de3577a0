"""The text of a file: of bounded size, never from a pipe or a device, and only UTF-8."""

from __future__ import annotations

import stat
from pathlib import Path

from headroom.config.problems import UnreadableError

MAX_BYTES = 1024 * 1024


def text_of(path: Path, most: int = MAX_BYTES) -> str:
    """Return the text of a file of at most `most` bytes, or raise UnreadableError, which quotes none."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a named pipe would wait for ever
            raise UnreadableError(
                None, "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file", "a file"
            )
        with path.open("rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise UnreadableError(None, "missing", "an existing file") from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "its name cannot be used").lower()
        raise UnreadableError(None, f"unreadable ({reason})", "a file that this user may read") from None
    if len(data) > most:
        raise UnreadableError(None, f"larger than {most // 1024} KiB", f"at most {most // 1024} KiB of text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableError(line, "not UTF-8", "UTF-8 text") from None
