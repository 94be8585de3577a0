"""Instant vectors of one Prometheus at one moment: few, bounded, and checked before anybody reads them."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from collectors.prometheus.bulk import in_bulk
from collectors.prometheus.wire.address import Address
from collectors.prometheus.wire.session import BoundedSession
from headroom.budgets import Reason
from headroom.observation import SourceError

Sample = tuple[dict[str, str], float]
"""Labels and value of one series."""

MOST = 20_000
"""Series of one answer."""
_UNSETTLED = 30.0
"""Seconds that VictoriaMetrics takes at most to show a whole scrape (its -search.latencyOffset)."""
_YEARS = (946_684_800.0, 4_102_444_800.0)
"""2000 to 2100: a server's clock outside is no clock."""


class Asking:
    """Asks one server what was true at `now`, by the server's clock."""

    def __init__(self, address: Address, session: BoundedSession) -> None:
        self._place = address.place
        self._url = f"{address.base}/api/v1/query"
        self._session = session
        self.now = 0.0

    def begin(self) -> None:
        """Read the server's clock; SourceError where it cannot be asked."""
        told = self._result("time()", {}, MOST)
        try:
            # VictoriaMetrics makes a vector of a scalar.
            vector = isinstance(told[0], dict)
            now = float(told[0]["value"][1]) - _UNSETTLED if vector else float(told[1])
        except (TypeError, ValueError, OverflowError, IndexError, KeyError):
            now = 0.0
        if not _YEARS[0] < now < _YEARS[1]:
            self._strange("no time in answer to time()")
        self.now = now

    def vector(self, text: str, most: int = MOST) -> list[Sample]:
        """Return the series of an instant vector; those whose value is no number are left out.

        Raises SourceError where the server refuses, or gives more than `most`, or something else.
        """
        result = self._result(text, {"time": f"{self.now:.3f}"}, most)
        if self._session.complaints:
            raise SourceError(
                Reason.NO_DATA,
                f"the answer of Prometheus at {self._place} is incomplete: "
                f"{'; '.join(self._session.complaints)}; see the stores behind it",
            )
        if not isinstance(result, list):
            self._strange("an answer that is no vector")
        if len(result) > most:
            raise SourceError(
                Reason.NO_DATA,
                f"too many series: {len(result)} or more at {self._place}, and {most} are read at most; drop "
                "labels with many values, such as raw URLs as path",
            )
        with in_bulk():
            return [sample for one in result if math.isfinite((sample := self._sample(one))[1])]

    def quotable(self, words: str, longest: int = 60) -> str:
        """Return a label's value as it may be shown: on one line, and nothing of our login."""
        return self._session.quotable(words, longest)

    def _sample(self, one: Any) -> Sample:
        try:
            labels, (_, text) = one["metric"], one.get("value") or (0, "NaN")  # native histograms have none
            value = float(text)
            fits = type(labels) is dict and all(type(word) is str for word in labels.values())
        except (TypeError, ValueError, KeyError, AttributeError):
            fits = False
        if not fits:
            self._strange("a series of another form")
        return labels, value

    def _result(self, text: str, params: dict[str, str], most: int) -> Any:
        bounds = {
            "query": text,
            "timeout": f"{round(self._session.left * 1000)}ms",
            # Not every server knows these, and those that do not ignore them.
            "limit": str(most + 1),
            "partial_response": "false",
            "deny_partial_response": "1",
            "nocache": "1",
        }
        answer = self._session.get(self._url, params={**params, **bounds})
        try:
            return answer.json()["data"]["result"]
        except (TypeError, KeyError):
            self._strange("an answer without data.result")

    def _strange(self, what: str) -> NoReturn:
        raise SourceError(
            Reason.UNREACHABLE,
            f"what answers at {self._place} is no Prometheus: {what}; is the address right?",
        ) from None


def named(metric: str, matchers: str = "") -> str:
    """Return the selector of a metric by its name, whatever signs it has."""
    name = f"__name__={json.dumps(metric, ensure_ascii=False)}"
    return f"{{{name},{matchers}}}" if matchers else f"{{{name}}}"
