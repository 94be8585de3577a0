"""10,000 distinct statements, more than pg_stat_statements holds: what is thrown away must not look fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice, product

import psycopg
import pytest

from headroom.budgets import Outcome
from headroom.judge import events
from headroom.sources import QueryClass, QueryRules
from tests.collectors_postgres.asking import collecting, part, statements
from tests.collectors_postgres.server import Server
from tests.truth.told import LOGGED, contradictions, denied, ran
from tests.truth.watching import Watch, of

Start = Callable[..., Server]
RULES = QueryRules((QueryClass("lookup", ("from tasks",)),))
LIMIT = 0.002
EVERY = 500
"""Statements between two polls."""


def distinct() -> Iterator[str]:
    """Yield terms that make statements distinct: constants do not."""
    for signs in product("+-*", repeat=10):
        yield "id" + "".join(f" {sign} id" for sign in signs)


def slow(term: str) -> str:
    """Return a statement that takes about four milliseconds."""
    return f"SELECT {term}, pg_sleep(0.004) FROM tasks WHERE id = 1"


def fast(term: str) -> str:
    """Return a statement that takes a few microseconds."""
    return f"SELECT {term} FROM tasks WHERE id = 1"


@pytest.mark.parametrize(
    ("name", "most", "major", "extension"),
    [
        ("all distinct", 1000, 15, ""),
        ("slow ones are distinct", 100, 15, ""),
        ("fast ones are distinct", 100, 18, ""),
        ("slow ones are distinct", 100, 13, ""),
        ("slow ones are distinct", 100, 17, " VERSION '1.8'"),
    ],
)
async def test_eviction(start: Start, name: str, most: int, major: int, extension: str) -> None:
    """Whichever kind is thrown away, no interval and no verdict says what the log denies."""
    server = start(major, **LOGGED, pg_stat_statements__max=str(most))
    server.run(
        f"CREATE EXTENSION pg_stat_statements{extension}",
        "CREATE TABLE tasks (id int PRIMARY KEY)",
        "INSERT INTO tasks VALUES (1)",
    )
    terms = distinct()
    async with collecting(server.url, {statements("lookup"): (LIMIT,)}, RULES) as collector:
        watch = Watch(collector)
        with psycopg.connect(server.url, autocommit=True, prepare_threshold=None) as connection:
            for _ in range(3):
                connection.execute(fast("id"))
                connection.execute(slow("id"))
            await watch.poll()
            await watch.poll()
            known = since = len(ran(server))
            count = 10_000 if name == "all distinct" else 5_000
            for _ in range(count // EVERY):
                for number, term in enumerate(islice(terms, EVERY)):
                    late = number % 12 == 0  # 8.3 %
                    keep = name != "all distinct" and late == name.startswith("fast")
                    connection.execute((slow if late else fast)("id" if keep else term))
                reading = await watch.poll()
                everything = ran(server)
                truth = [one.seconds for one in everything[known:] if "FROM tasks" in one.text]
                known = len(everything)
                (found,) = of(reading, statements("lookup").key)
                assert contradictions(part(reading, statements("lookup")), truth, whole=False) == []
                told = {one.quality: events([one]) for one in found.parts}
                assert sum(told.values()) >= len(truth), told  # what is not counted is said to be lost
                truth = [one.seconds for one in everything[since:] if "FROM tasks" in one.text]
                verdict = watch.verdict(statements("lookup"), LIMIT)
                assert denied(verdict, truth) == "", verdict.detail
    assert verdict.outcome is Outcome.UNDECIDED
    words = "before extension 1.9" if major == 13 or extension else "threw entries away"
    assert any(words in note for note in reading.notes), reading.notes


@pytest.mark.parametrize("major", [14, 18])
async def test_eviction_behind_a_reset(start: Start, major: int) -> None:
    """A reset begins the count of evictions anew; what was thrown away since then is not forgotten."""
    server = start(major, **LOGGED, pg_stat_statements__max="100")
    server.run(
        "CREATE EXTENSION pg_stat_statements",
        "CREATE TABLE tasks (id int PRIMARY KEY)",
        "INSERT INTO tasks VALUES (1)",
    )
    terms = list(islice(distinct(), 600))
    async with collecting(server.url, {statements("lookup"): (LIMIT,)}, RULES) as collector:
        watch = Watch(collector)
        with psycopg.connect(server.url, autocommit=True, prepare_threshold=None) as connection:
            for term in terms[:300]:
                connection.execute(fast(term))
            await watch.poll()
            connection.execute("SELECT pg_stat_statements_reset()")
            known = len(ran(server))
            for term in terms[300:]:
                connection.execute(slow(term))
                for _ in range(5):
                    connection.execute(fast("id"))
            await watch.poll()
            truth = [one.seconds for one in ran(server)[known:] if "FROM tasks" in one.text]
    verdict = watch.verdict(statements("lookup"), LIMIT)

    assert denied(verdict, truth) == "", verdict.detail
    assert verdict.outcome is Outcome.UNDECIDED, verdict.detail
