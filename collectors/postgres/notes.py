"""What a person should know of one interval of pg_stat_statements as a whole: what is not in its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from collectors.postgres.moved import Moved
from collectors.postgres.snapshot import PostgresSnapshot, Statements
from collectors.postgres.statements import MOST_ENTRIES

_NAMED = 3  # databases in one sentence


def notes(
    found: Moved, before: PostgresSnapshot, after: PostgresSnapshot, old: Statements, new: Statements
) -> Iterator[str]:
    """Return one sentence for each thing that is so."""
    yield from _unclassified(found)
    if new.texts:
        yield new.texts
    if after.standby:
        yield "this server is a standby: what ran on its primary is not in these figures"
    if found.reset is not None:
        yield _reset(found, before, after)
    if wiped := found.wiped.total():
        yield (
            f"{wiped} entries of pg_stat_statements were reset one by one{_of(found.wiped, new.databases)}, "
            "which Headroom never does; what they counted since the last reading is lost"
        )
    if not new.nesting:
        yield (
            "pg_stat_statements before 1.9 does not tell nested statements from top-level ones and counts "
            "both where pg_stat_statements.track is all; ALTER EXTENSION pg_stat_statements UPDATE mends it"
        )
    evicted = 0 if old.evictions is None or new.evictions is None else new.evictions[1] - old.evictions[0]
    if evicted > 0:
        yield (
            f"pg_stat_statements threw entries away {evicted} times in this "
            "interval, and what they did last is lost; raise pg_stat_statements.max"
        )
    if not (old.complete and new.complete):
        yield f"pg_stat_statements holds more than {MOST_ENTRIES:,} entries; the rest is not read"
    if new.unreadable:
        name = after.role.replace('"', '""')
        yield (
            f"{new.unreadable} entries of other roles cannot be read and are in no figure: "
            f'GRANT pg_read_all_stats TO "{name}";'
        )
    if found.broken:
        yield f"{found.broken} entries of pg_stat_statements could not be understood and are left out"


def _unclassified(found: Moved) -> Iterator[str]:
    unclassified = [move.change for move in found.moves if not move.label.group]
    if unclassified:
        calls = sum(move.change.n for move in found.moves)
        took = sum(move.change.total for move in found.moves)
        share = sum(one.n for one in unclassified) / calls if calls else 0.0
        time = sum(one.total for one in unclassified) / took if took else 0.0
        yield f"{share:.1%} of the calls and {time:.1%} of the execution time fall in no query class"
    if found.pending:
        yield f"{found.pending} statements are too new to be classified; texts are read about once a minute"


def _reset(found: Moved, before: PostgresSnapshot, after: PostgresSnapshot) -> str:
    """Say who may have reset all counters, and what is lost of it.

    A crash of any process of the server ends all its sessions; one that outlived the reset saw no crash.
    """
    assert found.reset is not None
    if after.started != before.started:
        what = "PostgreSQL restarted without its counters, as after a crash, so that they began again"
    elif after.backend == before.backend:
        what = "another tool or person reset pg_stat_statements"
    else:
        what = "pg_stat_statements was reset by another tool or person, or wiped by a crash of the server,"
    seconds = (found.reset - before.at).total_seconds()
    lost = f"what the {seconds:.0f} s before that held is lost" if seconds > 0 else "what it held is lost"
    return f"{what} at {found.reset:%H:%M:%S} UTC; {lost}"


def _of(databases: Counter[int], names: Mapping[int, str]) -> str:
    known = [names.get(number, str(number)) for number, _ in databases.most_common(_NAMED)]
    more = len(databases) - len(known)
    return f" (database {', '.join(known)}{f' and {more} more' if more > 0 else ''})"
