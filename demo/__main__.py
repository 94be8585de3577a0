"""The command `python -m demo`: the sample ERP on servers of its own, until it is told to stop."""

import argparse
import asyncio
import logging
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from demo.errors import DemoError
from demo.faults import FAULTS, find_fault
from demo.run import Options, run

LONGEST_SECONDS = 7 * 24 * 3600.0


def main() -> int:
    """Runs the command and returns its exit code: 0, 1 failed, 2 usage, 3 a server is not installed."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s demo: %(message)s")
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells of every connection
    arguments = parse(sys.argv[1:])
    if arguments.list_faults:
        for name, known in FAULTS.items():
            print(f"{name:18} {known.says}")
        return 0
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]  # PGSSLMODE and its like would change how the demo reaches its own server
    try:
        faults = tuple(find_fault(name) for name in arguments.fault)
        options = Options(arguments.dir.resolve(), faults, arguments.fault_after, arguments.fault_for)
        asyncio.run(run(options))
    except DemoError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def parse(words: Sequence[str]) -> argparse.Namespace:
    """Reads the command line; wrong usage ends the process with 2 and a sentence on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="The sample ERP with PostgreSQL, Redis and Prometheus of its own on loopback ports.",
    )
    parser.add_argument("--dir", type=Path, help="an empty folder for data, logs and servers.json")
    parser.add_argument(
        "--fault",
        metavar="NAME",
        action="append",
        default=[],
        help="a fault to switch on, see --list-faults; given again, the next one after it",
    )
    parser.add_argument(
        "--fault-after", type=_seconds, default=60.0, metavar="S", help="seconds until it is switched on (60)"
    )
    parser.add_argument(
        "--fault-for", type=_seconds, default=75.0, metavar="S", help="seconds until it is off again (75)"
    )
    parser.add_argument("--list-faults", action="store_true", help="print the faults and end")
    arguments = parser.parse_args(words)
    if arguments.dir is None and not arguments.list_faults:
        parser.error("--dir is needed: an empty folder for data, logs and servers.json")
    return arguments


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from 0 to {LONGEST_SECONDS:g}")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
