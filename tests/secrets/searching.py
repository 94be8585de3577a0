"""Looks for a word in everything that is left behind: files, tables, what is packed in them, and texts."""

from __future__ import annotations

import base64
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path


def hidden_in(data: bytes, word: str) -> bool:
    """Whether the word is in data: as it is, in UTF-16, in base64 or in hexadecimal, in any case."""
    lower = data.lower()
    plain = word.lower().encode()
    if any(form in lower for form in (plain, word.lower().encode("utf-16-le"), plain.hex().encode())):
        return True
    return any(form in data for form in _as_base64(word.encode()))


def _as_base64(word: bytes) -> Iterator[bytes]:
    """Yield the three forms of a word in base64, by where it begins, less what it shares with others."""
    for before in range(3):
        bits = 8 * (before + len(word))
        yield base64.b64encode(b"\0" * before + word)[-(-8 * before // 6) : bits // 6]


def found_in_file(path: Path, word: str) -> Iterator[str]:
    """Yield the places of a file that hold the word; of a SQLite database all its values, unpacked, too."""
    data = path.read_bytes()
    if hidden_in(data, word):
        yield f"{path.name}, as it lies on the disk"
    if data.startswith(b"SQLite format 3"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            for (table,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall():
                for row in connection.execute(f'SELECT * FROM "{table}"'):
                    if any(hidden_in(one, word) for value in row for one in unpacked(value)):
                        yield f"{path.name}, table {table}"
        connection.close()


def unpacked(value: object) -> Iterator[bytes]:
    """Yield what a value holds: itself, and what it is packed from."""
    if isinstance(value, str):
        yield value.encode("utf-8", "surrogatepass")
    if not isinstance(value, bytes):
        return
    yield value
    for bits in (zlib.MAX_WBITS, -zlib.MAX_WBITS, 32 + zlib.MAX_WBITS):
        for start in range(min(len(value), 16)):
            try:
                inner = zlib.decompressobj(bits).decompress(value[start:])
            except zlib.error:
                continue
            if len(inner) > 8:
                yield inner
