"""All that the demo's receivers were told: one line of a file for each message, and a sentence."""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LONGEST_WORD = 80
LONGEST_TITLE = 200


class Inbox:
    """Written to by the threads of all receivers; each message is one line of `file`."""

    def __init__(self, file: Path, say: Callable[[str], None]) -> None:
        self._file = file
        self._say = say
        self._writing = threading.Lock()

    def keep(self, channel: str, message: Mapping[str, Any], sentence: str) -> None:
        """Writes a message down, with its channel and the time, and says the sentence.

        Args:
            channel: who received it.
            message: what can be written as JSON.
            sentence: one line that is safe to print.
        """
        received_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"channel": channel, **message, "received_at": received_at})
        with self._writing, self._file.open("a", encoding="ascii") as file:
            file.write(line + "\n")
        self._say(sentence)


def plain(value: object, longest: int = LONGEST_WORD) -> str:
    """Returns what was received so that it can be printed: bounded, in one line, no control characters."""
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(character if character.isprintable() else "?" for character in text[:longest])
