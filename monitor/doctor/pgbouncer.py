"""Checks of one PgBouncer: has every pool a limit, and do the limits leave clients a way through?"""

from __future__ import annotations

from collections.abc import Iterator

from collectors.pgbouncer.snapshot import PgBouncerSnapshot
from headroom.checks import Check, State
from headroom.sources import Source


def examine_pgbouncer(source: Source, seen: PgBouncerSnapshot) -> Iterator[Check]:
    """Yield every check of one PgBouncer."""
    detail = f"PgBouncer {seen.version}"
    yield Check(f"server:{source.name}", State.PASS, f"What answers for {source.name}", detail)
    most = {database.name: database.most for database in seen.databases}
    open_ended = sorted(
        {
            pool.database
            for pool in seen.pools
            if not (pool.size or pool.most_of_user or most.get(pool.database))
        }
    )
    ident, title = f"pools:{source.name}", f"Pools of {source.name}"
    if open_ended:
        detail = f"no limit: {', '.join(open_ended[:5])}; no share can be told of what has no end"
        yield Check(
            ident, State.FAIL, title, detail, "default_pool_size = 20  # in pgbouncer.ini, then RELOAD"
        )
    elif not seen.pools:
        yield Check(
            ident, State.CANNOT_CHECK, title, "no pool is open: nobody has used PgBouncer since it started"
        )
    else:
        yield Check(ident, State.PASS, title, f"{len(seen.pools)} open, each with a limit")
