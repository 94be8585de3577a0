"""What a body weighs unpacked, and what packing would make of it; bounded in time and memory."""

from __future__ import annotations

import re
import zlib

MOST_PLAIN = 16 * 2**20
"""Bytes that are unpacked at most: a bomb may promise a thousand times what was sent."""
LEVEL = 6
"""The guide's, of gzip."""

_KNOWN = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "identity"})
_GZIP_OR_ZLIB, _RAW, _AS_GZIP = 47, -15, 31  # zlib's wbits
_BETWEEN = re.compile(r"\s*,\s*")


def encoding_of(header: str) -> str:
    """Return a Content-Encoding in lower case, "other" for a word that is none; "" where there is none."""
    words = [word for word in _BETWEEN.split(header[:200].strip().lower()) if word not in {"", "identity"}]
    return ", ".join(word if word in _KNOWN else "other" for word in words[:4])


def unpacked(body: bytes, encoding: str) -> bytes | None:
    """Return a body unpacked, at most `MOST_PLAIN` bytes of it; None where it cannot be."""
    if not encoding:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return None
    for bits in (_GZIP_OR_ZLIB, _RAW) if encoding == "deflate" else (_GZIP_OR_ZLIB,):
        try:
            return _inflated(body, bits)
        except zlib.error:
            continue
    return None


def _inflated(body: bytes, bits: int) -> bytes:
    pieces, room = [], MOST_PLAIN
    while body and room > 0:
        reader = zlib.decompressobj(bits)
        pieces.append(reader.decompress(body, room))
        room -= len(pieces[-1])
        body = reader.unused_data  # gzip may be several streams, one behind the other
        if not pieces[-1]:
            break
    return b"".join(pieces)


def packed(plain: bytes) -> int:
    """Return how many bytes gzip would make of a body at the guide's level."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, _AS_GZIP)
    return len(packer.compress(plain)) + len(packer.flush())
