"""The faults by name: what each does in words, where it shows, and when it is switched on and off."""

import asyncio
import difflib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import psycopg
from redis.exceptions import RedisError

from demo import cache_effects, effects
from demo.effects import Servers
from demo.errors import DemoError, OptionError


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `hold` makes the context in which it is on.

    `shows` is where to look for it, unless alerts tell of it: no promise is broken by it, and none is blind.
    """

    name: str
    does: str
    hold: Callable[[Servers], AbstractAsyncContextManager[None]]
    shows: str = ""

    @property
    def says(self) -> str:
        """What it does, and where it shows."""
        return f"{self.does} No alert tells of it: it shows {self.shows}." if self.shows else self.does


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("slow-login", "every login takes 0.6 to 0.9 s.", effects.erp_switch("slow_login")),
        Fault(
            "missing-index",
            "the guide's indexes on transactions are dropped, and queries read the whole table.",
            effects.missing_index,
        ),
        Fault(
            "n-plus-one",
            "the booking list asks one by one for each booking's tasks, who does them, and what was paid.",
            effects.erp_switch("n_plus_one"),
        ),
        Fault(
            "offset-pagination",
            "the transaction list sorts all by name and skips to a deep OFFSET.",
            effects.erp_switch("offset_pagination"),
        ),
        Fault(
            "pool-exhaustion",
            "connections are held idle in transaction until more than 90 % are in use.",
            effects.pool_exhaustion,
        ),
        Fault(
            "redis-full",
            "Redis is full up to maxmemory and, with policy noeviction, refuses to store.",
            effects.redis_full,
        ),
        Fault(
            "cache-flush",
            "everything cached is thrown away every second.",
            effects.cache_flush,
            "in the hit rate on the dashboard's page Cache",
        ),
        Fault(
            "milliseconds",
            "the ERP records milliseconds into http_request_duration_seconds.",
            effects.erp_switch("milliseconds"),
        ),
        Fault(
            "raw-urls",
            "the ERP records requests under their raw addresses, ids and all, instead of their routes.",
            effects.erp_switch("raw_urls"),
        ),
        Fault(
            "label-mismatch",
            "db_query_duration_seconds is observed with a label that was not declared, and counts nothing.",
            effects.erp_switch("label_mismatch"),
            "in `headroom doctor`",
        ),
        Fault(
            "failures-untimed",
            "one request in ten fails with 503, and the ERP times only those that complete.",
            effects.erp_switch("failures_untimed"),
        ),
        Fault(
            "redis-limit",
            "Redis may grow to twice the memory of its container before it evicts anything.",
            effects.redis_limit,
            "in `headroom doctor`",
        ),
        Fault(
            "wrong-ttl",
            "reports are cached for ever, and others for 1000 hours, instead of one hour.",
            cache_effects.wrong_ttl,
            "in `headroom audit`",
        ),
        Fault(
            "cache-thrash",
            "many times more is looked up than fits into Redis, which throws away what is asked for next.",
            cache_effects.cache_thrash,
        ),
        Fault("hang-redis", "Redis is stopped (SIGSTOP) and answers nobody.", effects.hang_redis),
    )
}


def find_fault(name: str) -> Fault:
    """Returns the fault of this name.

    Raises:
        OptionError: there is none; the message names the nearest and all of them.
    """
    if name in FAULTS:
        return FAULTS[name]
    nearest = difflib.get_close_matches(name, FAULTS, n=1, cutoff=0)[0]
    raise OptionError(
        f"There is no fault {name!r}; did you mean {nearest}? The faults are: {', '.join(FAULTS)}."
    )


async def switch(
    fault: Fault, servers: Servers, after: float, seconds: float, say: Callable[[str], None]
) -> None:
    """Waits `after` s, holds the fault for `seconds` s and says both switches.

    Raises:
        DemoError: it could not be switched on or off.
    """
    await asyncio.sleep(after)
    try:
        async with fault.hold(servers):
            say(f"Fault {fault.name} is on for {seconds:g} s: {fault.says}")
            await asyncio.sleep(seconds)
    except (psycopg.Error, RedisError, OSError) as error:
        raise DemoError(f"The fault {fault.name} could not be switched: {error!r}") from error
    say(f"Fault {fault.name} is off.")
