"""The answer to a range selector, series by series, checked before anybody reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.prometheus.asked import Target
from collectors.prometheus.words import printable

_JITTER = 1.0
"""How many seconds a sample may lie outside the span asked for: servers round the span's ends."""


class StrangeAnswerError(Exception):
    """An answer that is no answer to a range selector; the text says in what."""


def series_of(
    result: object, now: float, window: float
) -> Iterator[tuple[dict[str, str], list[tuple[float, str]]]]:
    """Yield labels and samples (time stamp, text of the value), oldest first, of each series with samples.

    Only the newest sample's time stamp is checked; who reads the others checks them.
    Raises StrangeAnswerError where the answer has another form, or samples of another time.
    """
    if not isinstance(result, list):
        raise StrangeAnswerError(f"a {type(result).__name__} instead of a list of series")
    earliest, latest = now - window - _JITTER, now + _JITTER
    for one in result:
        try:
            labels, values = one["metric"], one.get("values")
            if not values:  # a native histogram has none, see below
                continue
            at, text = values[-1]
            fits = earliest <= at <= latest and type(text) is str and type(labels) is dict
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise StrangeAnswerError(f"a series of another form ({type(error).__name__})") from None
        if not fits:
            raise StrangeAnswerError("samples of another time or type than was asked for")
        yield labels, values


def living(values: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """Return the samples of a counter without the stale markers at their end.

    Prometheus hides them; VictoriaMetrics tells them as NaN, with the time stamp of the scrape that failed or
    went without the series. A counter that is nothing but NaN stays what it is.
    """
    end = len(values)
    try:
        while end and values[end - 1][1] == "NaN":
            end -= 1
        if end in {0, len(values)}:
            return values
        at, text = values[end - 1]
        if not (type(at) in {int, float} and 0 <= at <= values[-1][0] and type(text) is str):
            raise TypeError  # noqa: TRY301 whatever has another form ends alike
    except (TypeError, ValueError, KeyError, IndexError):
        raise StrangeAnswerError("samples of another time or type than was asked for") from None
    return values[:end]


def native_series_of(
    result: object, now: float, window: float
) -> Iterator[tuple[dict[str, str], float, object]]:
    """Yield labels, time stamp and newest native histogram, unchecked, of each series that has any.

    Raises StrangeAnswerError as `series_of` does, whose business all other series are.
    """
    earliest, latest = now - window - _JITTER, now + _JITTER
    for one in result if isinstance(result, list) else ():
        if not isinstance(one, dict) or not one.get("histograms"):
            continue
        try:
            histograms = one["histograms"]
            labels, (at, told) = one["metric"], histograms[-1]
            fits = earliest <= at <= latest and type(labels) is dict
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise StrangeAnswerError(f"a series of another form ({type(error).__name__})") from None
        if not fits:
            raise StrangeAnswerError("samples of another time or type than was asked for")
        yield labels, at, told


def target_of(labels: Mapping[str, Any]) -> Target:
    """Return job and instance, fit to be stored and shown."""
    return _plain(labels.get("job", "")), _plain(labels.get("instance", ""))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) and value.isprintable() and len(value) <= 200 else printable(value)  # noqa: PLR2004 as long as printable's own
