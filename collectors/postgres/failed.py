"""Transactions and sessions that did not end well, of which pg_stat_statements tells nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collectors.postgres.activity import Activity, Endings
from collectors.postgres.moved import Move
from collectors.postgres.snapshot import Fault
from headroom.budgets import Unit
from headroom.units import format_value

_NOTHING = Endings(0.0, 0, 0, 0, 0, 0, 0, 0, 0)


def since(before: Activity, after: Activity) -> Endings:
    """Return what was counted between two looks, in all databases whose counters did not begin again."""
    total = _NOTHING
    for database, now in after.endings.items():
        then = before.endings.get(database)
        if then is None or then.reset != now.reset:
            continue
        more = [new - old for old, new in zip(then[1:], now[1:], strict=True)]
        if min(more) >= 0:
            total = Endings(0.0, *(old + new for old, new in zip(total[1:], more, strict=True)))
    return total


def notes(
    before: Activity | Fault | None, after: Activity | Fault | None, moves: Iterable[Move]
) -> Iterator[str]:
    """Yield what is in no budget's figures; `moves` are what the statements did, some of them ROLLBACK."""
    if not isinstance(before, Activity) or not isinstance(after, Activity):
        return
    ended = since(before, after)
    rollbacks = sum(move.change.n for move in moves if move.label.fingerprint in after.rollbacks)
    if ended.rolled_back:
        yield _rolled_back(ended.rolled_back, rollbacks)
    causes = {
        "deadlock{}": ended.deadlocks,
        "conflict{} with recovery": ended.conflicts,
        "session{} abandoned by the client": ended.abandoned,
        "session{} ended by a fatal error": ended.fatal,
        "session{} killed": ended.killed,
    }
    told = [_counted(count, cause) for cause, count in causes.items() if count]
    if told:
        yield f"in this interval there {'was' if told[0].startswith('1 ') else 'were'} {', '.join(told)}"
    if ended.temporary_files:
        size = format_value(float(ended.temporary_bytes), Unit.BYTES)
        files = _counted(ended.temporary_files, f"temporary file{{}} of {size}")
        yield f"{files} {'was' if ended.temporary_files == 1 else 'were'} written: work_mem was too small"


def unseen(before: Activity | Fault | None, after: Activity | Fault | None, moves: Iterable[Move]) -> str:
    """Return what a verdict should say of rollbacks that nobody asked for; empty for none."""
    if not isinstance(before, Activity) or not isinstance(after, Activity):
        return ""
    asked = sum(move.change.n for move in moves if move.label.fingerprint in after.rollbacks)
    count = since(before, after).rolled_back - asked
    if count <= 0:
        return ""
    were = "transactions were" if count > 1 else "transaction was"
    return f"{count:,} {were} rolled back without ROLLBACK, and what fails or is cancelled is in no figure"


def _rolled_back(count: int, rollbacks: int) -> str:
    """Say how many were rolled back; an application answers a failure by ROLLBACK, too."""
    were = f"{count:,} transaction{'s were' if count > 1 else ' was'} rolled back"
    if rollbacks:
        were += f", and ROLLBACK was executed {rollbacks:,} time{'s' if rollbacks > 1 else ''}"
        if rollbacks < count:
            were += ": the others failed, were cancelled or lost their client"
    return f"{were}; statements that fail or are cancelled are in no budget's figures"


def _counted(count: int, words: str) -> str:
    return f"{count:,} {words.format('s' if count > 1 else '')}"
