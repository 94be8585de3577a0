"""What one Prometheus says of itself: its version, its clock, and what it notes beside its answers.

The questions are few and bounded like every poll; what is made of the answers is pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

import requests

from collectors.prometheus.asked import Target
from collectors.prometheus.samples import target_of
from collectors.prometheus.words import listed, printable
from headroom.checks import Check, State
from headroom.clocks import skewed
from headroom.observation import SourceError

HIDDEN = 30.0
"""Seconds of the newest samples that VictoriaMetrics holds back (-search.latencyOffset)."""
OLDEST = (2, 26)
"""The first Prometheus that tells the type of a histogram's parts as they are read here; 2020."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the server said, none of which is needed for a poll.

    Attributes:
        version: "2.42.0"; empty where it does not tell.
        victoria: it is VictoriaMetrics, whatever version it gives.
        ahead: by how many seconds the server's clock is before ours at least and at most; None where it
            does not tell.
        declared: by histogram that was asked about, the targets that declare it.
        doubled: targets, as sentences name them, for which several `up` series exist.
        complaints, remarks: warnings and notes beside the answers.
        refused: questions that it did not answer, with its words.
    """

    version: str = ""
    victoria: bool = False
    ahead: tuple[float, float] | None = None
    declared: Mapping[str, tuple[Target, ...]] = field(default_factory=dict)
    doubled: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


class Questions:
    """Asks over a session that bounds time and bytes; what is refused is said, not raised."""

    def __init__(self, base: str, session: Any) -> None:
        self._base = base
        self._session = session
        self._date = ""
        self._complaints: tuple[str, ...] = ()
        self._remarks: tuple[str, ...] = ()
        self._refused: list[str] = []

    def ask(self, silent: Iterable[str] = ()) -> Answers:
        """Return the answers; raises nothing that a server could cause.

        `silent` are histograms of which it is to be told who declares them.
        """
        self._session.hooks["response"].append(self._note)
        try:
            build = self._get("/api/v1/status/buildinfo")
            began = time()
            clock = self._query("time()")
            ended = time()
            date = self._date
            doubled = self._query("count by (job, instance) (up) > 1")
            declared = {metric: self._declaring(metric) for metric in silent}
        finally:
            self._session.hooks["response"].remove(self._note)
        victoria = isinstance(clock, list) and bool(clock) and isinstance(clock[0], dict)
        return Answers(
            version=printable(build.get("version", ""), 40) if isinstance(build, dict) else "",
            victoria=victoria,
            ahead=_ahead(_number(clock), date, began, ended),
            declared=declared,
            doubled=tuple(_labels(one) for one in doubled[:5]) if isinstance(doubled, list) else (),
            complaints=tuple(dict.fromkeys(self._complaints)),
            remarks=tuple(dict.fromkeys(self._remarks)),
            refused=tuple(self._refused),
        )

    def _note(self, response: requests.Response, **_: Any) -> None:
        self._date = response.headers.get("Date", "")

    def _declaring(self, metric: str) -> tuple[Target, ...]:
        rows = self._get("/api/v1/targets/metadata", metric=metric, limit="100")
        try:
            found = [target_of(row["target"]) for row in rows or () if row["type"] == "histogram"]
        except (TypeError, KeyError, AttributeError):
            return ()
        return tuple(dict.fromkeys(found))

    def _query(self, text: str) -> Any:
        answer = self._get("/api/v1/query", query=text, limit="20", nocache="1")
        return answer.get("result") if isinstance(answer, dict) else None

    def _get(self, path: str, **params: str) -> Any:
        try:
            answer = self._session.get(self._base + path, params=params)
        except SourceError as error:
            self._refused.append(error.message)
            return None
        self._complaints += self._session.complaints
        self._remarks += self._session.remarks
        return answer.json().get("data")


def _number(clock: Any) -> float | None:
    """Return the time in the answer to time(): a scalar, or at VictoriaMetrics a vector of one."""
    with suppress(TypeError, ValueError, IndexError, KeyError):
        return float(clock[0]["value"][1] if isinstance(clock[0], dict) else clock[1])
    return None


def _ahead(clock: float | None, date: str, began: float, ended: float) -> tuple[float, float] | None:
    """Return between which seconds the server is ahead of us, by time() and by the header Date.

    The answer was made between `began` and `ended`, and Date has whole seconds only.
    """
    if clock is not None:
        return clock - ended, clock - began
    with suppress(TypeError, ValueError):
        at = parsedate_to_datetime(date).replace(tzinfo=UTC).timestamp()
        return at - ended, at + 1 - began
    return None


def _labels(one: Any) -> str:
    labels = one.get("metric") if isinstance(one, dict) else None
    return printable(json.dumps(labels, ensure_ascii=True), 120)


def examine_server(source: str, place: str, said: Answers, shortest: timedelta) -> Iterator[Check]:
    """Yield the checks of a server; `shortest` is the shortest window judged on it."""
    yield _version(source, place, said)
    yield skewed(source, said.ahead, shortest)
    ident, title = f"server:{source}:answers", f"Warnings of {source}"
    if said.complaints:
        detail = f"it says of its own answers: {'; '.join(said.complaints)}"
        yield Check(ident, State.FAIL, title, detail, "see the log of Prometheus and of the stores behind it")
    elif said.refused:
        yield Check(ident, State.WARN, title, said.refused[0])
    elif said.remarks:
        yield Check(ident, State.WARN, title, f"it notes: {'; '.join(said.remarks)}")
    else:
        yield Check(ident, State.PASS, title, "answers are whole, and nothing is noted beside them")
    if said.doubled:
        ident, title = f"doubled:{source}", f"Ambiguous targets of {source}"
        detail = (
            f"several series up have the same job and instance: {listed(list(said.doubled))}; which scrape a "
            "histogram came with cannot be told"
        )
        fix = "honor_labels: false\n# or an external label of its own for each federated Prometheus"
        yield Check(ident, State.WARN, title, detail, fix)


def _version(source: str, place: str, said: Answers) -> Check:
    ident, title = f"server:{source}", f"What answers for {source}"
    if said.victoria:
        detail = (
            f"VictoriaMetrics at {place}: it holds back the newest {HIDDEN:g} s, so everything is seen "
            f"{HIDDEN:g} s late"
        )
        fix = "-search.latencyOffset=5s"
        return Check(ident, State.WARN, title, detail, fix)
    if not said.version:
        return Check(ident, State.CANNOT_CHECK, title, f"the server at {place} does not tell its version")
    try:
        number = tuple(int(word) for word in said.version.split("-")[0].split(".")[:2])
    except ValueError:
        return Check(ident, State.PASS, title, f"{said.version} at {place}")
    if number < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        detail = f"Prometheus {said.version} at {place}; older than {oldest}, with which nothing was tried"
        return Check(ident, State.WARN, title, detail, "update Prometheus")
    return Check(ident, State.PASS, title, f"Prometheus {said.version} at {place}")
