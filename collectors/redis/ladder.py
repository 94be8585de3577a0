"""The buckets of Redis's own latency histograms: their bounds, and how an answer tells the counts.

LATENCY HISTOGRAM (Redis 7.0, every Valkey) counts the commands up to each bound, in whole microseconds, and
leaves out each bound at which the count does not rise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from collectors.redis.replies import Reply

MICROS = tuple(((1 << power) + (1 << (power - 7)) - 1) // 1000 for power in range(10, 30))
"""Finite upper bounds in microseconds.

The histogram counts nanoseconds with two digits, one bucket for each power of two from 2^10 on, up to the
largest number that it cannot tell from that power (HdrHistogram, Gil Tene); what it counts are whole
microseconds, so that cutting its bounds down to them moves nothing.
"""
SECONDS = tuple(micros / 1e6 for micros in MICROS)

_PLACES = {micros: place for place, micros in enumerate(MICROS)}
# Called 1,073,741 by the servers; anything longer than a second is counted as a second, and falls into it.
_LAST = range(1_000_000, 1_100_000)

Counts = tuple[int, ...]
"""Commands by bucket: one more than MICROS, the last above all bounds."""


class UnknownLadderError(ValueError):
    """Buckets that are none of these, or counts that contradict each other."""


def histograms(reply: Reply) -> dict[bytes, Counts]:
    """Return the counts by command's name out of an answer to LATENCY HISTOGRAM.

    Raises UnknownLadderError where the answer is not what the servers give that were looked at.
    """
    return {name: _counts(fields) for name, fields in _pairs(reply)}


def _counts(fields: Reply) -> Counts:
    told = dict(_pairs(fields))
    calls, buckets = told.get(b"calls"), told.get(b"histogram_usec")
    if not isinstance(calls, int) or calls < 0 or not isinstance(buckets, list) or len(buckets) % 2:
        raise UnknownLadderError("a command without calls or buckets")
    counts = [0] * (len(MICROS) + 1)
    filled, so_far = 0, 0
    for bound, count in zip(buckets[::2], buckets[1::2], strict=True):
        if not isinstance(bound, int) or not isinstance(count, int):
            raise UnknownLadderError("a bucket that is no number")
        place = _PLACES.get(bound, len(MICROS) if bound in _LAST else -1)
        if place < filled:
            raise UnknownLadderError(f"a bucket up to {bound} µs")
        counts[place] = count - so_far
        if counts[place] < 0:
            raise UnknownLadderError("counts that fall")
        filled, so_far = place + 1, count
    if so_far != calls:
        raise UnknownLadderError("another number of commands in the buckets than calls")
    return tuple(counts)


def _pairs(reply: Reply) -> Iterator[tuple[bytes, Reply]]:
    """Yield names and values of a flat list of both."""
    if not isinstance(reply, list) or len(reply) % 2:
        raise UnknownLadderError("no list of names and values")
    names: Sequence[Reply] = reply[::2]
    for name, value in zip(names, reply[1::2], strict=True):
        if not isinstance(name, bytes):
            raise UnknownLadderError("a name that is no text")
        yield name, value
