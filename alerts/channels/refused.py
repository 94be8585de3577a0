"""JSON for a receiver that may refuse its form: then the same is said plainly, rather than not at all."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from time import monotonic
from typing import Any

from alerts.channels.discreet import in_address
from alerts.channels.post import Answer, accepted, exchange

_FORM = frozenset({400, 413, 422})
"""Answers that are about the message, not about who sends it or where to."""


def post_plainer(
    url: str,
    bodies: Sequence[Mapping[str, Any]],
    *,
    key: str,
    within: float,
    secrets: Collection[str] = (),
    ca: str = "",
) -> Answer:
    """Post the first body that the receiver takes and return its answer, or raise ChannelError.

    Args:
        url: never printed, since it may hold a token.
        bodies: the best one first, each plainer than the one before; the last one's refusal counts.
        key: the same for every attempt at one message.
        within: seconds for all of them together.
        secrets: what else than the url's parts the answer must not repeat.
        ca: a file of authorities that are trusted instead of the publicly known ones.
    """
    ends, hidden = monotonic() + within, (*in_address(url), *secrets)
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, "User-Agent": "headroom"}
    for body in bodies:
        left = max(0.1, ends - monotonic())
        answer = exchange("POST", url, encoded(body), headers, within=left, secrets=hidden, ca=ca)
        if answer.status not in _FORM:
            break
    return accepted(answer)


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return a body as it is sent; what it takes is what counts against a receiver's limit."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")
