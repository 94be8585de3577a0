"""Runs every benchmark and prints what came of it; most on the servers of one demo."""

from __future__ import annotations

import asyncio
import platform

from bench import alerts, classification, cycles, fan_out, polls, redis_polls, series, statements
from bench.servers import demo


def main() -> None:
    """Start the servers, measure, stop."""
    print(
        f"Python {platform.python_version()}, {platform.machine()}; CPU milliseconds are this process's own"
    )
    with demo() as servers:
        polls.fill_statements(servers, 2000)
        print("\nCPU per poll: fetch, difference and dump, beside a raw client that does the same read")
        asyncio.run(polls.measure(servers))
        print("\nThe collecting process of the demo, three sources every 5 s")
        cycles.measure(servers)
    print("\nA poll of a Redis: fetch, difference and dump")
    asyncio.run(redis_polls.measure())
    print("\nMany sources in one collecting process, each polled every 15 s")
    fan_out.measure()
    print(f"\nA poll of {statements.STATEMENTS:,} statements of PostgreSQL: fetch, difference and dump")
    statements.measure()
    print("\nNew statements, classed once")
    asyncio.run(classification.measure())
    print("\nA poll of many series, beside Prometheus evaluating histogram_quantile for the same classes")
    series.measure()
    print("\nFrom the jump of a Redis' memory to the webhook, beside Prometheus with Alertmanager, every 5 s")
    alerts.measure()


main()
