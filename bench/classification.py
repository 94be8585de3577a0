"""The classes of 5,000 new texts: parse, label, redact and traits, as they are learnt once."""

from __future__ import annotations

import asyncio
import statistics
import time

from collectors.postgres.classify import Classifier, Runner
from collectors.postgres.lookup import Sight
from collectors.postgres.parsing import Parser, Shape
from collectors.postgres.redaction import redacted
from collectors.postgres.traits import traits
from headroom.sources import QueryClass, QueryRules

TEXTS = 5_000
TURNS = 3
AIM = 3.0
_TABLES = ("tenants", "users", "bookings", "tasks", "transactions", "audit_logs")


def texts() -> list[str]:
    """Return distinct texts as ORMs write them: joined lists, inserts, and groups."""
    found = []
    for number in range(TEXTS):
        table, alias = _TABLES[number % len(_TABLES)], f"t{number}"
        found.append(
            (
                (
                    f'SELECT "{alias}"."id" AS "{alias}_id", "{alias}"."name", "{alias}"."created_at", '
                    f'"{alias}"."tenant_id" FROM "{table}" "{alias}" LEFT JOIN "tasks" "x" '
                    f'ON "x"."booking_id" = "{alias}"."id" WHERE "{alias}"."tenant_id" = $1 '
                    f'AND "{alias}"."is_deleted" = $2 '
                    f'ORDER BY "{alias}"."created_at" DESC LIMIT $3 OFFSET $4'
                ),
                f"INSERT INTO {table} (tenant_id, name, {alias}, b, c) VALUES ($1,$2,$3,$4,$5) RETURNING id",
                (
                    f"SELECT date_trunc($1, created_at) AS {alias}, count(*), sum(amount) FROM {table} "
                    f"WHERE tenant_id = $2 GROUP BY {alias} HAVING sum(amount) > $3 ORDER BY 2 DESC"
                ),
            )[number % 3]
        )
    return found


async def measure() -> None:
    """Print the seconds that it takes, the child process among them."""
    work, took, parsed = texts(), [], []
    classifier, sight = Classifier(QueryRules((QueryClass("lookup"),))), Sight(None, "no catalogue was asked")
    for _ in range(TURNS):
        begun = time.perf_counter()
        shapes = await Parser().shapes(work)
        parsed.append(time.perf_counter() - begun)
        for text, shape in zip(work, shapes, strict=True):
            assert isinstance(shape, Shape)
            classifier.label(text, shape, sight, Runner())
            redacted(text)
            traits(shape)
        took.append(time.perf_counter() - begun)
    print(
        f"{TEXTS:,} texts: {statistics.median(took):.2f} s in all (aim <= {AIM:g} s), "
        f"{statistics.median(parsed):.2f} s of it in the child that parses"
    )


if __name__ == "__main__":
    asyncio.run(measure())
