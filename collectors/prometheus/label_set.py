"""Whose counters a series holds: its label set, as far as targets, classes and sentences need it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from collectors.prometheus.asked import Asked, Target, named
from collectors.prometheus.samples import StrangeAnswerError, target_of
from collectors.prometheus.words import printable

_LONGEST = 200
"""How much of a label is kept; classes are told by far less."""


@dataclass(frozen=True, slots=True)
class LabelSet:
    """One label set of a histogram.

    Attributes:
        key: identifies it, `le` and the metric's name left out.
        labels: further labels that classes are told by, sorted, as far as it has them.
    """

    key: str
    target: Target
    method: str
    path: str
    status: str
    labels: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, labels: Mapping[str, str], asked: Asked, further: Sequence[str]) -> LabelSet:
        """Return the label set of a series, `further` being `asked.labels`; raise StrangeAnswerError."""
        try:
            spelled = "\0".join([f"{name}\1{labels[name]}" for name in sorted(labels)])
            key = blake2b(spelled.encode(errors="surrogatepass"), digest_size=10).hexdigest()
            method, path, status = [text[:_LONGEST] for text in asked.endpoints.request(labels)]
            kept = tuple([(name, labels[name][:_LONGEST]) for name in further if name in labels])
        except (TypeError, AttributeError):
            raise StrangeAnswerError("labels that are no texts") from None
        return cls(key, target_of(labels), method, path, status, kept)

    def broken(self, metric: str, why: object) -> str:
        """Return the sentence about counters of it that are unfit."""
        what = f"{self.method} {self.path} of {named(self.target)}".strip()
        return f"{printable(metric)} of {printable(what)}: {why}"
