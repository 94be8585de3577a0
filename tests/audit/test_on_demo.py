"""The demo's faults in the database, as the audit finds them while they are on: each, and no other."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.postgres.audited.reading import completed
from headroom.audit.case import Case
from headroom.audit.finding import Finding
from headroom.audit.rules import POSTGRES
from headroom.checks import State
from headroom.sources import Secret, Source, SourceKind
from monitor.audit.look import read_structure
from tests.demo.running import RunningDemo

_WARMING = 5.0  # seconds of traffic before the reading
_LOOKS = 8
_OF_FAULTS = ("postgres.n_plus_one", "postgres.offset_pagination", "postgres.index.required")


@contextmanager
def _demo(fault: str) -> Iterator[RunningDemo]:
    folder = Path(tempfile.mkdtemp(prefix="headroom-test-audited-"))
    folder.chmod(0o755)
    demo = RunningDemo(folder, "--fault", fault, "--fault-after", "0", "--fault-for", "120")
    try:
        yield demo
    finally:
        demo.close()
        shutil.rmtree(folder)


async def _audited(url: str) -> list[Finding]:
    source = Source("erp-db", SourceKind.POSTGRES, Secret(url), timedelta(seconds=15))
    facts = await completed(await read_structure(source, datetime.now(UTC)), source)
    case = Case(facts)
    assert facts.skipped == ()
    return [finding for rule in POSTGRES for finding in rule(case)]


async def _firm(url: str) -> list[Finding]:
    """Wait until what is found is proved: ratios need traffic, and a busy machine gives less."""
    for _ in range(_LOOKS):
        await asyncio.sleep(_WARMING)
        found = await _audited(url)
        broken = [one for one in found if one.rule in _OF_FAULTS and one.state in (State.FAIL, State.WARN)]
        if broken and all(one.state is State.FAIL for one in broken):
            break
    return broken


@pytest.mark.parametrize(
    ("fault", "rule", "said", "fix"),
    [
        (
            "n-plus-one", "postgres.n_plus_one", "ratio confirmed: ",
            "booking_id = ANY ($1)",
        ),
        (
            "offset-pagination", "postgres.offset_pagination", " calls page by OFFSET; ",
            "sort by plain columns that an index holds instead of an expression",
        ),
        (
            "missing-index", "postgres.index.required", "public.transactions has no such index",
            "CREATE INDEX CONCURRENTLY",
        ),
    ],
)  # fmt: skip
async def test_fault(fault: str, rule: str, said: str, fix: str) -> None:
    """What is wrong is found with its evidence; what is in order, under the same load, is not accused."""
    with _demo(fault) as demo:
        demo.line("READY")
        broken = await _firm(demo.servers["postgres"])

    assert {one.rule for one in broken} == {rule}
    assert [one.found for one in broken if one.state is not State.FAIL or said not in one.found] == []
    assert all(fix in one.fix for one in broken)
