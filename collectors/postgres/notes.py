"""What a person should know of one interval of pg_stat_statements as a whole: what is not in its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from collectors.postgres.evicted import at_most, times
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
            f"{_entries(wiped)} of pg_stat_statements {'was' if wiped == 1 else 'were'} reset "
            f"{'by itself' if wiped == 1 else 'one by one'}{_of(found.wiped, new.databases)}, "
            "which Headroom never does; what they counted since the last reading is lost"
        )
    if not new.nesting:
        yield (
            "pg_stat_statements before 1.9 does not tell nested statements from top-level ones and counts "
            "both where pg_stat_statements.track is all; ALTER EXTENSION pg_stat_statements UPDATE mends it"
        )
    yield from _evictions(old, new)
    yield from _untracked(new)
    yield from _elsewhere(found, after, new)
    if not (old.complete and new.complete):
        yield f"pg_stat_statements holds more than {MOST_ENTRIES:,} entries; the rest is not read"
    if new.unreadable:
        name = after.role.replace('"', '""')
        yield (
            f"{_entries(new.unreadable)} of other roles cannot be read and "
            f"{'is' if new.unreadable == 1 else 'are'} in no figure: "
            f'GRANT pg_read_all_stats TO "{name}";'
        )
    if found.broken:
        left = "is left out" if found.broken == 1 else "are left out"
        yield f"{_entries(found.broken)} of pg_stat_statements could not be understood and {left}"


def _untracked(new: Statements) -> Iterator[str]:
    """Say for whom the server counts nothing: an idle class may be a busy one there."""
    for database, role in new.untracked[:_NAMED]:
        whose = f"role {new.roles.get(role, str(role))}" if role else "any role"
        where = f" in database {new.databases.get(database, str(database))}" if database else ""
        yield (
            f"what {whose} runs{where} is counted nowhere: pg_stat_statements.track = none or "
            "compute_query_id = off is set there; RESET it by ALTER ROLE or ALTER DATABASE"
        )


def _elsewhere(found: Moved, after: PostgresSnapshot, new: Statements) -> Iterator[str]:
    """Say where most calls are, if not in the database whose keys can be read."""
    calls: Counter[int] = Counter()
    for move in found.moves:
        calls[move.database] += move.change.n
    if not calls or not after.database:
        return
    (most, count), whole = calls.most_common(1)[0], calls.total()
    name = new.databases.get(most, str(most))
    if name != after.database and count > whole / 2:
        yield (
            f"{count / whole:.0%} of the calls are in database {name}, whose keys cannot be read from "
            f"{after.database}: let the URL end in /{name}, or its look-ups are told by the names of columns"
        )


def _evictions(old: Statements, new: Statements) -> Iterator[str]:
    evicted = times(old, new)
    if evicted is not None:
        if evicted > 0:
            yield (
                f"pg_stat_statements threw entries away {evicted} time{'' if evicted == 1 else 's'} in this "
                "interval, and what they did last is lost; raise pg_stat_statements.max"
            )
    elif old.complete and new.complete and at_most(old, new):
        yield (
            "pg_stat_statements is full, or was, and before extension 1.9 does not tell what it throws away; "
            "raise pg_stat_statements.max, and ALTER EXTENSION pg_stat_statements UPDATE"
        )


def _unclassified(found: Moved) -> Iterator[str]:
    unclassified = [move.change for move in found.moves if not move.label.group]
    if unclassified:
        calls = sum(move.change.n for move in found.moves)
        took = sum(move.change.total for move in found.moves)
        share = sum(one.n for one in unclassified) / calls if calls else 0.0
        time = sum(one.total for one in unclassified) / took if took else 0.0
        yield f"{share:.1%} of the calls and {time:.1%} of the execution time fall in no query class"
    if found.pending:
        new = "1 statement is" if found.pending == 1 else f"{found.pending} statements are"
        yield f"{new} too new to be classified; texts are read about once a minute"


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


def _entries(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"


def _of(databases: Counter[int], names: Mapping[int, str]) -> str:
    known = [names.get(number, str(number)) for number, _ in databases.most_common(_NAMED)]
    more = len(databases) - len(known)
    return f" (database {', '.join(known)}{f' and {more} more' if more > 0 else ''})"
