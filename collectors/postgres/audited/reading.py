"""Adds to the facts of a catalogue what the server is set to, who is connected, and what it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from collectors.postgres.audited.server import read_server
from collectors.postgres.audited.texts import Texts
from collectors.postgres.audited.workload import read_workload
from headroom.audit.facts import Facts
from headroom.observation import SourceError
from headroom.sources import Source


async def completed(
    facts: Facts,
    source: Source,
    *,
    readings: int = 3,
    apart: float = 5.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Facts:
    """Return the facts with server and workload; what could not be read is said in `skipped`.

    It takes `readings` - 1 times `apart` seconds, in which the server is asked nothing.
    """
    skipped = list(facts.skipped)
    server = workload = None
    texts = Texts()
    try:
        server = await read_server(source)
        skipped += server.why
    except SourceError as error:
        skipped.append(f"settings and sessions were not read: {error.message}")
    try:
        workload = await read_workload(source, texts, readings=readings, apart=apart, sleep=sleep)
    except SourceError as error:
        skipped.append(f"the statements were not read: {error.message}")
    if texts.why:
        skipped.append(texts.why)
    return replace(facts, server=server, workload=workload, skipped=tuple(skipped))
