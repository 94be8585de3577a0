"""A scraped application with many routes, as a process of its own: `python -m bench.application PORT`.

What it counts changes between scrapes, as it does where there is traffic.
"""

from __future__ import annotations

import random
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import accumulate, chain

METRIC = "http_request_duration_seconds"
BOUNDS = ("0.01", "0.05", "0.1", "0.2", "0.5", "1", "5", "+Inf")
"""The guide's buckets and one more: eight series for each label set, and its sum and count."""
THINGS = 113
REQUESTS = (
    ("POST", "/auth/login"),
    *(("POST", f"/files/kind-{name}") for name in range(29)),
    *(("GET", f"/reports/{name}") for name in range(30)),
    *(("GET", f"/things-{name}") for name in range(THINGS)),
    *(("GET", f"/things-{name}/:id") for name in range(THINGS)),
    *((method, f"/things-{name}/:id") for method in ("POST", "PUT", "DELETE") for name in range(THINGS)),
)
"""625 label sets: with two instances 10,000 bucket series."""

_HEADS = [f'method="{method}",path="{path}",status="200"' for method, path in REQUESTS]
_LINES = "".join(
    "".join(f'{METRIC}_bucket{{{labels},le="{bound}"}} %d\n' for bound in BOUNDS)
    + f"{METRIC}_count{{{labels}}} %d\n{METRIC}_sum{{{labels}}} %.6f\n"
    for labels in _HEADS
)
_CHANCES = (5, 20, 40, 20, 9, 4, 2, 0)


def main() -> None:
    """Serve until the process is ended."""
    counts = [[0] * len(BOUNDS) for _ in REQUESTS]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            for mine in counts:
                for bucket in random.choices(range(len(BOUNDS)), _CHANCES, k=3):
                    mine[bucket] += 1
            figures = chain.from_iterable(
                (*upto, upto[-1], 0.1 * upto[-1]) for upto in ([*accumulate(mine)] for mine in counts)
            )
            body = (f"# TYPE {METRIC} histogram\n" + _LINES % tuple(figures)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
