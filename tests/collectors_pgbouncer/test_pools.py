"""Pools of a real PgBouncer: in use, full, waited for, without a limit, and not there."""

from __future__ import annotations

import asyncio
import threading

from headroom.budgets import Reason
from headroom.observation import Absence, Series

from .asking import absence, measure, polled, told
from .conftest import Start


async def test_servers_in_use_are_a_share_of_the_pool(start: Start) -> None:
    """Two transactions take two of the three server connections of their pool."""
    pooler = start()
    held = [pooler.client(), pooler.client()]
    reading = await polled(pooler.url_of(), measure())
    for client in held:
        client.close()

    assert told(reading, measure()) == (2 / 3, "pool erp/postgres: 2 of 3 (pool_size)")
    assert (reading.absences, reading.notes) == ((), ())


async def test_a_pool_for_which_clients_wait_is_full(start: Start) -> None:
    """A client that waits is told with how long the first of them has waited, and the share is 100 %."""
    pooler = start()
    held = [pooler.client() for _ in range(3)]
    waiting = threading.Thread(target=lambda: pooler.client().close())
    waiting.start()
    await asyncio.sleep(1.3)
    reading = await polled(pooler.url_of(), measure())
    for client in held:
        client.close()
    waiting.join(10)

    share, detail = told(reading, measure())
    assert share == 1
    first, _, waits = detail.partition("; ")
    assert first == "pool erp/postgres: 3 of 3 (pool_size)"
    assert waits.startswith("1 client waits, the first for 1.")


async def test_the_worst_pool_is_named_and_each_is_recorded(start: Start) -> None:
    """What all pools of a database together may have is a limit of each of them."""
    pooler = start()
    held = [pooler.client("erp"), pooler.client("capped")]
    reading = await polled(pooler.url_of(), measure(), measure(database="erp"))
    for client in held:
        client.close()

    capped = "1 of 2 of all pools of the database (max_db_connections)"
    assert told(reading, measure()) == (0.5, f"pool capped/postgres: {capped}")
    assert told(reading, measure(), database="capped", role="postgres") == (0.5, capped)
    assert told(reading, measure(), database="erp", role="postgres") == (1 / 3, "1 of 3 (pool_size)")
    assert told(reading, measure(database="erp")) == (1 / 3, "pool erp/postgres: 1 of 3 (pool_size)")


async def test_clients_are_a_share_of_what_may_connect(start: Start) -> None:
    """The console's own client counts against max_client_conn, and is named."""
    pooler = start(max_client_conn="8")
    held = [pooler.client() for _ in range(3)]
    reading = await polled(pooler.url_of(), measure("clients"), measure("clients", database="erp"))
    for client in held:
        client.close()

    detail = "4 of 8 clients (max_client_conn), 1 of them at the console, Headroom's own among them"
    assert told(reading, measure("clients")) == (0.5, detail)
    assert told(reading, measure("clients", database="erp")) == (3 / 8, "3 of 8 clients (max_client_conn)")


async def test_what_a_user_may_have_is_a_limit_of_each_of_its_pools(start: Start) -> None:
    """With max_user_connections 2 a pool of 3 is full at two; a pool without a size has this limit, too."""
    pooler = start(max_user_connections="2")
    held = [pooler.client(), pooler.client()]
    alone = await polled(pooler.url_of(), measure())
    for client in held:
        client.close()
    held = [pooler.client("erp"), pooler.client("endless")]
    both = await polled(pooler.url_of(), measure())
    for client in held:
        client.close()

    assert told(alone, measure()) == (1, "pool erp/postgres: 2 of 2 (max_user_connections)")
    detail = "2 of 2 of all pools of the user (max_user_connections)"
    assert told(both, measure(), database="endless", role="postgres") == (1, detail)
    assert told(both, measure(), database="erp", role="postgres") == (1, detail)


async def test_a_reserve_belongs_to_the_pool(start: Start) -> None:
    """Unless reserve_pool_timeout turns it off."""
    for timeout, expected in (
        ("1", (2 / 8, "pool erp/postgres: 2 of 8 (pool_size + reserve_pool_size)")),
        ("0", (2 / 3, "pool erp/postgres: 2 of 3 (pool_size)")),
    ):
        pooler = start(reserve_pool_size="5", reserve_pool_timeout=timeout)
        held = [pooler.client(), pooler.client()]
        reading = await polled(pooler.url_of(), measure())
        for client in held:
            client.close()

        assert told(reading, measure()) == expected


async def test_a_pool_without_a_limit_has_no_share(start: Start) -> None:
    """pool_size 0 is no limit: there is nothing to take a share of."""
    pooler = start()
    held = pooler.client("endless")
    reading = await polled(pooler.url_of(), measure())
    held.close()

    detail = (
        "no pool has a limit: pool_size, max_db_connections and max_user_connections are 0; "
        "set default_pool_size"
    )
    assert absence(reading, measure()) == Absence(Series.of(measure()), Reason.NO_LIMIT, detail)


async def test_what_a_budget_misspells_is_no_empty_pool(start: Start) -> None:
    """A database or a role that is not there is said, and never reads as 0 %."""
    pooler = start()
    held = pooler.client()
    asked = (measure(database="epr"), measure(role="app", database="erp"), measure("clients", role="app"))
    reading = await polled(pooler.url_of(), *asked)
    held.close()

    why = "nobody has used it since PgBouncer started, or the budget misspells it"
    assert [(absence(reading, one).reason, absence(reading, one).detail) for one in asked] == [
        (Reason.NO_DATA, f'PgBouncer has no database "epr": {why}'),
        (Reason.NO_DATA, f"PgBouncer has no pool of role app to database erp: {why}"),
        (Reason.NO_DATA, f"PgBouncer has no pool of role app: {why}"),
    ]


async def test_a_pooler_that_nobody_uses_is_empty(start: Start) -> None:
    """Without any pool nothing is in use."""
    reading = await polled(start().url_of(), measure())

    assert told(reading, measure()) == (0.0, "no pool is open")


async def test_a_paused_database_is_said(start: Start) -> None:
    """Its clients wait because somebody wants them to, which is a different thing to mend."""
    pooler = start()
    pooler.client().close()
    pooler.admin("PAUSE erp")
    waiting = threading.Thread(target=lambda: pooler.client().close())
    waiting.start()
    await asyncio.sleep(0.5)
    reading = await polled(pooler.url_of(), measure())
    pooler.admin("RESUME erp")
    waiting.join(10)

    share, detail = told(reading, measure())
    assert share == 1
    assert detail.endswith("; the database is paused")
    assert reading.notes == ("PgBouncer has paused erp: RESUME ends it",)
