"""Evidence and bounds as few bytes, without loss.

Counts are variable-length integers (LEB128). A number begins with a byte that says how it goes on, so that
integers stay integers, and the short decimals of bucket layouts and thresholds need 4 bytes instead of 8.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from functools import lru_cache

from headroom.bounds import Bounds
from headroom.evidence import Evidence, Gauge, Histogram, Moments, Ratio

Number = float | int | None

_NONE, _DOUBLE, _INTEGER, _NEGATIVE, _WHOLE, _MICRO = range(6)
_SHORT = 1 << 49  # what seven bytes of a variable-length integer hold: one more is no gain over a double
_PACK = struct.Struct("<d")


class Damaged(ValueError):  # noqa: N818 reads as a sentence where it is caught
    """Stored bytes are not what this module wrote."""


def encode(evidence: Evidence) -> tuple[str, bytes]:
    """Return the letter of the evidence's kind and its figures."""
    match evidence:
        case Histogram(bounds, counts, total):
            return "H", encode_layout(bounds) + b"".join(map(_count, counts)) + _number(total)
        case Moments(n, total, squares, cap):
            return "M", _numbers(n, total, squares, cap)
        case Ratio(part, whole):
            return "R", _numbers(part, whole)
        case Gauge(n, total, low, high, last, seconds):
            return "G", _numbers(n, total, low, high, last, seconds)


def decode(kind: str, figures: bytes) -> Evidence:
    """Return the evidence of `encode`, or raise Damaged."""
    reader = _Reader(figures)
    evidence: Evidence
    try:
        match kind:
            case "H":
                bounds = tuple(reader.float() for _ in range(reader.count()))
                counts = tuple(reader.count() for _ in range(len(bounds) + 1))
                evidence = Histogram(bounds, counts, reader.number())
            case "M":
                evidence = Moments(reader.int(), reader.float(), reader.float(), reader.number())
            case "R":
                evidence = Ratio(reader.float(), reader.float())
            case "G":
                evidence = Gauge(reader.int(), *(reader.float() for _ in range(5)))
            case _:
                raise Damaged(f"evidence of the unknown kind {kind!r}")
        reader.end()
    except (IndexError, struct.error, ValueError) as error:
        raise Damaged(f"{kind} evidence of {len(figures)} bytes: {error}") from error
    return evidence


def encode_bounds(bounds: Sequence[Bounds]) -> bytes:
    """Return the bounds as bytes; none at all need none."""
    return b"".join(
        _threshold(one.threshold) + _count(one.n) + _count(one.k_low) + _count(one.k_high) for one in bounds
    )


def decode_bounds(data: bytes) -> tuple[Bounds, ...]:
    """Return the bounds of `encode_bounds`, or raise Damaged."""
    reader = _Reader(data)
    bounds = []
    try:
        while not reader.ended:
            bounds.append(Bounds(reader.float(), reader.count(), reader.count(), reader.count()))
    except (IndexError, struct.error, ValueError) as error:
        raise Damaged(f"bounds of {len(data)} bytes: {error}") from error
    return tuple(bounds)


def _count(count: int) -> bytes:
    if count < 0x80:  # noqa: PLR2004 seven bits a byte
        return bytes((count,))
    encoded = bytearray()
    while count >= 0x80:  # noqa: PLR2004 seven bits a byte
        encoded.append(count & 0x7F | 0x80)
        count >>= 7
    encoded.append(count)
    return bytes(encoded)


def _number(number: Number) -> bytes:
    if number is None:
        return bytes((_NONE,))
    if isinstance(number, int):
        return bytes((_INTEGER,)) + _count(number) if number >= 0 else bytes((_NEGATIVE,)) + _count(-number)
    if 0 <= number < _SHORT and math.copysign(1.0, number) > 0:
        if number.is_integer():
            return bytes((_WHOLE,)) + _count(int(number))
        micro = round(number * 1e6)
        if micro < _SHORT and micro / 1e6 == number:
            return bytes((_MICRO,)) + _count(micro)
    return bytes((_DOUBLE,)) + _PACK.pack(number)


def _numbers(*numbers: Number) -> bytes:
    return b"".join(map(_threshold, numbers))


# The same few layouts and thresholds come with every part, and a gauge's one reading is four of its figures.
# What is equal is not always the same: 1 and 1.0 are kept apart by their types, 0.0 and -0.0 by not being
# remembered.
_remembered = lru_cache(maxsize=1_000, typed=True)(_number)


def _threshold(number: Number) -> bytes:
    return _remembered(number) if number else _number(number)


def encode_layout(bounds: tuple[float, ...]) -> bytes:
    """Return what the figures of a histogram begin with: its bounds."""
    return _count(len(bounds)) + b"".join(map(_threshold, bounds))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at == len(self._data)

    def end(self) -> None:
        if not self.ended:
            raise Damaged(f"{len(self._data) - self._at} bytes too many")

    def count(self) -> int:
        count = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            count |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 seven bits a byte
                return count
            shift += 7

    def number(self) -> Number:
        how = self._data[self._at]
        self._at += 1
        match how:
            case 0:
                return None
            case 1:
                (number,) = _PACK.unpack_from(self._data, self._at)
                self._at += _PACK.size
                return float(number)
            case 2:
                return self.count()
            case 3:
                return -self.count()
            case 4:
                return float(self.count())
            case 5:
                return self.count() / 1e6
            case _:
                raise Damaged(f"a number of the unknown form {how}")

    def float(self) -> float:
        number = self.number()
        if number is None:
            raise Damaged("a number is missing")
        return number

    def int(self) -> int:
        number = self.number()
        if not isinstance(number, int):
            raise Damaged("a whole number is missing")
        return number
