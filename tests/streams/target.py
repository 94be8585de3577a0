"""A process that serves the streams: it counts them in histograms, restarts, and knows the truth.

A scrape is a step: what a stream does between two scrapes is drawn beforehand, so the same seed gives the
same requests however busy the machine is.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tests.streams.stream import GOOD, GUIDE, Drawn, Stream

METRICS = {
    "the guide's": ("streams_guide_seconds", GUIDE, GUIDE),
    "good": ("streams_good_seconds", GOOD, GOOD),
    "changing": ("streams_changing_seconds", GUIDE, GOOD),
}
"""The same requests in three histograms: name, buckets at first, and buckets after a restart."""
STEP = "streams_step"
"""The gauge that tells which step a scrape saw."""


class Target:
    """One instance behind one address.

    At a step of `restarts` it is scraped just after a restart, before it has counted anything: what that step
    brought is lost, and no label set is given.

    Attributes:
        restarts: ascending.
        scraped: the number of scrapes so far.
    """

    def __init__(
        self, streams: Sequence[Stream], drawn: Sequence[Drawn], instance: int, restarts: Sequence[int]
    ) -> None:
        self._streams = streams
        self._counts = _summed(np.stack([one.counts[:, instance] for one in drawn]))
        self._over = _summed(np.stack([one.over[:, instance] for one in drawn]))
        self._seconds = _summed(np.stack([one.seconds[:, instance] for one in drawn]))
        self.restarts = restarts
        self.scraped = 0
        self._started = [time.time()]
        self._lock = threading.Lock()
        self._heads: dict[tuple[str, int], list[list[str]]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def truth(self, before: int, after: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return, per stream, the requests between two steps and those over each threshold.

        Those that the newest sample of the stream can account for: across a restart they are what the new
        process has counted, or, until it counts the first, what the old one had at its last scrape.
        """
        n = self._counts.sum(axis=-1)
        if self._life(before) == self._life(after):
            return n[:, after] - n[:, before], self._over[:, after] - self._over[:, before]
        birth = self._birth(after)
        last = max(before, birth - 1)
        anew = n[:, after] > n[:, birth]
        since, until = np.where(anew, birth, before), np.where(anew, after, last)
        every = np.arange(len(n))
        return n[every, until] - n[every, since], self._over[every, until] - self._over[every, since]

    def exposition(self) -> str:
        """Take the next step, and return what a scrape then sees."""
        with self._lock:
            self.scraped = min(self.scraped + 1, self._counts.shape[1] - 1)
            step, life = self.scraped, self._life(self.scraped)
            while len(self._started) <= life:
                self._started.append(time.time())
            lines = [
                "# TYPE process_start_time_seconds gauge",
                f"process_start_time_seconds {self._started[life]!r}",
                f"# TYPE {STEP} gauge",
                f"{STEP} {step}",
            ]
            for buckets in METRICS:
                lines += self._histogram(buckets, step, life)
            return "\n".join(lines) + "\n"

    def _histogram(self, buckets: str, step: int, life: int) -> Iterator[str]:
        birth = self._birth(step)
        name, *layouts = METRICS[buckets]
        bounds = layouts[min(life, 1)]
        yield f"# TYPE {name} histogram"
        upto = (self._counts[:, step] - self._counts[:, birth]).cumsum(axis=-1)
        shown = upto[:, [*(GOOD.index(bound) for bound in bounds), len(GOOD)]].tolist()
        sums = (self._seconds[:, step] - self._seconds[:, birth]).tolist()
        for heads, counts, total in zip(self._named(name, bounds), shown, sums, strict=True):
            if counts[-1]:  # a client library knows a label set from its first request on
                yield from (f"{head} {count}" for head, count in zip(heads, counts, strict=False))
                yield f"{heads[-2]} {counts[-1]}"
                yield f"{heads[-1]} {total!r}"

    def _named(self, name: str, bounds: Sequence[float]) -> list[list[str]]:
        key = name, len(bounds)
        if key not in self._heads:
            spelled = [*(f"{bound:g}" for bound in bounds), "+Inf"]
            self._heads[key] = []
            for stream in self._streams:
                labels = f'method="GET",path="{stream.path}",status="200"'
                heads = [f'{name}_bucket{{{labels},le="{le}"}}' for le in spelled]
                self._heads[key].append([*heads, f"{name}_count{{{labels}}}", f"{name}_sum{{{labels}}}"])
        return self._heads[key]

    def _life(self, step: int) -> int:
        return bisect_right(self.restarts, step)

    def _birth(self, step: int) -> int:
        """Return the step at which the process of a step had counted nothing."""
        life = self._life(step)
        return self.restarts[life - 1] if life else 0


def _summed(each: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the totals up to every step; at step 0 nothing was counted yet."""
    return np.concatenate([np.zeros_like(each[:, :1]), each.cumsum(axis=1)], axis=1)


def _handler(target: Target) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = target.exposition().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # a busy machine: Prometheus no longer waits for it
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
