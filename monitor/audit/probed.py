"""What an audit on the command line looked up in a Redis, told to the process that collects after it."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

from headroom.audit.finding import Finding
from headroom.checks import State
from headroom.config import Config
from headroom.history import Action, History, HistoryError, open_history
from headroom.history.actions import PROBED
from headroom.sources import Source

PERSON = "headroom"


def note(config: Config, source: Source) -> tuple[Finding, ...]:
    """Append what this process looked up at a source; return what is to be told where that failed.

    Without a history there is no reading that a later one could be compared with.
    """
    from collectors.redis.own import ledger  # noqa: PLC0415 the driver is loaded where a source needs it

    own = ledger(source.name)
    if not own.hits + own.misses:
        return ()
    counts = {"commands": own.commands, "hits": own.hits, "misses": own.misses}
    body = {"source": source.name, **{name: str(count) for name, count in counts.items()}}
    try:
        with closing(open_history(config.history, collecting=False)) as history:
            history.act(Action(datetime.now(UTC), PERSON, PROBED, body))
    except HistoryError as error:
        if str(error).endswith("start `headroom run`"):
            return ()
        found = (
            f"{own.hits + own.misses:,} look-ups of this audit could not be noted, so that the next "
            f"collecting process takes them for the application's: {error}"
        )
        return (Finding("history", (("source", source.name),), State.CANNOT_CHECK, "", found),)
    return ()


def spoiled(history: History) -> set[str]:
    """Return the sources whose counters hold look-ups of an audit that came after their last good poll.

    What their counters rose by since then is no longer the application's alone.
    """
    last = history.last_ok()
    return {
        name
        for one in history.actions((PROBED,))
        if (name := one.body.get("source", "")) in last and one.at >= last[name]
    }
